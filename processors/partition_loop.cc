#include "processors/partition_loop.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <iterator>
#include <utility>

#include "core/invariant.h"
#include "schemas/bus_command.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t commands_per_turn_max = 256;
constexpr std::size_t group_bytes_full = 1u << 20;  // a turn takes no further command beyond this
constexpr std::size_t waiting_max = 20'000;
constexpr std::size_t bus_command_bytes_max = 256u << 10;  // what it leads to must fit into a group
constexpr std::size_t bus_commands_max = 1'000;            // waiting; then their source is told to come again
constexpr std::size_t records_per_write = 256;             // in recovery
constexpr std::size_t timers_per_turn_max = 256;
constexpr auto timer_check_interval = std::chrono::milliseconds(200);
constexpr auto overloaded_retry_interval = std::chrono::milliseconds(50);

const std::string no_chain(64, '0');
// Of a record that opens an epoch: its writer cannot know what will come before it. The next record's chain covers it.
const std::string unknown_chain(32, '\0');

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
      overlay_(store, settings_.partition),
      tried_(settings_.tried) {
  position_.chain = no_chain;
}

// --- recovery -------------------------------------------------------------------------------------------------------

core::Result<void> PartitionLoop::check_wanted() const {
  if (!settings_.wanted || settings_.wanted()) return {};
  return unavailable("the partition was assigned away");
}

core::Result<void> PartitionLoop::recover() {
  if (const auto wanted = check_wanted(); wanted.has_error()) return wanted;
  const core::Result<core::Offset> end =
      journal_.open(settings_.partition, [weak = weak_from_this()](const core::Error& error) {
        if (const auto self = weak.lock()) boost::asio::post(self->strand_, [self, error] { self->halt(error); });
      });
  core::Result<void> recovered;
  if (end.has_error()) recovered = end.error();
  if (recovered.has_value()) recovered = load_position(*end);
  if (recovered.has_value()) recovered = replay(*end);
  if (recovered.has_value()) recovered = take_over();
  return recovered;
}

core::Result<void> PartitionLoop::load_position(core::Offset end) {
  const auto stored = store_.get(settings_.partition, schemas::position_key);
  if (stored.has_error()) return stored.error();
  if (*stored) {
    core::Result<schemas::Position> position = schemas::decode_position(**stored);
    if (position.has_error()) return position.error();
    position_ = std::move(*position);
  }
  if (position_.next <= end) return {};
  return core::Error{
      core::ErrorCode::log_corrupt,
      "the journal of partition " + std::to_string(settings_.partition.value()) + " ends at offset " +
          std::to_string(end.value()) + " but the state has applied it up to " +
          std::to_string(position_.next.value()) +
          ": records are missing, or this is another journal (a topic that was deleted and made again). Restore the "
          "journal; only if that loss is accepted, remove the state folder and start again"};
}

// Applies what lies before `until`, and what was appended behind it meanwhile.
core::Result<void> PartitionLoop::replay(core::Offset until) {
  std::optional<core::Error> failure;
  std::size_t unwritten = 0;
  const auto visit = [&](const StoredRecord& stored_record) {
    core::Result<void> applied = check_wanted();
    if (applied.has_value()) applied = apply_record(stored_record);
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
  if (position_.next < until)
    return core::Error{core::ErrorCode::unavailable, "the journal could not be read up to its end"};
  return write_changes();
}

std::string PartitionLoop::place_of(core::Offset offset) const {
  return "partition " + std::to_string(settings_.partition.value()) + ", offset " + std::to_string(offset.value());
}

core::Result<void> PartitionLoop::apply_record(const StoredRecord& stored) {
  const JournalRecord& record = stored.record;
  const std::string where = place_of(stored.offset);
  position_.next = core::Offset(stored.offset.value() + 1);
  if (!counts(record, position_.epoch, position_.instance)) {
    metrics_.count("batchrouter_journal_ignored_records_total", {});
    return {};
  }
  const bool opens = record.epoch > position_.epoch;
  const std::string chain = chain_of(position_.chain, record);
  if (record.chain != chain && !(opens && record.chain == unknown_chain))
    return core::Error{core::ErrorCode::log_corrupt,
                       "the hash chain of the journal is broken at " + where +
                           ": a record was changed or is missing, or the state was made from another journal"};
  core::Result<std::vector<schemas::RecordedEvent>> events = schemas::decode_group(record.value);
  if (events.has_error()) return core::Error{core::ErrorCode::malformed_event, where + ": " + events.error().detail};
  if (opens) {
    const auto* opened = events->empty() ? nullptr : std::get_if<core::PartitionOpened>(&events->front().event);
    if (opened == nullptr || opened->epoch != record.epoch)
      return core::Error{core::ErrorCode::log_corrupt, "an epoch begins without an owner at " + where};
  }
  const core::Result<void> applied = apply_events(record.time, *events);
  if (applied.has_error()) return core::Error{applied.error().code, where + ": " + applied.error().detail};
  position_.epoch = record.epoch;
  position_.instance = record.instance;
  position_.time = record.time;
  position_.chain = schemas::to_hex(chain);
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
  if (const auto wanted = check_wanted(); wanted.has_error()) return wanted;
  // Never an epoch twice: of two records that open one, each would be taken for the other.
  const core::Epoch epoch(std::max(position_.epoch, tried_).value() + 1);
  tried_ = epoch;
  const core::Timestamp time = std::max(settings_.now(), position_.time);
  const std::string number = std::to_string(settings_.partition.value());
  schemas::GroupWriter group(settings_.partition, time);
  group.add({core::CommandId("open/" + number + "/" + std::to_string(epoch.value())),
             core::AggregateKey("partition:" + number), core::PartitionOpened{epoch, settings_.instance}});
  JournalRecord record = make_record(epoch, time, std::move(group));
  record.chain = unknown_chain;

  std::promise<core::Result<core::Offset>> confirmed;
  journal_.append(settings_.partition, std::move(record),
                  [&](core::Result<core::Offset> offset) { confirmed.set_value(std::move(offset)); });
  const core::Result<core::Offset> offset = confirmed.get_future().get();
  if (offset.has_error()) return offset.error();
  // The owner before may have appended until our record, and that counts.
  if (const auto replayed = replay(core::Offset(offset->value() + 1)); replayed.has_error()) return replayed;
  if (position_.epoch != epoch || position_.instance != settings_.instance)
    return core::Error{core::ErrorCode::fenced, "another node has taken over partition " + number};
  term_ = std::make_shared<Term>(settings_.partition, epoch);
  return {};
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
  if (settings_.confirmed) settings_.confirmed(settings_.partition, position_.next);
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
  waiting.envelope.id = core::CommandId("bus/" + std::to_string(record.offset.value()));
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
        if (self->halted_)
          return answered(unavailable("this partition is not served now: " + self->halted_error_->detail));
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

void PartitionLoop::begin_turn() {
  if (turn_in_flight_ || !started_ || stopping_ || halted_ || suspended_until_) return;
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
  turn->record = make_record(position_.epoch, time, std::move(turn->group));
  INVARIANT(turn->record.value.size() <= Journal::record_bytes_max);
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
  if (waiting.bus) {
    --bus_commands_waiting_;
    const core::BusCursor* cursor = overlay_.find<core::BusCursor>(core::BusCursor{}.key());
    if (cursor != nullptr && waiting.bus->offset < cursor->next) return;  // handed over twice
  }
  core::Result<core::Decision> decision =
      waiting.bus && waiting.bus->unreadable
          ? core::Result<core::Decision>(*waiting.bus->unreadable)
          : core::decide(overlay_, core::Context{settings_.policy, turn.time}, waiting.envelope.command);
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
  if (waiting.bus) {
    const std::string refusal(decision.has_error() ? core::to_string(decision.error().code) : std::string_view{});
    events.insert(events.begin(), core::BusCommandTaken{waiting.bus->offset, waiting.bus->id, refusal});
    metrics_.count("batchrouter_bus_commands_total", {{"outcome", refusal.empty() ? "carried_out" : "refused"}});
  }

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
    position_.chain = schemas::to_hex(turn->record.chain);
    written = write_changes();
    metrics_.count("batchrouter_events_total", {}, static_cast<double>(turn->events.size()));
  }
  if (written.has_error()) {
    for (auto& [answered, result] : turn->answers)
      answered(unavailable("the outcome of this request is not known; ask again after a while"));
    halt(written.error());
    return turn_ended();
  }
  for (auto& [answered, result] : turn->answers) answered(std::move(result));
  for (const schemas::RecordedEvent& event : turn->events) {
    for (const core::Effect& effect : core::react(event.event)) effects_.start(term_, event.aggregate, effect);
  }
  if (settings_.confirmed && !turn->events.empty()) settings_.confirmed(settings_.partition, position_.next);
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
  refuse_waiting(unavailable("this partition is not served now: " + halted_error_->detail));
  if (ended_) ended_(*halted_error_);
}

}  // namespace processors
