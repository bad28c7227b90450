#include "adapters/kafka/command_source.h"

#include <utility>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/topics.h"

namespace adapters::kafka {

namespace {

constexpr std::chrono::milliseconds look_up_interval{100};
constexpr std::chrono::milliseconds full_pause{100};
constexpr std::chrono::milliseconds failure_pause{1'000};

}  // namespace

core::Result<std::unique_ptr<KafkaCommandSource>> KafkaCommandSource::create(const Settings& settings,
                                                                             processors::Log& log,
                                                                             processors::Metrics& metrics) {
  const Properties properties{
      {"isolation.level", "read_committed"}, {"queued.max.messages.kbytes", "1024"}, {"queued.min.messages", "1000"}};
  auto consumer = Consumer::create(settings, "commands", topic_name(settings, "commands"), properties, log, metrics);
  if (consumer.has_error()) return consumer.error();
  return std::unique_ptr<KafkaCommandSource>(new KafkaCommandSource(std::move(*consumer), log));
}

KafkaCommandSource::KafkaCommandSource(std::unique_ptr<Consumer> consumer, processors::Log& log)
    : consumer_(std::move(consumer)), log_(log), thread_([this] { run(); }) {}

KafkaCommandSource::~KafkaCommandSource() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  consumer_->wake();
  thread_.join();
}

void KafkaCommandSource::start(core::Partition partition, core::Offset from, Take take) {
  const std::lock_guard lock(mutex_);
  obsolete_.insert(partition);
  readings_.insert_or_assign(partition, Reading{from, std::move(take), Phase::waiting, {}, from.value()});
  consumer_->wake();
}

// The thread holds the mutex while it calls `take`.
void KafkaCommandSource::stop(core::Partition partition) {
  const std::lock_guard lock(mutex_);
  obsolete_.insert(partition);
  readings_.erase(partition);
  consumer_->wake();
}

void KafkaCommandSource::run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      reconcile();
    }
    const Message message = consumer_->next(look_up_interval);
    if (message == nullptr) continue;
    const core::Partition partition(static_cast<std::uint32_t>(message->partition));
    const std::lock_guard lock(mutex_);
    const auto found = readings_.find(partition);
    // What comes of an earlier start is nobody's.
    if (found == readings_.end() || obsolete_.contains(partition)) continue;
    Reading& reading = found->second;
    if (reading.phase != Phase::running && reading.phase != Phase::resetting) continue;
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && reading.phase == Phase::running) {
      reading.begin_at = RD_KAFKA_OFFSET_BEGINNING;
      pause(partition, reading, std::chrono::milliseconds(0));
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      failed(partition, reading, error_of(message->err, "reading topic " + consumer_->topic()));
    } else {
      if (reading.phase == Phase::resetting) found_position(partition, reading, core::Offset(message->offset));
      if (reading.phase != Phase::running || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      take(partition, reading,
           {core::Offset(message->offset), std::string(static_cast<const char*>(message->key), message->key_len),
            std::string(static_cast<const char*>(message->payload), message->len)});
    }
  }
}

// Has the consumer read what is to be read now.
void KafkaCommandSource::reconcile() {
  for (const core::Partition partition : std::exchange(obsolete_, {})) consumer_->stop(partition);
  const auto now = Clock::now();
  for (auto& [partition, reading] : readings_) {
    if (reading.phase != Phase::waiting || reading.resume_at > now) continue;
    reading.phase = reading.begin_at == RD_KAFKA_OFFSET_BEGINNING ? Phase::resetting : Phase::running;
    if (const auto started = consumer_->start(partition, reading.begin_at); started.has_error())
      failed(partition, reading, started.error());
  }
}

void KafkaCommandSource::take(core::Partition partition, Reading& reading, const processors::BusRecord& record) {
  if (!reading.take(record)) return pause(partition, reading, full_pause);
  reading.next = core::Offset(record.offset.value() + 1);
  reading.begin_at = reading.next.value();
}

// librdkafka 2.0.2 may go back too far when it resumes a pause, so a partition is stopped and started instead.
void KafkaCommandSource::pause(core::Partition partition, Reading& reading, std::chrono::milliseconds time) {
  consumer_->stop(partition);
  reading.phase = Phase::waiting;
  reading.resume_at = Clock::now() + time;
}

// The first record, or the end, after a reset.
void KafkaCommandSource::found_position(core::Partition partition, Reading& reading, core::Offset offset) {
  if (offset >= reading.next) {
    processors::warn(log_, "bus_commands_expired",
                     {{"partition", partition.value()}, {"from", reading.next.value()}, {"to", offset.value()}});
    reading.next = offset;
    reading.begin_at = offset.value();
    reading.phase = Phase::running;
    return;
  }
  processors::error(log_, "bus_commands_topic_created_anew",
                    {{"partition", partition.value()}, {"wanted", reading.next.value()}, {"begins", offset.value()}});
  consumer_->stop(partition);
  reading.phase = Phase::over;
}

void KafkaCommandSource::failed(core::Partition partition, Reading& reading, const core::Error& error) {
  processors::warn(log_, "bus_commands_failed",
                   {{"partition", partition.value()}, {"detail", std::string_view(error.detail)}});
  pause(partition, reading, failure_pause);
}

}  // namespace adapters::kafka
