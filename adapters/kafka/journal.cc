#include "adapters/kafka/journal.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "adapters/kafka/consumer.h"
#include "adapters/kafka/journal_producer.h"
#include "adapters/kafka/record_codec.h"
#include "adapters/kafka/tenure.h"
#include "adapters/kafka/topic_reader.h"
#include "adapters/kafka/topics.h"
#include "adapters/kafka/trim.h"

namespace adapters::kafka {

namespace {

using core::ErrorCode;
using core::Offset;
using core::Partition;
using processors::JournalRecord;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds tail_interval(50);  // at which the tail looks up from its queue
constexpr std::chrono::milliseconds renewal_delay_min(100);
constexpr std::chrono::milliseconds renewal_delay_max(5'000);

// Sequences of a process that ran under the same name before must not come again: its last records may still arrive.
std::int64_t first_sequence() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

core::Error stopped() {
  return {ErrorCode::unavailable, "the journal was stopped"};
}

// Who has the partition open already is told that it is lost, and finds out more when it opens it again.
core::Error as_loss(core::Error error) {
  error.code = ErrorCode::unavailable;
  return error;
}

core::Error producer_away() {
  return {ErrorCode::overloaded, "the connection to Kafka is being made anew; nothing was appended, try again"};
}

}  // namespace

class KafkaJournal::Implementation {
 public:
  Implementation(const Settings& settings, processors::Log& log, processors::Metrics& metrics)
      : settings_(settings),
        topic_(topic_name(settings, "journal")),
        log_(log),
        metrics_(metrics),
        reader_(settings, topic_, log, metrics) {}

  core::Result<void> start();
  void stop();

  core::Result<Offset> open(Partition partition, Lost lost);
  void close(Partition partition, const core::Error& why);
  void append(Partition partition, JournalRecord record, Confirmed confirmed);
  core::Result<Offset> first(Partition partition);
  core::Result<void> trim(Partition partition, Offset before);
  core::Result<Offset> read(Partition partition, Offset from, const Visit& visit);

 private:
  // Of a partition, whether it is open or not.
  struct Seen {
    core::Epoch newest;
    Offset durable_end;
  };
  struct Wish {
    Partition partition;
    bool follow = false;
  };
  struct Open {
    explicit Open(Lost lost) : tenure(std::move(lost)) {}
    Tenure tenure;
    bool followed = false;  // the tail has started it, so that what comes by is of this tenure and not the one before
  };

  std::string place(Partition partition) const {
    return "topic " + topic_ + ", partition " + std::to_string(partition.value());
  }

  core::Result<void> find_topic();
  core::Result<std::unique_ptr<JournalProducer>> make_producer();

  void follow_until_stopped();
  void grant_wishes();
  void follow(const rd_kafka_message_t& message);
  void follow_record(Partition partition, Open& open, const rd_kafka_message_t& message, Tenure::Calls& calls);
  void look_for_failure();
  void abandon_producer(const core::Error& error);
  void lose(Open& open, const core::Error& error, Tenure::Calls& calls);
  void make_calls(Tenure::Calls calls, std::unique_lock<std::mutex> lock);
  std::size_t pending_bytes() const;

  void renew_until_stopped();

  const Settings settings_;
  const std::string topic_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  TopicReader reader_;
  std::unique_ptr<Consumer> tail_;
  std::atomic<bool> topic_found_ = false;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<Partition, Open> open_;
  std::map<Partition, Seen> seen_;
  std::deque<Wish> wishes_;  // of the tail
  std::int64_t next_sequence_ = first_sequence();
  bool calling_ = false;                                     // the tail is in somebody's callback
  std::unique_ptr<JournalProducer> producer_;                // null while a new one is made
  std::vector<std::unique_ptr<JournalProducer>> abandoned_;  // to be destroyed
  std::uint64_t generation_ = 0;                             // of the producer
  std::optional<core::Error> failure_;                       // of the producer
  std::chrono::milliseconds renewal_delay_ = renewal_delay_min;

  std::mutex stop_mutex_;
  std::thread renewing_;
  std::thread following_;  // these last: they use everything above
};

core::Result<void> KafkaJournal::Implementation::start() {
  auto tail = Consumer::create(settings_, "tail", topic_, {}, log_, metrics_);
  if (!tail) return tail.error();
  tail_ = std::move(*tail);
  auto producer = make_producer();
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  following_ = std::thread([this] { follow_until_stopped(); });
  renewing_ = std::thread([this] { renew_until_stopped(); });
  return {};
}

void KafkaJournal::Implementation::stop() {
  const std::lock_guard once(stop_mutex_);
  std::vector<Partition> partitions;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [partition, open] : open_) partitions.push_back(partition);
  }
  changed_.notify_all();
  reader_.stop();
  for (const Partition partition : partitions) close(partition, stopped());
  if (following_.joinable()) following_.join();
  if (renewing_.joinable()) renewing_.join();
  producer_.reset();
  abandoned_.clear();
  tail_.reset();
}

core::Result<Offset> KafkaJournal::Implementation::open(Partition partition, Lost lost) {
  close(partition, {ErrorCode::unavailable, "the partition was opened again"});
  if (const auto found = find_topic(); !found) return found.error();

  std::unique_lock lock(mutex_);
  if (stopping_) return stopped();
  open_.try_emplace(partition, std::move(lost));
  wishes_.push_back({.partition = partition, .follow = true});
  tail_->wake();
  std::optional<core::Result<Offset>> end;
  const auto known = [&] {
    const auto found = open_.find(partition);
    if (stopping_ || found == open_.end()) {
      end = stopped();
    } else if (const Tenure& tenure = found->second.tenure; tenure.loss()) {
      end = *tenure.loss();
    } else if (tenure.begun() && producer_ != nullptr) {
      end = *tenure.begun();
    }
    return end.has_value();
  };
  if (!changed_.wait_for(lock, settings_.request_timeout, known)) {
    end = tail_->client().unreachable("finding the end of " + place(partition));
  }
  lock.unlock();
  if (!*end) close(partition, end->error());
  return *end;
}

core::Result<void> KafkaJournal::Implementation::find_topic() {
  if (topic_found_) return {};
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return stopped();
  }
  const auto found = tail_->find_topic(settings_.request_timeout);
  topic_found_ = found.has_value();
  return found;
}

void KafkaJournal::Implementation::close(Partition partition, const core::Error& why) {
  std::unique_lock lock(mutex_);
  Tenure::Calls calls;
  if (const auto found = open_.find(partition); found != open_.end()) {
    found->second.tenure.end(why, calls);
    open_.erase(found);
    wishes_.push_back({.partition = partition, .follow = false});
    tail_->wake();
  }
  // What the tail is calling may be of this partition.
  if (std::this_thread::get_id() != following_.get_id()) changed_.wait(lock, [&] { return !calling_; });
  lock.unlock();
  for (const auto& call : calls) call();
}

void KafkaJournal::Implementation::append(Partition partition, JournalRecord record, Confirmed confirmed) {
  if (record.value.size() > record_bytes_max) {
    return confirmed(
        core::Error{ErrorCode::payload_too_large, "a journal record of " + std::to_string(record.value.size()) +
                                                      " bytes; the most is " + std::to_string(record_bytes_max)});
  }
  std::unique_lock lock(mutex_);
  const auto refuse = [&](core::Error error) {
    lock.unlock();
    confirmed(std::move(error));
  };
  const auto found = open_.find(partition);
  if (stopping_) return refuse(stopped());
  if (found == open_.end() || !found->second.tenure.begun()) {
    return refuse({ErrorCode::unavailable, place(partition) + " is not open; open it first"});
  }
  Tenure& tenure = found->second.tenure;
  if (tenure.loss()) return refuse(*tenure.loss());
  const core::Epoch newest = seen_[partition].newest;
  if (record.epoch < newest) {
    return refuse(
        {ErrorCode::fenced, place(partition) + " is at epoch " + std::to_string(newest.value()) + " already"});
  }
  if (producer_ == nullptr || failure_) return refuse(producer_away());
  const std::size_t bytes = record.value.size() + record.instance.size() + 256;  // headers, and what it takes to wait
  const std::size_t waiting = pending_bytes();
  if (waiting != 0 && waiting + bytes > settings_.pending_bytes_max) {
    return refuse({ErrorCode::overloaded, "records of " + std::to_string(waiting) +
                                              " bytes wait to be confirmed by Kafka; nothing was appended, try again"});
  }
  const std::int64_t sequence = next_sequence_++;
  const auto code = producer_->produce(partition, record, sequence);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    return refuse(
        {ErrorCode::overloaded, "Kafka's client has as many records as it may; nothing was appended, try again"});
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refuse(as_loss(error_of(code, "appending to " + place(partition))));
  }
  tenure.appended({.epoch = record.epoch,
                   .instance = std::move(record.instance),
                   .sequence = sequence,
                   .bytes = bytes,
                   .at = Clock::now(),
                   .confirmed = std::move(confirmed)});
}

core::Result<Offset> KafkaJournal::Implementation::first(Partition partition) {
  return reader_.first(partition);
}

core::Result<void> KafkaJournal::Implementation::trim(Partition partition, Offset before) {
  if (const auto found = find_topic(); !found) return found;
  return delete_records(tail_->client(), topic_, partition, before, settings_.request_timeout);
}

core::Result<Offset> KafkaJournal::Implementation::read(Partition partition, Offset from, const Visit& visit) {
  Offset durable_end;
  {
    const std::lock_guard lock(mutex_);
    durable_end = seen_[partition].durable_end;
  }
  core::Epoch newest;
  auto end = reader_.read(partition, from, durable_end, [&](const processors::StoredRecord& stored) {
    newest = std::max(newest, stored.record.epoch);
    return visit(stored);
  });
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[partition];
  seen.newest = std::max(seen.newest, newest);
  return end;
}

// --- the tail ---

void KafkaJournal::Implementation::follow_until_stopped() {
  while (true) {
    grant_wishes();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (const Message message = tail_->next(tail_interval); message != nullptr) follow(*message);
    look_for_failure();
  }
}

// Partitions start and stop between two records, so that each record belongs to the tenure that is there.
void KafkaJournal::Implementation::grant_wishes() {
  std::unique_lock lock(mutex_);
  while (!wishes_.empty()) {
    const Wish wish = wishes_.front();
    wishes_.pop_front();
    lock.unlock();
    tail_->stop(wish.partition);
    const core::Result<void> started =
        wish.follow ? tail_->start(wish.partition, RD_KAFKA_OFFSET_END) : core::Result<void>();
    lock.lock();
    const auto found = open_.find(wish.partition);
    if (!wish.follow || found == open_.end()) continue;
    found->second.followed = started.has_value();
    if (!started) {
      Tenure::Calls calls;
      lose(found->second, started.error(), calls);
      make_calls(std::move(calls), std::move(lock));
      lock = std::unique_lock(mutex_);
    }
  }
}

void KafkaJournal::Implementation::follow(const rd_kafka_message_t& message) {
  const Partition partition(static_cast<std::uint32_t>(message.partition));
  std::unique_lock lock(mutex_);
  const auto found = open_.find(partition);
  if (found == open_.end() || !found->second.followed || found->second.tenure.loss()) return;
  Open& open = found->second;
  Tenure::Calls calls;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (!open.tenure.begun()) {
      const Offset end(message.offset);
      open.tenure.begin(end);
      Seen& seen = seen_[partition];
      seen.durable_end = std::max(seen.durable_end, end);
      changed_.notify_all();
    }
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) follow_record(partition, open, message, calls);
  } else {
    core::Error error = error_of(message.err, "following " + place(partition));
    lose(open, open.tenure.begun() ? as_loss(std::move(error)) : std::move(error), calls);
  }
  make_calls(std::move(calls), std::move(lock));
}

void KafkaJournal::Implementation::follow_record(Partition partition, Open& open, const rd_kafka_message_t& message,
                                                 Tenure::Calls& calls) {
  const auto origin = origin_of(message);
  if (!origin) {
    // The reading that follows finds it too, and says so to those who ask why the partition stands still.
    return lose(open, as_loss(origin.error()), calls);
  }
  const Offset offset(message.offset);
  auto read_back = open.tenure.read(offset, *origin);
  Seen& seen = seen_[partition];
  seen.newest = std::max(seen.newest, origin->epoch);
  seen.durable_end = std::max(seen.durable_end, Offset(offset.value() + 1));
  calls = std::move(read_back.calls);
  if (read_back.confirmed) {
    renewal_delay_ = renewal_delay_min;
    const std::chrono::duration<double> took = Clock::now() - read_back.confirmed->at;
    metrics_.observe_seconds("batchrouter_kafka_append_seconds", {}, took.count());
  }
  if (read_back.lost) lose(open, *read_back.lost, calls);
}

void KafkaJournal::Implementation::look_for_failure() {
  std::optional<core::Error> error;
  {
    const std::lock_guard lock(mutex_);
    error = failure_;
    for (const auto& [partition, open] : open_) {
      const auto since = open.tenure.waiting_since();
      if (error || !since || Clock::now() - *since < settings_.append_timeout) continue;
      error = tail_->client().unreachable("appending to " + place(partition));
    }
  }
  if (error) abandon_producer(*error);
}

// All that waits fails together: what one producer has left behind arrives from its beginning or not at all, and it
// must not send more while others read the log to find out.
void KafkaJournal::Implementation::abandon_producer(const core::Error& error) {
  std::unique_lock lock(mutex_);
  failure_ = error;
  JournalProducer* const producer = producer_.get();
  if (producer != nullptr) {
    lock.unlock();
    producer->give_up();  // only this thread takes the producer away while the journal runs
    lock.lock();
    abandoned_.push_back(std::move(producer_));
  }
  Tenure::Calls calls;
  for (auto& [partition, open] : open_) {
    if (open.tenure.waiting_since()) lose(open, as_loss(error), calls);
  }
  failure_.reset();
  changed_.notify_all();
  processors::warn(log_, "kafka_producer_abandoned", {{"reason", std::string_view(error.detail)}});
  make_calls(std::move(calls), std::move(lock));
}

void KafkaJournal::Implementation::lose(Open& open, const core::Error& error, Tenure::Calls& calls) {
  open.tenure.lose(error, calls);
  metrics_.count("batchrouter_kafka_partitions_lost_total", {{"reason", core::to_string(error.code)}});
  changed_.notify_all();
}

void KafkaJournal::Implementation::make_calls(Tenure::Calls calls, std::unique_lock<std::mutex> lock) {
  if (calls.empty()) return;
  calling_ = true;
  lock.unlock();
  for (const auto& call : calls) call();
  lock.lock();
  calling_ = false;
  changed_.notify_all();
}

std::size_t KafkaJournal::Implementation::pending_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [partition, open] : open_) bytes += open.tenure.pending_bytes();
  return bytes;
}

// --- the producer ---

core::Result<std::unique_ptr<JournalProducer>> KafkaJournal::Implementation::make_producer() {
  const std::uint64_t generation = ++generation_;
  return JournalProducer::create(
      settings_, topic_,
      [this, generation](core::Error error) {
        const std::lock_guard lock(mutex_);
        if (generation == generation_ && producer_ != nullptr && !failure_) failure_ = std::move(error);
      },
      log_, metrics_);
}

void KafkaJournal::Implementation::renew_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [&] { return stopping_ || producer_ == nullptr; });
    const auto delay = std::exchange(renewal_delay_, std::min(renewal_delay_ * 2, renewal_delay_max));
    if (changed_.wait_for(lock, delay, [&] { return stopping_; })) return;
    auto abandoned = std::exchange(abandoned_, {});
    auto producer = make_producer();
    if (producer) {
      producer_ = std::move(*producer);
      metrics_.count("batchrouter_kafka_producers_renewed_total", {});
      changed_.notify_all();
    } else {
      processors::error(log_, "kafka_producer_refused", {{"reason", std::string_view(producer.error().detail)}});
    }
    lock.unlock();
    abandoned.clear();  // may take a while
    lock.lock();
  }
}

// --- the port ---

core::Result<std::unique_ptr<KafkaJournal>> KafkaJournal::create(const Settings& settings, processors::Log& log,
                                                                 processors::Metrics& metrics) {
  auto implementation = std::make_unique<Implementation>(settings, log, metrics);
  if (const auto started = implementation->start(); !started) return started.error();
  return std::unique_ptr<KafkaJournal>(new KafkaJournal(std::move(implementation)));
}

KafkaJournal::KafkaJournal(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

KafkaJournal::~KafkaJournal() {
  stop();
}

core::Result<Offset> KafkaJournal::open(Partition partition, Lost lost) {
  return implementation_->open(partition, std::move(lost));
}

void KafkaJournal::close(Partition partition) {
  implementation_->close(partition, {ErrorCode::unavailable, "the partition was closed"});
}

void KafkaJournal::append(Partition partition, JournalRecord record, Confirmed confirmed) {
  implementation_->append(partition, std::move(record), std::move(confirmed));
}

core::Result<Offset> KafkaJournal::first(Partition partition) {
  return implementation_->first(partition);
}

core::Result<void> KafkaJournal::trim(Partition partition, Offset before) {
  return implementation_->trim(partition, before);
}

core::Result<Offset> KafkaJournal::read(Partition partition, Offset from, const Visit& visit) {
  return implementation_->read(partition, from, visit);
}

void KafkaJournal::stop() {
  implementation_->stop();
}

}  // namespace adapters::kafka
