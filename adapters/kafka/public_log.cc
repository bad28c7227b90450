#include "adapters/kafka/public_log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/topics.h"
#include "schemas/public_progress.h"

namespace adapters::kafka {

namespace {

using core::ErrorCode;
using Clock = std::chrono::steady_clock;
using processors::PublicProgress;
using processors::PublicRecord;

constexpr std::string_view progress_word = "progress";
constexpr auto transaction_timeout_milliseconds = "15000";

// As long as a request to the cluster may take (socket.timeout.ms in client.cc). librdkafka 2.0.2 sends a commit again
// after that, and the first may arrive late, in the middle of the next transaction: after so long a publisher is not
// used again.
constexpr std::chrono::milliseconds suspicious_after{10'000};

constexpr int queue_poll_milliseconds = 10;

// The newest progress record is among these many offsets at the end, or there was a series of failures.
constexpr std::int64_t progress_tail = 64;

std::int32_t number(core::Partition partition) {
  return static_cast<std::int32_t>(partition.value());
}
int milliseconds(std::chrono::milliseconds duration) {
  return static_cast<int>(duration.count());
}

using TransactionError = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;

core::Error error_of(const TransactionError& error, std::string_view doing) {
  const auto code = rd_kafka_error_code(error.get());
  if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
      code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
    return {ErrorCode::fenced, "another publisher of the partition has begun"};
  return kafka::error_of(code, doing, rd_kafka_error_string(error.get()));
}

}  // namespace

// The producer of one partition. After any error it is of no more use.
class KafkaPublicLog::Publisher {
 public:
  static core::Result<std::shared_ptr<Publisher>> create(const Settings& settings, core::Partition partition,
                                                         processors::Log& log, processors::Metrics& metrics) {
    const Properties properties{
        {"transactional.id", settings.topic_prefix + ".projector." + std::to_string(partition.value())},
        {"transaction.timeout.ms", transaction_timeout_milliseconds},
        {"linger.ms", "5"},
        {"compression.type", "gzip"},  // what every client can read without further libraries
    };
    auto client = Client::create(Client::Kind::producer, settings, "projector." + std::to_string(partition.value()),
                                 properties, {}, log, metrics);
    if (client.has_error()) return client.error();
    std::shared_ptr<Publisher> publisher(new Publisher(std::move(*client), partition, settings.close_timeout));
    // A topic without a handle of its own costs its first record a second.
    for (const TopicPlan& plan : topic_plans(settings)) {
      Topic topic(rd_kafka_topic_new(publisher->client_->handle(), topic_name(settings, plan.word).c_str(), nullptr));
      if (topic == nullptr) return kafka::error_of(rd_kafka_last_error(), "publishing");
      publisher->topics_.emplace(plan.word, std::move(topic));
    }
    return publisher;
  }

  // Fences the partition's publisher before this, and has what that one left open aborted or committed.
  core::Result<void> begin(std::chrono::milliseconds timeout) {
    constexpr std::string_view doing = "beginning to publish";
    const TransactionError error(rd_kafka_init_transactions(client_->handle(), milliseconds(timeout)));
    if (error == nullptr) return {};
    rd_kafka_poll(client_->handle(), 0);  // lets the client learn why it has no connection
    if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__TIMED_OUT) return client_->unreachable(doing);
    return error_of(error, doing);
  }

  core::Result<void> publish(const std::vector<PublicRecord>& records, const PublicProgress& progress) {
    core::Result<void> published = transact(records, progress);
    if (published.has_error()) abandon();
    return published;
  }

 private:
  Publisher(std::unique_ptr<Client> client, core::Partition partition, std::chrono::milliseconds close_timeout)
      : client_(std::move(client)), partition_(partition), close_timeout_(close_timeout) {}

  core::Result<void> transact(const std::vector<PublicRecord>& records, const PublicProgress& progress) {
    constexpr std::string_view doing = "publishing a transaction";
    const auto began = Clock::now();
    if (const TransactionError error(rd_kafka_begin_transaction(client_->handle())); error != nullptr)
      return error_of(error, doing);
    for (const PublicRecord& record : records) {
      if (auto produced = produce(record); produced.has_error()) return produced;
    }
    const PublicRecord mark{std::string(progress_word),
                            std::to_string(partition_.value()),
                            {},
                            schemas::encode_public_progress({progress.next, progress.epoch, progress.instance})};
    if (auto produced = produce(mark); produced.has_error()) return produced;
    // Within what remains of the transaction's time. It also answers for the delivery of every record.
    if (const TransactionError error(rd_kafka_commit_transaction(client_->handle(), -1)); error != nullptr)
      return error_of(error, doing);
    if (Clock::now() - began >= suspicious_after)
      return core::Error{ErrorCode::unavailable, "Kafka: a transaction took so long that it may not be the last word"};
    return {};
  }

  // librdkafka 2.0.2 must not be destroyed while a transaction has requests under way: it asserts that there are none.
  void abandon() {
    const TransactionError ignored(rd_kafka_abort_transaction(client_->handle(), milliseconds(close_timeout_)));
  }

  core::Result<void> produce(const PublicRecord& record) {
    const auto deadline = Clock::now() + suspicious_after;
    for (;;) {
      const core::Result<bool> produced = try_to_produce(record);
      if (produced.has_error()) return produced.error();
      if (*produced) return {};
      if (Clock::now() >= deadline) return client_->unreachable("publishing to " + record.topic);
      rd_kafka_poll(client_->handle(), queue_poll_milliseconds);
    }
  }

  // False: the producer's queue is full.
  core::Result<bool> try_to_produce(const PublicRecord& record) {
    const auto topic = topics_.find(record.topic);
    if (topic == topics_.end())
      return core::Error{ErrorCode::configuration_invalid, "there is no public topic " + record.topic};
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers)
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    // librdkafka copies before it returns, though it asks for pointers that it might write to.
    const auto code =
        rd_kafka_producev(client_->handle(), RD_KAFKA_V_RKT(topic->second.get()),
                          RD_KAFKA_V_PARTITION(number(partition_)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(const_cast<char*>(record.key.data()), record.key.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    rd_kafka_headers_destroy(headers);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    return kafka::error_of(code, "publishing to " + record.topic);
  }

  const std::unique_ptr<Client> client_;
  const core::Partition partition_;
  const std::chrono::milliseconds close_timeout_;
  std::map<std::string, Topic, std::less<>> topics_;  // by word; gone before the client
};

KafkaPublicLog::KafkaPublicLog(Settings settings, processors::Log& log, processors::Metrics& metrics)
    : settings_(std::move(settings)), log_(log), metrics_(metrics) {}

KafkaPublicLog::~KafkaPublicLog() = default;

core::Result<std::optional<PublicProgress>> KafkaPublicLog::begin(core::Partition partition) {
  end(partition);
  auto publisher = Publisher::create(settings_, partition, log_, metrics_);
  if (publisher.has_error()) return publisher.error();
  if (auto begun = (*publisher)->begin(settings_.request_timeout); begun.has_error()) return begun.error();
  auto progress = read_progress(partition);
  if (progress.has_error()) return progress.error();
  const std::lock_guard lock(mutex_);
  publishers_.insert_or_assign(partition, std::move(*publisher));
  return progress;
}

core::Result<void> KafkaPublicLog::publish(core::Partition partition, const std::vector<PublicRecord>& records,
                                           const PublicProgress& progress) {
  const std::shared_ptr<Publisher> publisher = find(partition);
  if (publisher == nullptr)
    return core::Error{ErrorCode::unavailable, "Kafka: the partition's publisher has to begin first"};
  auto published = publisher->publish(records, progress);
  if (published.has_error()) end(partition);
  return published;
}

void KafkaPublicLog::end(core::Partition partition) {
  std::shared_ptr<Publisher> gone;  // outlives the lock: its end may take a while
  const std::lock_guard lock(mutex_);
  if (const auto found = publishers_.find(partition); found != publishers_.end()) {
    gone = std::move(found->second);
    publishers_.erase(found);
  }
}

std::shared_ptr<KafkaPublicLog::Publisher> KafkaPublicLog::find(core::Partition partition) {
  const std::lock_guard lock(mutex_);
  const auto found = publishers_.find(partition);
  return found == publishers_.end() ? nullptr : found->second;
}

// The newest one that is committed. Nobody adds any while the publisher that has just begun does not.
core::Result<std::optional<PublicProgress>> KafkaPublicLog::read_progress(core::Partition partition) const {
  const std::string doing = "reading the progress of partition " + std::to_string(partition.value());
  const auto deadline = Clock::now() + settings_.request_timeout;
  const auto consumer = Consumer::create(
      settings_, "progress", topic_name(settings_, progress_word),
      {{"isolation.level", "read_committed"}, {"auto.offset.reset", "earliest"}, {"fetch.wait.max.ms", "5"}}, log_,
      metrics_);
  if (consumer.has_error()) return consumer.error();
  if (auto found = (*consumer)->find_topic(settings_.request_timeout); found.has_error()) return found.error();
  const std::string key = std::to_string(partition.value());
  std::optional<PublicProgress> newest;
  for (const std::int64_t from : {RD_KAFKA_OFFSET_TAIL(progress_tail), std::int64_t{RD_KAFKA_OFFSET_BEGINNING}}) {
    if (auto started = (*consumer)->start(partition, from); started.has_error()) return started.error();
    bool at_end = false;
    while (!at_end) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      if (left <= std::chrono::milliseconds(0)) return (*consumer)->client().unreachable(doing);
      const Message message = (*consumer)->next(std::min(left, std::chrono::milliseconds(100)));
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        at_end = true;
      } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka::error_of(message->err, doing, rd_kafka_message_errstr(message.get()));
      } else if (std::string_view(static_cast<const char*>(message->key), message->key_len) == key) {
        auto read = schemas::decode_public_progress({static_cast<const char*>(message->payload), message->len});
        if (read.has_error())
          return core::Error{ErrorCode::configuration_invalid,
                             doing + ": " + read.error().detail + "; who else writes to this topic?"};
        newest = PublicProgress{read->next, read->epoch, std::move(read->instance)};
      }
    }
    if (newest) break;
    (*consumer)->stop(partition);
  }
  return newest;
}

}  // namespace adapters::kafka
