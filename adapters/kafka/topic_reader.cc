#include "adapters/kafka/topic_reader.h"

#include <algorithm>
#include <utility>

#include "adapters/kafka/record_codec.h"

namespace adapters::kafka {

namespace {

using core::ErrorCode;
using core::Offset;
using Clock = std::chrono::steady_clock;

constexpr std::size_t idle_consumers_max = 4;
constexpr std::chrono::milliseconds look_up_interval(100);  // from waiting for the cluster, to see whether to stop

const Properties& reading_properties() {
  static const Properties properties{
      {"fetch.wait.max.ms", "10"},  // a reading that is at the end waits as long to be told so
  };
  return properties;
}

core::Error stopped() {
  return {ErrorCode::unavailable, "the journal was stopped"};
}

}  // namespace

TopicReader::TopicReader(const Settings& settings, std::string topic, processors::Log& log,
                         processors::Metrics& metrics)
    : settings_(settings), topic_(std::move(topic)), log_(log), metrics_(metrics) {}

core::Result<Offset> TopicReader::read(core::Partition partition, Offset from, Offset durable_end,
                                       const processors::Journal::Visit& visit) {
  auto consumer = take();
  if (!consumer) return consumer.error();
  if (const auto started = (*consumer)->start(partition, from.value()); !started) return started.error();
  auto end = read_with(**consumer, partition, from, durable_end, visit);
  // One that met an error is not used again: it may still be at odds with the cluster.
  if (end) {
    (*consumer)->stop(partition);
    give_back(std::move(*consumer));
  }
  return end;
}

core::Result<Offset> TopicReader::read_with(Consumer& consumer, core::Partition partition, Offset from,
                                            Offset durable_end, const processors::Journal::Visit& visit) {
  Offset next_offset = from;
  while (true) {
    const auto message = next(consumer, partition);
    if (!message) return message.error();
    const rd_kafka_message_t& found = **message;
    if (found.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (next_offset >= durable_end) return next_offset;
      if (const auto explained = explain(partition, next_offset, durable_end); !explained) return explained.error();
      continue;
    }
    if (found.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      const auto bounds = explain(partition, next_offset, durable_end);
      if (!bounds) return bounds.error();
      if (next_offset >= bounds->end) return next_offset;
    }
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(found.err, "reading " + place(partition));
    if (found.offset != next_offset.value()) {
      return core::Error{ErrorCode::log_corrupt, place(partition) + ": the records from offset " +
                                                     std::to_string(next_offset.value()) + " to " +
                                                     std::to_string(found.offset - 1) +
                                                     " are gone; restore the topic from a backup or a mirror"};
    }
    const auto record = record_of(found);
    if (!record) return record.error();
    next_offset = Offset(next_offset.value() + 1);
    if (!visit(*record)) return next_offset;
  }
}

core::Result<Message> TopicReader::next(Consumer& consumer, core::Partition partition) {
  const auto deadline = Clock::now() + settings_.request_timeout;
  while (!stopping_) {
    if (Message message = consumer.next(look_up_interval); message != nullptr) return message;
    if (Clock::now() >= deadline) return consumer.client().unreachable("reading " + place(partition));
  }
  return stopped();
}

// Why nothing is found at `from`, or nothing more although the log went to `wanted_end`. No error when nothing is
// wrong: nothing was ever written, or the broker was just behind.
core::Result<TopicReader::Bounds> TopicReader::explain(core::Partition partition, Offset from, Offset wanted_end) {
  const auto bounds = find_bounds(partition);
  if (!bounds) return bounds.error();
  const auto offset = [](Offset value) { return std::to_string(value.value()); };
  if (from < bounds->begin) {
    return core::Error{
        ErrorCode::log_corrupt,
        place(partition) + " begins at offset " + offset(bounds->begin) + ": the records from " + offset(from) +
            " on were deleted. Look for retention settings or a DeleteRecords request on the topic, and restore it "
            "from a backup or a mirror"};
  }
  if (std::max(from, wanted_end) > bounds->end && (bounds->end.value() > 0 || wanted_end.value() > 0)) {
    return core::Error{
        ErrorCode::log_corrupt,
        place(partition) + " ends at offset " + offset(bounds->end) + ", and it had records up to " +
            offset(std::max(from, wanted_end)) +
            ". The topic was created anew, or an unclean leader election lost its end: restore it from a backup or a "
            "mirror, or begin anew under another topic prefix"};
  }
  return bounds;
}

core::Result<Offset> TopicReader::first(core::Partition partition) {
  return find_first(partition, RD_KAFKA_OFFSET_BEGINNING);
}

core::Result<TopicReader::Bounds> TopicReader::find_bounds(core::Partition partition) {
  const auto begin = find_first(partition, RD_KAFKA_OFFSET_BEGINNING);
  if (!begin) return begin.error();
  const auto end = find_first(partition, RD_KAFKA_OFFSET_END);
  if (!end) return end.error();
  return Bounds{.begin = *begin, .end = *end};
}

// A consumer of its own, because one that has read remembers where the log began. The call made for this purpose,
// rd_kafka_query_watermark_offsets(), never runs out of time in librdkafka 2.0.2.
core::Result<Offset> TopicReader::find_first(core::Partition partition, std::int64_t where) {
  const auto consumer = Consumer::create(settings_, "look", topic_, reading_properties(), log_, metrics_);
  if (!consumer) return consumer.error();
  static_cast<void>((*consumer)->find_topic(look_up_interval));  // if only this is too slow, next() waits half a second
  if (const auto started = (*consumer)->start(partition, where); !started) return started.error();
  const auto message = next(**consumer, partition);
  if (!message) return message.error();
  const auto code = (*message)->err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    return error_of(code, "reading " + place(partition));
  }
  return Offset((*message)->offset);
}

core::Result<std::unique_ptr<Consumer>> TopicReader::take() {
  if (stopping_) return stopped();
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto consumer = std::move(idle_.back());
      idle_.pop_back();
      return consumer;
    }
  }
  return Consumer::create(settings_, "read", topic_, reading_properties(), log_, metrics_);
}

void TopicReader::give_back(std::unique_ptr<Consumer> consumer) {
  const std::lock_guard lock(mutex_);
  if (!stopping_ && idle_.size() < idle_consumers_max) idle_.push_back(std::move(consumer));
}

void TopicReader::stop() {
  stopping_ = true;
  std::vector<std::unique_ptr<Consumer>> idle;
  const std::lock_guard lock(mutex_);
  idle.swap(idle_);
}

std::string TopicReader::place(core::Partition partition) const {
  return "topic " + topic_ + ", partition " + std::to_string(partition.value());
}

}  // namespace adapters::kafka
