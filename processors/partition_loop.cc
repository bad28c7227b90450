#include "processors/partition_loop.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <iterator>
#include <utility>

#include "core/invariant.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t commands_per_turn_max = 256;
constexpr std::size_t group_bytes_full = 1u << 20;  // a turn takes no further command beyond this
constexpr std::size_t waiting_max = 20'000;
constexpr std::size_t records_per_write = 256;  // in recovery
constexpr std::size_t timers_per_turn_max = 256;
constexpr auto timer_check_interval = std::chrono::milliseconds(200);

const std::string no_chain(64, '0');

core::Error unavailable(const std::string& why) {
  return {core::ErrorCode::unavailable, why};
}

std::string chain_of(const std::string& before_hex, const JournalRecord& record) {
  schemas::Sha256 digest;
  digest.update(before_hex);
  digest.update("\n" + std::to_string(record.epoch.value()) + "\n" + record.instance + "\n" +
                std::to_string(record.time.time_since_epoch().count()) + "\n");
  digest.update(record.value);
  return digest.finish_raw();
}

}  // namespace

PartitionLoop::PartitionLoop(boost::asio::any_io_executor executor, Settings settings, Journal& journal,
                             StateStore& store, EffectRunner& effects, Metrics& metrics)
    : settings_(std::move(settings)),
      journal_(journal),
      store_(store),
      effects_(effects),
      metrics_(metrics),
      strand_(boost::asio::make_strand(executor)),
      timer_(strand_),
      overlay_(store, settings_.partition) {
  position_.chain = no_chain;
}

// --- recovery -------------------------------------------------------------------------------------------------------

core::Result<void> PartitionLoop::recover() {
  const core::Result<core::Offset> end = journal_.open(settings_.partition, [](const core::Error&) {});
  if (end.has_error()) {
    halt(end.error());
    return end.error();
  }
  core::Result<void> recovered = replay(*end);
  if (recovered.has_value()) recovered = take_over();
  if (recovered.has_error()) halt(recovered.error());
  return recovered;
}

core::Result<void> PartitionLoop::replay(core::Offset end) {
  const auto stored = store_.get(settings_.partition, schemas::position_key);
  if (stored.has_error()) return stored.error();
  if (*stored) {
    core::Result<schemas::Position> position = schemas::decode_position(**stored);
    if (position.has_error()) return position.error();
    position_ = std::move(*position);
  }
  if (position_.next > end)
    return core::Error{
        core::ErrorCode::log_corrupt,
        "the journal of partition " + std::to_string(settings_.partition.value()) + " ends at offset " +
            std::to_string(end.value()) + " but the state has applied it up to " +
            std::to_string(position_.next.value()) +
            ": records are missing. Restore the journal; only if that loss is accepted, remove the state "
            "folder and start again"};

  std::optional<core::Error> failure;
  std::size_t unwritten = 0;
  const auto visit = [&](const StoredRecord& stored_record) {
    core::Result<void> applied = apply_record(stored_record);
    if (applied.has_value() && ++unwritten >= records_per_write) {
      unwritten = 0;
      applied = write_changes();
    }
    if (applied.has_error()) failure = applied.error();
    return !failure.has_value();
  };
  const auto read = journal_.read(settings_.partition, position_.next, visit);
  if (failure) return *failure;
  if (read.has_error()) return read.error();
  return write_changes();
}

core::Result<void> PartitionLoop::apply_record(const StoredRecord& stored) {
  const JournalRecord& record = stored.record;
  const std::string where =
      "partition " + std::to_string(settings_.partition.value()) + ", offset " + std::to_string(stored.offset.value());
  position_.next = core::Offset(stored.offset.value() + 1);
  if (record.epoch < position_.epoch) {
    // Written by an owner that had been replaced: it counts for nobody.
    metrics_.count("batchrouter_journal_ignored_records_total", {});
    return {};
  }
  if (record.chain != chain_of(position_.chain, record))
    return core::Error{core::ErrorCode::log_corrupt, "the hash chain of the journal is broken at " + where};
  core::Result<std::vector<schemas::RecordedEvent>> events = schemas::decode_group(record.value);
  if (events.has_error()) return core::Error{core::ErrorCode::malformed_event, where + ": " + events.error().detail};
  const core::Result<void> applied = apply_events(record.time, *events);
  if (applied.has_error()) return core::Error{applied.error().code, where + ": " + applied.error().detail};
  position_.epoch = record.epoch;
  position_.time = record.time;
  position_.chain = schemas::to_hex(record.chain);
  return {};
}

core::Result<void> PartitionLoop::apply_events(core::Timestamp time,
                                               const std::vector<schemas::RecordedEvent>& events) {
  for (const schemas::RecordedEvent& event : events) {
    const core::Result<void> applied = core::apply(overlay_, time, event.aggregate, event.event);
    if (applied.has_error()) return applied;
    if (overlay_.failure()) return *overlay_.failure();
  }
  return {};
}

core::Result<void> PartitionLoop::write_changes() {
  std::vector<RowChange> changes;
  overlay_.take_changes(changes);
  changes.push_back({schemas::position_key, schemas::encode_position(position_)});
  return store_.write(settings_.partition, changes);
}

core::Result<void> PartitionLoop::take_over() {
  const core::Epoch epoch(position_.epoch.value() + 1);
  const core::Timestamp time = std::max(settings_.now(), position_.time);
  const std::string number = std::to_string(settings_.partition.value());
  schemas::GroupWriter group(settings_.partition, time);
  group.add({core::CommandId("open/" + number + "/" + std::to_string(epoch.value())),
             core::AggregateKey("partition:" + number), core::PartitionOpened{epoch, settings_.instance}});
  JournalRecord record = make_record(epoch, time, std::move(group));

  std::promise<core::Result<core::Offset>> confirmed;
  journal_.append(settings_.partition, record,
                  [&](core::Result<core::Offset> offset) { confirmed.set_value(std::move(offset)); });
  const core::Result<core::Offset> offset = confirmed.get_future().get();
  if (offset.has_error()) return offset.error();
  if (const auto applied = apply_record({*offset, std::move(record)}); applied.has_error()) return applied;
  return write_changes();
}

JournalRecord PartitionLoop::make_record(core::Epoch epoch, core::Timestamp time, schemas::GroupWriter group) const {
  JournalRecord record;
  record.epoch = epoch;
  record.instance = settings_.instance;
  record.time = time;
  record.value = std::move(group).finish();
  record.chain = chain_of(position_.chain, record);
  return record;
}

// --- serving --------------------------------------------------------------------------------------------------------

void PartitionLoop::start() {
  boost::asio::post(strand_, [this] {
    if (started_ || halted_) return;
    started_ = true;
    std::optional<core::Error> failure;
    const std::string prefix = schemas::row_prefix<core::Outstanding>();
    const auto scanned = store_.scan(
        settings_.partition, prefix, schemas::prefix_end(prefix), [&](std::string_view, std::string_view value) {
          core::Result<core::Outstanding> row = schemas::decode_row<core::Outstanding>(value);
          if (row.has_error())
            failure = row.error();
          else
            effects_.start(row->origin, row->effect);
          return !failure.has_value();
        });
    if (scanned.has_error()) failure = scanned.error();
    if (failure) return halt(*failure);
    begin_turn();
    arm_timer();
  });
}

void PartitionLoop::stop(std::function<void()> stopped) {
  boost::asio::post(strand_, [this, stopped = std::move(stopped)]() mutable {
    stopped_ = std::move(stopped);
    timer_.cancel();
    if (!turn_in_flight_) finish_stopping();
  });
}

void PartitionLoop::finish_stopping() {
  for (Waiting& waiting : std::exchange(waiting_, {}))
    waiting.answered(unavailable("the service is stopping; try again"));
  if (stopped_) std::exchange(stopped_, nullptr)();
  started_ = false;
}

void PartitionLoop::submit(core::Envelope envelope, Answered answered) {
  boost::asio::post(strand_, [this, envelope = std::move(envelope), answered = std::move(answered)]() mutable {
    if (halted_) return answered(unavailable("this partition is halted: " + halted_error_->detail));
    if (!started_ || stopped_) return answered(unavailable("the service is starting or stopping; try again"));
    if (waiting_.size() >= waiting_max)
      return answered(core::Error{core::ErrorCode::overloaded, "too many requests are waiting; try again"});
    waiting_.push_back({std::move(envelope), std::move(answered), std::nullopt});
    begin_turn();
  });
}

std::optional<core::Error> PartitionLoop::halted() const {
  if (!halted_) return std::nullopt;
  return halted_error_;
}

// Due timers become the first commands of a turn. No turn is in flight, so the store holds every timer there is.
void PartitionLoop::take_due_timers(core::Timestamp now) {
  const std::string prefix = schemas::row_prefix<core::Timer>();
  const std::string end = schemas::row_prefix<core::Timer>(now + core::Duration(1));
  std::vector<Waiting> due;
  std::optional<core::Error> failure;
  const auto visit = [&](std::string_view, std::string_view value) {
    core::Result<core::Timer> timer = schemas::decode_row<core::Timer>(value);
    if (timer.has_error()) {
      failure = timer.error();
      return false;
    }
    core::Envelope envelope;
    envelope.id = core::CommandId("timer/" + timer->id + "/" + std::to_string(timer->due.time_since_epoch().count()));
    envelope.aggregate = timer->origin;
    envelope.time = now;
    envelope.command = std::move(timer->command);
    due.push_back({std::move(envelope), [](const core::Result<Answer>&) {}, core::TimerFired{timer->due, timer->id}});
    return due.size() < timers_per_turn_max;
  };
  const auto scanned = store_.scan(settings_.partition, prefix, end, visit);
  if (scanned.has_error()) failure = scanned.error();
  if (failure) return halt(*failure);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
}

void PartitionLoop::begin_turn() {
  if (turn_in_flight_ || !started_ || stopped_ || halted_) return;
  const core::Timestamp time = std::max(settings_.now(), position_.time);
  take_due_timers(time);
  if (halted_ || waiting_.empty()) return;

  auto turn = std::make_shared<Turn>(settings_.partition, time);
  std::size_t commands = 0;
  for (; commands < commands_per_turn_max && !waiting_.empty() && turn->group.bytes() < group_bytes_full; ++commands) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    decide_one(*turn, std::move(waiting));
    if (halted_) return;
  }
  metrics_.count("batchrouter_commands_total", {}, static_cast<double>(commands));
  turn_in_flight_ = true;
  if (turn->events.empty()) {
    end_turn(turn, position_.next);
    return;
  }
  JournalRecord record = make_record(position_.epoch, time, std::move(turn->group));
  INVARIANT(record.value.size() <= Journal::record_bytes_max);
  turn->chain = schemas::to_hex(record.chain);
  journal_.append(settings_.partition, std::move(record), [this, turn](core::Result<core::Offset> confirmed) {
    boost::asio::post(
        strand_, [this, turn, confirmed = std::move(confirmed)]() mutable { end_turn(turn, std::move(confirmed)); });
  });
}

void PartitionLoop::decide_one(Turn& turn, Waiting waiting) {
  core::Result<core::Decision> decision =
      core::decide(overlay_, core::Context{settings_.policy, turn.time}, waiting.envelope.command);
  // Nothing of this turn was appended, so nothing is lost.
  const auto give_up = [&](const core::Error& error) {
    waiting.answered(unavailable("this partition is halted"));
    for (auto& [answered, result] : turn.answers) answered(unavailable("this partition is halted"));
    halt(error);
  };
  if (overlay_.failure()) return give_up(*overlay_.failure());
  std::vector<core::Event> events;
  if (decision.has_value()) events = std::move(decision->events);
  if (waiting.timer) events.push_back(*waiting.timer);

  for (core::Event& event : events) {
    const core::Result<void> applied = core::apply(overlay_, turn.time, waiting.envelope.aggregate, event);
    if (overlay_.failure()) return give_up(*overlay_.failure());
    if (applied.has_error()) return give_up(applied.error());  // a decision of ours that our own fold refuses
    turn.events.push_back({waiting.envelope.id, waiting.envelope.aggregate, std::move(event)});
    turn.group.add(turn.events.back());
  }
  if (decision.has_error())
    turn.answers.emplace_back(std::move(waiting.answered), decision.error());
  else
    turn.answers.emplace_back(std::move(waiting.answered),
                              Answer{std::move(decision->subject), decision->replayed, turn.time});
}

void PartitionLoop::end_turn(std::shared_ptr<Turn> turn, core::Result<core::Offset> confirmed) {
  turn_in_flight_ = false;
  core::Result<void> written;
  if (confirmed.has_error()) {
    written = confirmed.error();
  } else if (!turn->events.empty()) {
    position_.next = core::Offset(confirmed->value() + 1);
    position_.time = turn->time;
    position_.chain = std::move(turn->chain);
    written = write_changes();
    metrics_.count("batchrouter_events_total", {}, static_cast<double>(turn->events.size()));
  }
  if (written.has_error()) {
    for (auto& [answered, result] : turn->answers)
      answered(unavailable("the outcome of this request is not known; ask again after a while"));
    halt(written.error());
    return;
  }
  for (auto& [answered, result] : turn->answers) answered(std::move(result));
  for (const schemas::RecordedEvent& event : turn->events) {
    for (const core::Effect& effect : core::react(event.event)) effects_.start(event.aggregate, effect);
  }
  if (stopped_) return finish_stopping();
  begin_turn();
}

void PartitionLoop::arm_timer() {
  if (!started_ || stopped_ || halted_) return;
  timer_.expires_after(timer_check_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    begin_turn();
    arm_timer();
  });
}

void PartitionLoop::halt(core::Error error) {
  if (halted_) return;
  halted_error_ = std::move(error);
  halted_ = true;
  timer_.cancel();
  metrics_.count("batchrouter_partitions_halted_total", {});
  for (Waiting& waiting : std::exchange(waiting_, {}))
    waiting.answered(unavailable("this partition is halted: " + halted_error_->detail));
  if (stopped_) finish_stopping();
}

}  // namespace processors
