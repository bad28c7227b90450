#include "adapters/kafka/record_codec.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace adapters::kafka {

namespace {

constexpr std::size_t chain_bytes = 32;

core::Error not_of_the_journal(const rd_kafka_message_t& message, std::string_view header) {
  return {core::ErrorCode::log_corrupt,
          "topic " + std::string(rd_kafka_topic_name(message.rkt)) + ", partition " +
              std::to_string(message.partition) + ", offset " + std::to_string(message.offset) +
              ": this is no journal record, its header \"" + std::string(header) +
              "\" is missing or malformed. Something else has written to the journal's topic: take that right away "
              "from it, and restore the topic from a backup or a mirror"};
}

std::optional<std::string_view> header(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  std::size_t size = 0;
  if (headers == nullptr || rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(value), size);
}

std::optional<std::int64_t> number(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

const rd_kafka_headers_t* headers_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  // Parses the message's headers where they lie and changes nothing that anyone sees.
  rd_kafka_message_headers(&message, &headers);
  return headers;
}

}  // namespace

rd_kafka_resp_err_t produce_record(rd_kafka_t* producer, rd_kafka_topic_t* topic, core::Partition partition,
                                   const processors::JournalRecord& record, std::int64_t sequence) {
  const std::string epoch = std::to_string(record.epoch.value());
  const std::string time = std::to_string(record.time.time_since_epoch().count());
  const std::string number = std::to_string(sequence);
  // librdkafka takes the value through a pointer to non-const, and copies it.
  return rd_kafka_producev(producer, RD_KAFKA_V_RKT(topic),
                           RD_KAFKA_V_PARTITION(static_cast<std::int32_t>(partition.value())),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                           RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
                           RD_KAFKA_V_HEADER("epoch", epoch.data(), epoch.size()),
                           RD_KAFKA_V_HEADER("instance", record.instance.data(), record.instance.size()),
                           RD_KAFKA_V_HEADER("time", time.data(), time.size()),
                           RD_KAFKA_V_HEADER("chain", record.chain.data(), record.chain.size()),
                           RD_KAFKA_V_HEADER("sequence", number.data(), number.size()), RD_KAFKA_V_END);
}

core::Result<Origin> origin_of(const rd_kafka_message_t& message) {
  const rd_kafka_headers_t* const headers = headers_of(message);
  const auto epoch = number(header(headers, "epoch"));
  if (!epoch) return not_of_the_journal(message, "epoch");
  const auto instance = header(headers, "instance");
  if (!instance) return not_of_the_journal(message, "instance");
  const auto sequence = number(header(headers, "sequence"));
  if (!sequence) return not_of_the_journal(message, "sequence");
  return Origin{.epoch = core::Epoch(*epoch), .instance = std::string(*instance), .sequence = *sequence};
}

core::Result<processors::StoredRecord> record_of(const rd_kafka_message_t& message) {
  auto origin = origin_of(message);
  if (!origin) return origin.error();
  const rd_kafka_headers_t* const headers = headers_of(message);
  const auto time = number(header(headers, "time"));
  if (!time) return not_of_the_journal(message, "time");
  const auto chain = header(headers, "chain");
  if (!chain || chain->size() != chain_bytes) return not_of_the_journal(message, "chain");
  std::string value;
  if (message.len != 0) value.assign(static_cast<const char*>(message.payload), message.len);
  return processors::StoredRecord{.offset = core::Offset(message.offset),
                                  .record = {.epoch = origin->epoch,
                                             .instance = std::move(origin->instance),
                                             .time = core::Timestamp(core::Duration(*time)),
                                             .chain = std::string(*chain),
                                             .value = std::move(value)}};
}

}  // namespace adapters::kafka
