#include "adapters/kafka/node_directory.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/topics.h"
#include "schemas/node_codec.h"

namespace adapters::kafka {

namespace {

using core::Partition;
using processors::NodeAddress;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds interval(100);  // at which the thread looks up from its queue
constexpr std::chrono::milliseconds retry_delay(1'000);

const Partition the_partition(0);  // of the nodes topic: one order for all announcements

}  // namespace

class KafkaNodeDirectory::Implementation {
 public:
  Implementation(const Settings& settings, std::string url, processors::Log& log, processors::Metrics& metrics)
      : settings_(settings),
        url_(std::move(url)),
        topic_name_(topic_name(settings, "nodes")),
        log_(log),
        metrics_(metrics) {}
  ~Implementation() { stop(); }

  core::Result<void> start();
  void stop();

  std::optional<NodeAddress> owner(Partition partition) const;
  void announce(Partition partition, core::Epoch epoch);
  bool wait_until_read(std::chrono::milliseconds timeout) const;

 private:
  void run();
  void take(const rd_kafka_message_t& message);
  void take_record(const rd_kafka_message_t& message);
  void send_announcements();
  void delivered(const rd_kafka_message_t& message);

  const Settings settings_;
  const std::string url_;
  const std::string topic_name_;
  processors::Log& log_;
  processors::Metrics& metrics_;

  mutable std::mutex mutex_;  // of what follows, up to the thread's own
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  bool read_once_ = false;
  std::map<Partition, NodeAddress> owners_;
  std::map<Partition, core::Epoch> own_;  // what we have announced last
  std::set<Partition> unsent_;            // of those

  std::optional<Clock::time_point> restart_reading_at_;  // these of the thread alone
  Clock::time_point send_not_before_{};
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<Client> producer_;
  Topic topic_;  // of the producer

  std::mutex stop_mutex_;
  std::thread thread_;  // last: it uses everything above
};

core::Result<void> KafkaNodeDirectory::Implementation::start() {
  auto consumer = Consumer::create(settings_, "nodes", topic_name_, {}, log_, metrics_);
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  ClientCallbacks callbacks;
  callbacks.delivered = [this](const rd_kafka_message_t& message) { delivered(message); };
  auto producer = Client::create(Client::Kind::producer, settings_, "announce", {{"message.timeout.ms", "10000"}},
                                 std::move(callbacks), log_, metrics_);
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  topic_.reset(rd_kafka_topic_new(producer_->handle(), topic_name_.c_str(), nullptr));
  if (topic_ == nullptr) return error_of(rd_kafka_last_error(), "announcing in topic " + topic_name_);
  restart_reading_at_ = Clock::now();
  thread_ = std::thread([this] { run(); });
  return {};
}

void KafkaNodeDirectory::Implementation::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<NodeAddress> KafkaNodeDirectory::Implementation::owner(Partition partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = owners_.find(partition);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

void KafkaNodeDirectory::Implementation::announce(Partition partition, core::Epoch epoch) {
  const std::lock_guard lock(mutex_);
  own_[partition] = epoch;
  unsent_.insert(partition);
  NodeAddress& owner = owners_[partition];
  if (epoch > owner.epoch) owner = {.instance = settings_.instance, .url = url_, .epoch = epoch};
  if (!stopping_) consumer_->wake();
}

bool KafkaNodeDirectory::Implementation::wait_until_read(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return read_once_ || stopping_; });
  return read_once_;
}

void KafkaNodeDirectory::Implementation::run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (restart_reading_at_ && Clock::now() >= *restart_reading_at_) {
      restart_reading_at_.reset();
      consumer_->stop(the_partition);
      if (!consumer_->start(the_partition, RD_KAFKA_OFFSET_BEGINNING)) restart_reading_at_ = Clock::now() + retry_delay;
    }
    send_announcements();
    if (const Message message = consumer_->next(interval); message != nullptr) take(*message);
    rd_kafka_poll(producer_->handle(), 0);
  }
}

void KafkaNodeDirectory::Implementation::take(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return take_record(message);
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    const std::lock_guard lock(mutex_);
    read_once_ = true;
    changed_.notify_all();
    return;
  }
  const core::Error error = error_of(message.err, "reading topic " + topic_name_);
  processors::warn(log_, "kafka_nodes_unreadable", {{"reason", std::string_view(error.detail)}});
  restart_reading_at_ = Clock::now() + retry_delay;
}

void KafkaNodeDirectory::Implementation::take_record(const rd_kafka_message_t& message) {
  if (message.payload == nullptr) return;  // a key that an operator has removed
  const auto record = schemas::decode_node({static_cast<const char*>(message.payload), message.len});
  if (!record || record->partition >= settings_.partitions) {
    metrics_.count("batchrouter_kafka_malformed_node_records_total", {});
    return;
  }
  const Partition partition(record->partition);
  const core::Epoch epoch(record->epoch);
  const std::lock_guard lock(mutex_);
  NodeAddress& owner = owners_[partition];
  if (epoch > owner.epoch) owner = {.instance = record->instance, .url = record->url, .epoch = epoch};
  const auto own = own_.find(partition);
  if (own != own_.end() && own->second == owner.epoch && epoch < owner.epoch) unsent_.insert(partition);
}

void KafkaNodeDirectory::Implementation::send_announcements() {
  if (Clock::now() < send_not_before_) return;
  const std::lock_guard lock(mutex_);
  while (!unsent_.empty()) {
    const Partition partition = *unsent_.begin();
    const std::string key = std::to_string(partition.value());
    std::string value = schemas::encode_node({.partition = partition.value(),
                                              .instance = settings_.instance,
                                              .url = url_,
                                              .epoch = own_[partition].value()});
    const int refused = rd_kafka_produce(topic_.get(), static_cast<std::int32_t>(the_partition.value()),
                                         RD_KAFKA_MSG_F_COPY, value.data(), value.size(), key.data(), key.size(),
                                         reinterpret_cast<void*>(std::uintptr_t{partition.value()}));
    if (refused != 0) {
      send_not_before_ = Clock::now() + retry_delay;
      return;
    }
    unsent_.erase(unsent_.begin());
  }
}

// On the thread, out of rd_kafka_poll().
void KafkaNodeDirectory::Implementation::delivered(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const core::Error error = error_of(message.err, "announcing in topic " + topic_name_);
  processors::warn(log_, "kafka_announcement_failed", {{"reason", std::string_view(error.detail)}});
  send_not_before_ = Clock::now() + retry_delay;
  const std::lock_guard lock(mutex_);
  unsent_.insert(Partition(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(message._private))));
}

core::Result<std::unique_ptr<KafkaNodeDirectory>> KafkaNodeDirectory::create(const Settings& settings, std::string url,
                                                                             processors::Log& log,
                                                                             processors::Metrics& metrics) {
  auto implementation = std::make_unique<Implementation>(settings, std::move(url), log, metrics);
  if (const auto started = implementation->start(); !started) return started.error();
  return std::unique_ptr<KafkaNodeDirectory>(new KafkaNodeDirectory(std::move(implementation)));
}

KafkaNodeDirectory::KafkaNodeDirectory(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

KafkaNodeDirectory::~KafkaNodeDirectory() {
  stop();
}

std::optional<NodeAddress> KafkaNodeDirectory::owner(Partition partition) const {
  return implementation_->owner(partition);
}

void KafkaNodeDirectory::announce(Partition partition, core::Epoch epoch) {
  implementation_->announce(partition, epoch);
}

bool KafkaNodeDirectory::wait_until_read(std::chrono::milliseconds timeout) const {
  return implementation_->wait_until_read(timeout);
}

void KafkaNodeDirectory::stop() {
  implementation_->stop();
}

}  // namespace adapters::kafka
