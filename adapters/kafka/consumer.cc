#include "adapters/kafka/consumer.h"

namespace adapters::kafka {

namespace {

std::int32_t number(core::Partition partition) {
  return static_cast<std::int32_t>(partition.value());
}

}  // namespace

core::Result<std::unique_ptr<Consumer>> Consumer::create(const Settings& settings, std::string_view purpose,
                                                         const std::string& topic, const Properties& properties,
                                                         processors::Log& log, processors::Metrics& metrics) {
  auto client = Client::create(Client::Kind::consumer, settings, purpose, properties, {}, log, metrics);
  if (!client) return client.error();
  std::unique_ptr<Consumer> consumer(new Consumer(std::move(*client), topic));
  if (consumer->topic_ == nullptr) return error_of(rd_kafka_last_error(), "reading topic " + topic);
  return consumer;
}

Consumer::Consumer(std::unique_ptr<Client> client, std::string topic)
    : client_(std::move(client)),
      topic_name_(std::move(topic)),
      topic_(rd_kafka_topic_new(client_->handle(), topic_name_.c_str(), nullptr)),
      queue_(rd_kafka_queue_new(client_->handle())) {}

Consumer::~Consumer() {
  while (!started_.empty()) stop(*started_.begin());
}

core::Result<void> Consumer::find_topic(std::chrono::milliseconds timeout) const {
  const std::string doing = "asking for topic " + topic_name_;
  const rd_kafka_metadata_t* answered = nullptr;
  const auto code = rd_kafka_metadata(client_->handle(), 0, topic_.get(), &answered, static_cast<int>(timeout.count()));
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT) return client_->unreachable(doing);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, doing);
  const auto refusal = answered->topic_cnt == 1 ? answered->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  rd_kafka_metadata_destroy(answered);
  if (refusal != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(refusal, doing);
  return {};
}

core::Result<void> Consumer::start(core::Partition partition, std::int64_t offset) {
  if (rd_kafka_consume_start_queue(topic_.get(), number(partition), offset, queue_.get()) != 0) {
    return error_of(rd_kafka_last_error(),
                    "reading topic " + topic_name_ + ", partition " + std::to_string(partition.value()));
  }
  started_.insert(partition);
  return {};
}

void Consumer::stop(core::Partition partition) {
  if (started_.erase(partition) != 0) rd_kafka_consume_stop(topic_.get(), number(partition));
}

Message Consumer::next(std::chrono::milliseconds timeout) {
  rd_kafka_poll(client_->handle(), 0);
  return Message(rd_kafka_consume_queue(queue_.get(), static_cast<int>(timeout.count())));
}

void Consumer::wake() {
  rd_kafka_queue_yield(queue_.get());
}

}  // namespace adapters::kafka
