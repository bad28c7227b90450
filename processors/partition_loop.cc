#include "processors/partition_loop.h"

#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "core/invariant.h"
#include "core/mutant.h"
#include "core/parking/rules.h"
#include "processors/chain.h"
#include "processors/fault_point.h"
#include "schemas/bus_command.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t commands_per_turn_max = 256;
constexpr std::size_t group_bytes_full = 1u << 20;  // a turn takes no further command beyond this
constexpr std::size_t waiting_max = 20'000;
constexpr std::size_t bus_command_bytes_max = 256u << 10;  // what it leads to must fit into a group
constexpr std::size_t bus_commands_max = 1'000;            // waiting; then their source is told to come again
constexpr std::size_t timers_per_turn_max = 256;
constexpr auto timer_check_interval = std::chrono::milliseconds(200);
constexpr auto overloaded_retry_interval = std::chrono::milliseconds(50);

core::Error unavailable(const std::string& why) {
  return {core::ErrorCode::unavailable, why};
}

}  // namespace

core::Error PartitionLoop::not_served() {
  return unavailable(
      "this part of the service is not available now, and nothing was done; send the same request again after a "
      "moment");
}

PartitionLoop::PartitionLoop(boost::asio::any_io_executor executor, Settings settings, Journal& journal,
                             StateStore& store, EffectRunner& effects, Metrics& metrics)
    : settings_(std::move(settings)),
      journal_(journal),
      store_(store),
      effects_(effects),
      metrics_(metrics),
      strand_(boost::asio::make_strand(executor)),
      timer_(strand_),
      fold_(store, settings_.partition),
      tried_(settings_.tried) {}

JournalRecord PartitionLoop::make_record(core::Epoch epoch, core::Timestamp time, schemas::GroupWriter group) const {
  JournalRecord record;
  record.epoch = epoch;
  record.instance = settings_.instance;
  record.time = time;
  record.value = std::move(group).finish();
  record.chain = chain_of(fold_.position().chain, record);
  return record;
}

// --- serving --------------------------------------------------------------------------------------------------------

void PartitionLoop::start(Ended ended) {
  boost::asio::post(strand_, [self = shared_from_this(), ended = std::move(ended)]() mutable {
    self->begin_serving(std::move(ended));
  });
}

void PartitionLoop::begin_serving(Ended ended) {
  ended_ = std::move(ended);
  if (started_ || stopping_) return;
  if (halted_) {
    term_->ended = true;
    return ended_(*halted_error_);
  }
  started_ = true;
  if (settings_.confirmed) settings_.confirmed(settings_.partition, fold_.position().next);
  std::optional<core::Error> failure;
  const std::string prefix = schemas::row_prefix<core::Outstanding>();
  const auto scanned = store_.scan(
      settings_.partition, prefix, schemas::prefix_end(prefix), [&](std::string_view, std::string_view value) {
        core::Result<core::Outstanding> row = schemas::decode_row<core::Outstanding>(value);
        if (row.has_error())
          failure = row.error();
        else
          effects_.start(term_, row->origin, row->effect);
        return !failure.has_value();
      });
  if (scanned.has_error()) failure = scanned.error();
  if (failure) return halt(*failure);
  if (const auto started = start_commands(); started.has_error()) return halt(started.error());
  begin_turn();
  arm_timer();
}

core::Result<void> PartitionLoop::start_commands() {
  if (settings_.commands == nullptr) return {};
  core::BusCursor cursor;
  const auto stored = store_.get(settings_.partition, schemas::row_key<core::BusCursor>(cursor.key()));
  if (stored.has_error()) return stored.error();
  if (*stored) {
    core::Result<core::BusCursor> row = schemas::decode_row<core::BusCursor>(**stored);
    if (row.has_error()) return row.error();
    cursor = std::move(*row);
  }
  settings_.commands->start(settings_.partition, cursor.next,
                            [this](const BusRecord& record) { return take_from_bus(record); });
  return {};
}

// The source is stopped before the loop ends, see stop().
bool PartitionLoop::take_from_bus(const BusRecord& record) {
  if (halted_ || bus_commands_waiting_ >= bus_commands_max) return false;
  Waiting waiting{{}, [](const core::Result<Answer>&) {}, std::nullopt, FromBus{record.offset}};
  waiting.envelope.aggregate = core::AggregateKey("partition:" + std::to_string(settings_.partition.value()));
  core::Result<schemas::BusCommand> command =
      record.value.size() > bus_command_bytes_max
          ? core::Error{core::ErrorCode::payload_too_large, "a command over the bus has 256 KiB at most"}
          : schemas::decode_bus_command(record.value);
  if (command.has_error()) {
    waiting.bus->unreadable = command.error();
  } else if (core::partition_of(command->aggregate, settings_.partition_count) != settings_.partition) {
    waiting.bus->unreadable = core::Error{core::ErrorCode::invalid_request, "this aggregate is another partition's"};
  } else {
    waiting.bus->id = std::move(command->id);
    waiting.envelope.aggregate = std::move(command->aggregate);
    waiting.envelope.command = std::move(command->command);
  }
  waiting.envelope.id = core::CommandId("bus/" + std::to_string(settings_.partition.value()) + "/" +
                                        std::to_string(record.offset.value()));
  ++bus_commands_waiting_;
  boost::asio::post(strand_, [self = shared_from_this(), waiting = std::move(waiting)]() mutable {
    if (self->halted_ || self->stopping_) return;  // not taken: the next owner finds it where the cursor stands
    self->waiting_.push_back(std::move(waiting));
    self->begin_turn();
  });
  return true;
}

void PartitionLoop::suspend(std::chrono::milliseconds patience, std::function<void()> suspended) {
  boost::asio::post(strand_, [self = shared_from_this(), patience, suspended = std::move(suspended)]() mutable {
    self->suspended_until_ = std::chrono::steady_clock::now() + patience;
    self->when_idle_.push_back(std::move(suspended));
    if (!self->turn_in_flight_) self->turn_ended();
  });
}

void PartitionLoop::resume() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->suspended_until_.reset();
    self->begin_turn();
  });
}

void PartitionLoop::stop(std::function<void()> stopped) {
  boost::asio::post(strand_, [self = shared_from_this(), stopped = std::move(stopped)]() mutable {
    self->stopping_ = true;
    if (self->term_) self->term_->ended = true;
    self->timer_.cancel();
    if (self->settings_.commands != nullptr) self->settings_.commands->stop(self->settings_.partition);
    self->refuse_waiting(unavailable("the service is stopping; try again"));
    self->when_idle_.push_back(std::move(stopped));
    if (!self->turn_in_flight_) self->turn_ended();
  });
}

// Once: a second one might meet the term after this, which has the journal open again.
void PartitionLoop::close() {
  std::call_once(closed_, [this] { journal_.close(settings_.partition); });
}

void PartitionLoop::turn_ended() {
  for (const auto& idle : std::exchange(when_idle_, {})) idle();
}

// Nobody waits for an answer to what came over the bus, and it must not be passed over: it stays, until the term ends.
void PartitionLoop::refuse_waiting(const core::Error& error) {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    if (waiting.bus)
      waiting_.push_back(std::move(waiting));
    else
      waiting.answered(error);
  }
}

bool PartitionLoop::out_of_patience() const {
  return suspended_until_ && std::chrono::steady_clock::now() >= *suspended_until_;
}

void PartitionLoop::submit(core::Envelope envelope, Answered answered) {
  boost::asio::post(
      strand_, [self = shared_from_this(), envelope = std::move(envelope), answered = std::move(answered)]() mutable {
        if (self->halted_) return answered(not_served());
        if (!self->started_ || self->stopping_)
          return answered(unavailable("the service is starting or stopping; try again"));
        if (self->out_of_patience()) return answered(unavailable("the journal is out of reach; try again"));
        if (self->waiting_.size() >= waiting_max)
          return answered(core::Error{core::ErrorCode::overloaded, "too many requests are waiting; try again"});
        self->waiting_.push_back({std::move(envelope), std::move(answered), std::nullopt, std::nullopt});
        self->begin_turn();
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
    due.push_back({std::move(envelope), [](const core::Result<Answer>&) {}, core::TimerFired{timer->due, timer->id},
                   std::nullopt});
    return due.size() < timers_per_turn_max;
  };
  const auto scanned = store_.scan(settings_.partition, prefix, end, visit);
  if (scanned.has_error()) failure = scanned.error();
  if (failure) return halt(*failure);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
}

// The wall clock's, and never before that of the newest record. After a clock that had leapt ahead was set right, it
// goes on at half the speed until the wall clock has caught up: timers come late, and not never.
core::Timestamp PartitionLoop::log_time() {
  const core::Timestamp newest = fold_.position().time;
  const core::Timestamp wall = settings_.now();
  const auto steady = std::chrono::steady_clock::now();
  if (wall >= newest) {
    ahead_.reset();
    return wall;
  }
  if (!ahead_) ahead_ = Ahead{newest, steady};
  return std::max(newest, ahead_->time + std::chrono::duration_cast<core::Duration>(steady - ahead_->since) / 2);
}

void PartitionLoop::begin_turn() {
  if (turn_in_flight_ || !started_ || stopping_ || halted_ || suspended_until_) return;
  const core::Timestamp time = log_time();
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
    end_turn(turn, fold_.position().next);
    return;
  }
  turn->record = make_record(fold_.position().epoch, time, std::move(turn->group));
  INVARIANT(turn->record.value.size() <= Journal::record_bytes_max);
  if (MUTANT(24)) {
    for (auto& [answered, result] : std::exchange(turn->answers, {})) answered(std::move(result));
  }
  FAULT_POINT(F01);
  append(std::move(turn));
}

void PartitionLoop::append(std::shared_ptr<Turn> turn) {
  JournalRecord record = turn->record;
  journal_.append(settings_.partition, std::move(record),
                  [self = shared_from_this(), turn](core::Result<core::Offset> confirmed) {
                    boost::asio::post(self->strand_, [self, turn, confirmed = std::move(confirmed)]() mutable {
                      if (confirmed.has_error() && confirmed.error().code == core::ErrorCode::overloaded)
                        return self->append_later(turn);
                      self->end_turn(turn, std::move(confirmed));
                    });
                  });
}

// Nothing was appended, and nothing may be decided in between: the turn waits for room.
void PartitionLoop::append_later(std::shared_ptr<Turn> turn) {
  metrics_.count("batchrouter_journal_overloaded_total", {});
  if (stopping_ || halted_) return end_turn(turn, unavailable("the journal has no room"));
  auto timer = std::make_shared<boost::asio::steady_timer>(strand_, overloaded_retry_interval);
  timer->async_wait([self = shared_from_this(), turn, timer](const boost::system::error_code&) { self->append(turn); });
}

void PartitionLoop::decide_one(Turn& turn, Waiting waiting) {
  Overlay& state = fold_.state();
  if (waiting.bus) {
    --bus_commands_waiting_;
    const core::BusCursor* cursor = state.find<core::BusCursor>(core::BusCursor{}.key());
    if (cursor != nullptr && waiting.bus->offset < cursor->next) return;  // handed over twice
  }
  core::Result<core::Decision> decision =
      waiting.bus && waiting.bus->unreadable
          ? core::Result<core::Decision>(*waiting.bus->unreadable)
          : core::decide(state, core::Context{settings_.policy, turn.time}, waiting.envelope.command);
  std::vector<core::Event> events = events_of(waiting, decision);
  core::Result<void> applied = apply_events(turn, waiting, events);
  if (applied.has_error() && !state.failure() && decision.has_value()) {
    // A decision of ours that our own fold refuses: an operator sees to it, and the partition goes on.
    decision = core::Error{core::ErrorCode::internal,
                           "this could not be carried out; nothing of it happened, and the operators can see it"};
    events = events_of(waiting, decision);
    // Once: effects that report again and again, under one id, are parked when they come first.
    if (core::parking::parkable(waiting.envelope.command) &&
        state.find<core::parking::Parked>({waiting.envelope.id}) == nullptr) {
      metrics_.count("batchrouter_commands_parked_total", {});
      events.push_back(
          core::parking::CommandParked{waiting.envelope.id, waiting.envelope.command, applied.error().detail});
    }
    applied = apply_events(turn, waiting, events);
  }
  if (state.failure()) applied = *state.failure();
  if (applied.has_error()) {
    // Nothing of this turn was appended, so nothing is lost.
    waiting.answered(unavailable("this partition is halted"));
    for (auto& [answered, result] : turn.answers) answered(unavailable("this partition is halted"));
    return halt(applied.error());
  }

  if (waiting.bus)
    metrics_.count("batchrouter_bus_commands_total", {{"outcome", decision.has_value() ? "carried_out" : "refused"}});
  for (core::Event& event : events) {
    turn.events.push_back({waiting.envelope.id, waiting.envelope.aggregate, std::move(event)});
    turn.group.add(turn.events.back());
  }
  if (decision.has_error())
    turn.answers.emplace_back(std::move(waiting.answered), decision.error());
  else
    turn.answers.emplace_back(std::move(waiting.answered),
                              Answer{std::move(decision->subject), decision->replayed, turn.time});
}

// What was decided, and what is to be kept of where the command came from.
std::vector<core::Event> PartitionLoop::events_of(const Waiting& waiting,
                                                  const core::Result<core::Decision>& decision) {
  std::vector<core::Event> events;
  if (decision.has_value()) events = decision->events;
  if (waiting.timer) events.push_back(*waiting.timer);
  if (waiting.bus) {
    const std::string refusal(decision.has_error() ? core::to_string(decision.error().code) : std::string_view{});
    events.insert(events.begin(), core::BusCommandTaken{waiting.bus->offset, waiting.bus->id, refusal});
  }
  return events;
}

// All of them, or none.
core::Result<void> PartitionLoop::apply_events(const Turn& turn, const Waiting& waiting,
                                               const std::vector<core::Event>& events) {
  Overlay& state = fold_.state();
  state.mark();
  for (const core::Event& event : events) {
    core::Result<void> applied = core::apply(state, turn.time, waiting.envelope.aggregate, event);
    if (applied.has_error() || state.failure()) {
      state.roll_back();
      return applied;
    }
  }
  return {};
}

void PartitionLoop::end_turn(std::shared_ptr<Turn> turn, core::Result<core::Offset> confirmed) {
  turn_in_flight_ = false;
  core::Result<void> written;
  if (confirmed.has_error()) {
    if (confirmed.error().code == core::ErrorCode::fenced) FAULT_POINT(F26);
    written = confirmed.error();
  } else if (!turn->events.empty()) {
    FAULT_POINT(F04);
    fold_.appended(*confirmed, turn->record);
    written = fold_.write();
    FAULT_POINT(F06);
    metrics_.count("batchrouter_events_total", {}, static_cast<double>(turn->events.size()));
  }
  if (written.has_error()) {
    for (auto& [answered, result] : turn->answers)
      answered(
          unavailable("the outcome of this request is not known: look whether it was done, or send it again with the "
                      "same Idempotency-Key"));
    halt(written.error());
    return turn_ended();
  }
  for (auto& [answered, result] : turn->answers) answered(std::move(result));
  for (const schemas::RecordedEvent& event : turn->events) {
    for (const core::Effect& effect : core::react(event.event)) effects_.start(term_, event.aggregate, effect);
  }
  if (settings_.confirmed && !turn->events.empty()) settings_.confirmed(settings_.partition, fold_.position().next);
  turn_ended();
  begin_turn();
}

void PartitionLoop::arm_timer() {
  if (!started_ || stopping_ || halted_) return;
  timer_.expires_after(timer_check_interval);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (self->out_of_patience()) self->refuse_waiting(unavailable("the journal is out of reach; try again"));
    self->begin_turn();
    self->arm_timer();
  });
}

// What is in flight ends by itself: the journal answers every append.
void PartitionLoop::halt(core::Error error) {
  if (halted_) return;
  halted_error_ = std::move(error);
  halted_ = true;
  if (started_) term_->ended = true;
  timer_.cancel();
  refuse_waiting(not_served());
  if (ended_) ended_(*halted_error_);
}

}  // namespace processors
