#include "adapters/kafka/journal_producer.h"

#include <utility>

namespace adapters::kafka {

core::Result<std::unique_ptr<JournalProducer>> JournalProducer::create(const Settings& settings,
                                                                       const std::string& topic, Failed failed,
                                                                       processors::Log& log,
                                                                       processors::Metrics& metrics) {
  std::unique_ptr<JournalProducer> producer(new JournalProducer(std::move(failed)));
  const Properties properties{
      // librdkafka would drop a record that is late and send those behind it. The journal has a time-out of its own,
      // after which it drops all of them.
      {"message.timeout.ms", "0"},
      {"enable.gapless.guarantee", "true"},
      {"queue.buffering.max.kbytes", std::to_string(settings.pending_bytes_max / 1024 + 65'536)},
  };
  ClientCallbacks callbacks;
  JournalProducer* const self = producer.get();
  callbacks.delivered = [self](const rd_kafka_message_t& message) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      self->fail(error_of(message.err, "appending to topic " + std::string(rd_kafka_topic_name(message.rkt)) +
                                           ", partition " + std::to_string(message.partition)));
    }
  };
  callbacks.fatal = [self](core::Error error) { self->fail(std::move(error)); };
  auto client =
      Client::create(Client::Kind::producer, settings, "append", properties, std::move(callbacks), log, metrics);
  if (!client) return client.error();
  producer->client_ = std::move(*client);
  producer->topic_.reset(rd_kafka_topic_new(producer->client_->handle(), topic.c_str(), nullptr));
  if (producer->topic_ == nullptr) return error_of(rd_kafka_last_error(), "appending to topic " + topic);
  producer->polling_ = std::thread([self] { self->poll_until_stopped(); });
  return producer;
}

JournalProducer::~JournalProducer() {
  stopping_ = true;
  if (polling_.joinable()) polling_.join();
  if (client_ != nullptr) give_up();
}

rd_kafka_resp_err_t JournalProducer::produce(core::Partition partition, const processors::JournalRecord& record,
                                             std::int64_t sequence) {
  return produce_record(client_->handle(), topic_.get(), partition, record, sequence);
}

void JournalProducer::give_up() {
  rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void JournalProducer::fail(core::Error error) {
  if (!std::exchange(has_failed_, true)) failed_(std::move(error));
}

void JournalProducer::poll_until_stopped() {
  while (!stopping_) rd_kafka_poll(client_->handle(), 100);
}

}  // namespace adapters::kafka
