#include "processors/dispatch/unit_run.h"

#include <algorithm>
#include <utility>

#include "core/mutant.h"
#include "core/pricing.h"
#include "processors/ask.h"
#include "processors/fault_point.h"
#include "processors/line_reader.h"

namespace processors {

namespace {

constexpr std::size_t unsynced_items_max = 256;
constexpr auto sync_interval = std::chrono::milliseconds(200);
constexpr auto report_interval = std::chrono::seconds(1);
constexpr auto no_lane_delay_min = std::chrono::milliseconds(500);
constexpr auto no_lane_delay_max = std::chrono::seconds(30);
constexpr auto stale_delay = std::chrono::milliseconds(300);

core::Result<void> without_value(const core::Result<Answer>& answer) {
  if (answer.has_error()) return answer.error();
  return {};
}

// Whether an attempt that ended so had no chance, and does not count against the items. Each such trouble closes its
// lane for a while, which bounds how often it can come back.
bool excused(Trouble trouble) {
  switch (trouble) {
    case Trouble::busy:
    case Trouble::down:
    case Trouble::blocked:
    case Trouble::blocked_model:
    case Trouble::mismatched: return true;
    case Trouble::none:
    case Trouble::slow: return false;
  }
  return false;
}

schemas::ItemOutcome outcome_of(core::batch::StopReason stop) {
  return stop == core::batch::StopReason::expired ? schemas::ItemOutcome::expired : schemas::ItemOutcome::cancelled;
}

// A look without parsing: most items ask for no shape of their output, and those that do are kept as what they ask.
bool may_have_contract(const std::string& input) {
  return input.find("json_") != std::string::npos;
}

}  // namespace

UnitRun::UnitRun(TermPointer term, core::RunUnit unit, Dispatcher& dispatcher, Dispatcher::SlotPointer slot,
                 boost::asio::any_io_executor strand)
    : term_(std::move(term)),
      id_(std::move(unit)),
      dispatcher_(dispatcher),
      environment_(dispatcher.environment_),
      settings_(dispatcher.settings_),
      slot_(std::move(slot)),
      strand_(std::move(strand)),
      aggregate_(core::aggregate_of(id_.org)) {}

boost::asio::awaitable<RunAgain> UnitRun::run() {
  const RunAgain again = co_await run_unit();
  if (lane_taken_) dispatcher_.attempt_ended(lane(), end_, outcomes_.succeeded > 0);
  co_return again;
}

boost::asio::awaitable<RunAgain> UnitRun::run_unit() {
  core::Result<void> done = load();
  if (done.has_value() && gone_) co_return RunAgain{};

  const std::optional<schemas::ItemOutcome> outcome = outcome_without_asking();
  if (done.has_value() && !outcome) {
    const bool found = co_await find_lane();
    if (!found) co_return wait_;
  }
  if (done.has_value()) done = load_items();
  if (done.has_value() && !open_.empty()) {
    if (outcome) {
      done = write_rows_without_answer(*outcome);
    } else {
      if (!resumed_) {
        done = co_await dispatch();
      } else if (unit_.epoch != term_->epoch) {
        done = co_await take_over();
      }
      if (done.has_value()) {
        const core::Result<Attempted> attempted = co_await attempt();
        if (attempted.has_error()) {
          done = attempted.error();
        } else {
          switch (*attempted) {
            case Attempted::all_answered: break;
            case Attempted::items_left: co_return retry_delay();
            case Attempted::interrupted: co_return stale_delay;
            case Attempted::stopped: done = write_rows_without_answer(outcome_of(batch_.stop)); break;
          }
        }
      }
    }
  }
  if (done.has_value()) done = co_await close();
  if (done.has_value() || term_->ended) co_return RunAgain{};
  if (done.error().code == core::ErrorCode::stale_report) co_return stale_delay;
  error(environment_.log, "unit_run_failed",
        {{"batch", id_.batch.value()},
         {"unit", id_.unit.value()},
         {"code", to_string(done.error().code)},
         {"why", done.error().detail}});
  failed_ = true;
  co_return settings_.retry_delay;
}

core::Result<void> UnitRun::load() {
  auto batch = environment_.reader.find<core::batch::Batch>(aggregate_, {id_.org, id_.batch});
  if (batch.has_error()) return batch.error();
  auto unit = environment_.reader.find<core::batch::Unit>(aggregate_, {id_.org, id_.batch, id_.unit});
  if (unit.has_error()) return unit.error();
  gone_ = !*batch || !*unit;
  if (gone_) return {};
  batch_ = std::move(**batch);
  unit_ = std::move(**unit);
  gone_ = unit_.phase == core::batch::UnitPhase::closed;
  return {};
}

core::Result<void> UnitRun::load_items() {
  const core::Result<std::unique_ptr<BlobReader>> blob = environment_.blobs.open(unit_.org, unit_.blob);
  if (blob.has_error()) return blob.error();
  LineReader lines(**blob);
  UnitResults::Equals equals;
  for (;;) {
    const auto line = lines.next();
    if (line.has_error()) return line.error();
    if (!*line) break;
    core::Result<schemas::WorkItem> work = schemas::parse_work_item(**line);
    if (work.has_error()) return work.error();
    if (work->same_as) {
      const auto original = open_.find(*work->same_as);
      if (original == open_.end())
        return core::Error{core::ErrorCode::blob_corrupt, "an item equals one that its work unit does not have"};
      ++equals[*work->same_as];
      work->item.input = {};
      original->second.equals.push_back(std::move(*work));
    } else {
      const std::uint32_t number = work->item.number;
      open_[number].work = std::move(*work);
    }
  }
  core::Result<std::unique_ptr<UnitResults>> results =
      UnitResults::open(environment_.blobs, unit_, term_->epoch, route(), std::move(equals));
  if (results.has_error()) return results.error();
  results_ = std::move(*results);
  std::erase_if(open_, [this](const auto& one) { return results_->answered(one.first); });
  return {};
}

std::optional<schemas::ItemOutcome> UnitRun::outcome_without_asking() const {
  if (batch_.stop != core::batch::StopReason::none && !MUTANT(19)) {
    // What a provider batch has finished is still to be read: it was paid for.
    const bool under_way = unit_.phase == core::batch::UnitPhase::dispatched && !unit_.handle.empty();
    if (!under_way) return outcome_of(batch_.stop);
    return std::nullopt;
  }
  const bool used_up =
      unit_.phase == core::batch::UnitPhase::planned && attempts_that_count() >= settings_.attempts_max;
  if (used_up) return schemas::ItemOutcome::exhausted;
  return std::nullopt;
}

core::Result<void> UnitRun::write_rows_without_answer(schemas::ItemOutcome outcome) {
  for (const auto& [number, open] : open_) {
    const schemas::ItemResult result = result_without_answer(open.work, outcome, unit_.attempt);
    if (const auto added = results_->add(result, open.equals); added.has_error()) return added;
  }
  open_.clear();
  return {};
}

boost::asio::awaitable<bool> UnitRun::find_lane() {
  const std::vector<core::quote::RouteLane> lanes = core::quote::lanes_of(route());
  resumed_ = unit_.phase == core::batch::UnitPhase::dispatched || (MUTANT(16) && unit_.attempt.value() > 0);
  if (resumed_) {
    answering_.lane = lanes.front();
    if (!unit_.attempts.empty()) {
      const core::batch::AttemptRecord& newest = unit_.attempts.back();
      for (const core::quote::RouteLane& lane : lanes) {
        if (lane.provider == newest.provider && lane.model == newest.model && lane.mode == newest.mode)
          answering_.lane = lane;
      }
    }
    dispatcher_.attempt_resumed(answering_.lane);
  } else {
    std::vector<core::quote::RouteLane> candidates = lanes;
    core::batch::Unit unit = unit_;
    choice_ = co_await dispatcher_.take_lane(std::move(candidates), std::move(unit), batch_.deadline);
    if (!choice_.lane) {
      const core::Duration wait = choice_.try_at - environment_.now();
      wait_ = std::clamp<std::chrono::milliseconds>(std::chrono::ceil<std::chrono::milliseconds>(wait),
                                                    no_lane_delay_min, no_lane_delay_max);
      if (choice_.full) full_lane_ = lanes[*choice_.full];
      co_return false;
    }
    answering_.lane = lanes[*choice_.lane];
  }
  lane_taken_ = true;
  const core::Provider* provider = environment_.catalog.provider(lane().provider);
  answering_.simulated = provider != nullptr && provider->simulated;
  co_return true;
}

boost::asio::awaitable<core::Result<void>> UnitRun::dispatch() {
  FAULT_POINT(F09);
  const core::AttemptNumber next(unit_.attempt.value() + 1);
  core::batch::DispatchUnit command;
  command.org = id_.org;
  command.batch = id_.batch;
  command.unit = id_.unit;
  command.attempt = next;
  command.epoch = term_->epoch;
  command.lane = static_cast<std::uint32_t>(*choice_.lane);
  command.passed = choice_.passed;
  const core::Result<Answer> answer = co_await send("dispatch", std::move(command));
  if (answer.has_value()) {
    unit_.attempt = next;
    unit_.handle.clear();
    unit_.dispatched_at = environment_.now();
  }
  FAULT_POINT(F10);
  co_return without_value(answer);
}

// Of an attempt that an earlier owner has begun: from here on its results are kept under this owner's epoch.
boost::asio::awaitable<core::Result<void>> UnitRun::take_over() {
  core::Command command =
      core::batch::ReportProgress{id_.org, id_.batch, id_.unit, unit_.attempt, results_->progress(), term_->epoch};
  co_return without_value(co_await send("take_over", std::move(command)));
}

// Inputs are handed over: a provider batch may take hours, in which nobody needs them.
Attempt UnitRun::make_attempt() {
  Attempt attempt;
  attempt.org = id_.org;
  attempt.batch = id_.batch;
  attempt.unit = id_.unit;
  attempt.number = unit_.attempt;
  attempt.provider = lane().provider;
  attempt.model = lane().model;
  attempt.provider_model = lane().model.value();
  attempt.mode = lane().mode;
  attempt.deadline = batch_.deadline;
  attempt.intended_at = unit_.dispatched_at.value_or(batch_.created_at);
  attempt.resumed = resumed_;
  attempt.handle = unit_.handle;
  if (lane().mode == core::Mode::batch) {
    std::vector<core::quote::RouteLane> lanes = core::quote::lanes_of(route());
    std::erase_if(lanes, [this](const core::quote::RouteLane& one) { return dispatcher_.lane_of(one) == nullptr; });
    const auto give_up = give_up_time(lanes, batch_.deadline, settings_.rescue_time);
    if (give_up && *give_up > environment_.now()) attempt.give_up_at = give_up;
  }
  for (const std::size_t index : environment_.catalog.offerings_of(lane().model)) {
    const core::Offering& offering = environment_.catalog.offerings()[index];
    if (offering.provider != lane().provider || offering.mode != lane().mode) continue;
    if (!offering.provider_model.empty()) attempt.provider_model = offering.provider_model;
    answering_.lane.prices = offering.prices;  // what the work costs us is today's price, not the quote's
  }
  const core::Model* model = environment_.catalog.model(lane().model);
  for (auto& [number, open] : open_) {
    const core::Operation operation = open.work.item.operation;
    if (may_have_contract(open.work.item.input))
      open.contract = schemas::dialect::output_contract(operation, open.work.item.input);
    std::int64_t output_tokens = open.work.output_tokens_max;
    if (model != nullptr) output_tokens = std::min(output_tokens, model->output_tokens_max);
    attempt.items.push_back({number, operation, std::move(open.work.item.input), output_tokens});
  }
  outcomes_.asked = static_cast<std::uint32_t>(open_.size());
  return attempt;
}

boost::asio::awaitable<core::Result<UnitRun::Attempted>> UnitRun::attempt() {
  Lane* const found = dispatcher_.lane_of(lane());
  if (found == nullptr) {
    // It was begun when the lane was still set up.
    warn(environment_.log, "lane_not_configured",
         {{"batch", id_.batch.value()}, {"unit", id_.unit.value()}, {"provider", lane().provider.value()}});
    end_ = AttemptEnd{LaneEnd::failed, "lane_not_configured", Trouble::blocked};
    co_return co_await conclude();
  }
  Lane& asked = *found;
  auto inbox = std::make_shared<AttemptInbox>(strand_);
  const auto began = std::chrono::steady_clock::now();
  asked.start(make_attempt(), inbox);
  if (lane().mode == core::Mode::batch && !unit_.handle.empty()) dispatcher_.give_back(slot_);
  // A stop that came before the lane knew of the attempt has stopped nothing.
  const core::Result<void> loaded = load();
  if (stopped_from_outside() || loaded.has_error() || gone_) asked.leave(id_.batch, id_.unit);
  if (loaded.has_error()) co_return loaded.error();
  if (batch_.stop != core::batch::StopReason::none) asked.cancel(id_.batch);

  const core::Result<void> followed = co_await follow(inbox, asked);
  if (followed.has_error()) {
    asked.leave(id_.batch, id_.unit);
    co_return followed.error();
  }
  end_ = *inbox->end();
  const auto took = std::chrono::steady_clock::now() - began;
  outcomes_.took = std::chrono::duration_cast<core::Duration>(took);
  environment_.metrics.observe_seconds("batchrouter_attempt_seconds", {{"provider", lane().provider.value()}},
                                       std::chrono::duration<double>(took).count());
  co_return co_await conclude();
}

bool UnitRun::stopped_from_outside() const {
  return dispatcher_.stopping_ || term_->ended;
}

boost::asio::awaitable<core::Result<void>> UnitRun::follow(std::shared_ptr<AttemptInbox> inbox, Lane& lane) {
  auto synced_at = std::chrono::steady_clock::now();
  for (bool ended = false; !ended;) {
    co_await inbox->wait(sync_interval);
    if (term_->ended) lane.leave(id_.batch, id_.unit);
    ended = inbox->end().has_value();
    if (std::optional<Handle> handle = inbox->take_handle()) {
      const core::Result<void> durable = co_await make_durable(std::move(*handle));
      if (durable.has_error()) co_return durable.error();
    }
    core::Result<void> recorded = record(inbox->take_answers());
    const auto now = std::chrono::steady_clock::now();
    if (recorded.has_value() && results_->unsynced() > 0 &&
        (ended || results_->unsynced() >= unsynced_items_max || now - synced_at >= sync_interval)) {
      recorded = results_->sync();
      synced_at = now;
      if (!ended && now - reported_at_ >= report_interval) report_progress();
    }
    if (recorded.has_error()) co_return recorded.error();
  }
  co_return without_value(Answer{});
}

boost::asio::awaitable<core::Result<void>> UnitRun::make_durable(Handle handle) {
  core::Command command =
      core::batch::RecordHandle{id_.org, id_.batch, id_.unit, unit_.attempt, handle.text, term_->epoch};
  std::string verb = handle.text == handle_in_making ? "making" : "handle";  // each command has an id of its own
  const core::Result<Answer> recorded = co_await send(std::move(verb), std::move(command));
  if (recorded.has_value()) {
    unit_.handle = handle.text;
    handle.durable();
    dispatcher_.give_back(slot_);
  }
  co_return without_value(recorded);
}

boost::asio::awaitable<core::Result<UnitRun::Attempted>> UnitRun::conclude() {
  if (open_.empty()) co_return Attempted::all_answered;
  if (end_.how == LaneEnd::stopped) {
    // With its batch, as the state then says, or with the service, which starts nothing any more.
    if (const auto reloaded = load(); reloaded.has_error()) co_return reloaded.error();
    const bool by_us = stopped_from_outside() || batch_.stop == core::batch::StopReason::none;
    co_return by_us ? Attempted::interrupted : Attempted::stopped;
  }
  count_the_rest(end_);
  core::batch::EndAttempt command;
  command.org = id_.org;
  command.batch = id_.batch;
  command.unit = id_.unit;
  command.attempt = unit_.attempt;
  command.reason = end_.reason.empty() ? "items_left" : end_.reason;
  command.progress = results_->progress();
  command.epoch = term_->epoch;
  command.outcomes = outcomes_;
  command.excused = excused(end_.trouble);
  const core::Result<Answer> answer = co_await send("end", std::move(command));
  if (answer.has_error()) co_return answer.error();
  co_return Attempted::items_left;
}

core::Result<void> UnitRun::record(const std::vector<LaneAnswer>& answers) {
  for (const LaneAnswer& answer : answers) {
    const auto open = open_.find(answer.number);
    if (open == open_.end()) {
      // Unknown, or answered before: the first answer stands.
      environment_.metrics.count("batchrouter_answers_ignored_total", {});
      continue;
    }
    std::optional<schemas::ItemResult> result =
        result_of(open->second.work, answer, route(), answering_, unit_.attempt);
    if (!result) {
      count(answer.verdict);
      continue;
    }
    FAULT_POINT(F13);
    const core::Result<bool> accepted = accept(open->second, std::move(*result));
    if (accepted.has_error()) return accepted.error();
    if (*accepted) open_.erase(open);
  }
  return {};
}

// Whether an earlier attempt has left items because of their answers: once is enough.
bool UnitRun::asked_again_for_answers() const {
  return std::any_of(unit_.attempts.begin(), unit_.attempts.end(), [this](const core::batch::AttemptRecord& attempt) {
    return attempt.number != unit_.attempt && attempt.outcomes.invalid > 0;
  });
}

// False: the answer was found wanting, and the item is to be asked again.
core::Result<bool> UnitRun::accept(const Open& open, schemas::ItemResult result) {
  const std::optional<std::string> fault = fault_of_output(result, open.contract);
  if (fault) {
    ++outcomes_.invalid;
    environment_.metrics.count("batchrouter_answers_invalid_total",
                               {{"provider", lane().provider.value()}, {"reason", std::string_view(*fault)}});
    if (!asked_again_for_answers()) {
      if (const auto kept = results_->discard(discarded(std::move(result))); kept.has_error()) return kept.error();
      return false;
    }
    result = failed_verification(std::move(result), *fault);
  } else {
    ++(result.outcome == schemas::ItemOutcome::succeeded ? outcomes_.succeeded : outcomes_.item_faults);
  }
  if (const auto added = results_->add(result, open.equals); added.has_error()) return added.error();
  environment_.metrics.count("batchrouter_items_total", {{"outcome", schemas::to_string(result.outcome)}},
                             static_cast<double>(1 + open.equals.size()));
  return true;
}

void UnitRun::count(Verdict verdict) {
  switch (verdict) {
    case Verdict::succeeded:
    case Verdict::item_fault: break;  // by accept
    case Verdict::transient:
    case Verdict::lane_fault:
    case Verdict::unknown: ++outcomes_.lane_faults; break;
  }
}

// What was not answered at all is the lane's fault when it did not do what it took on, not when it asked us to wait or
// to mend our account.
void UnitRun::count_the_rest(const AttemptEnd& end) {
  switch (end.trouble) {
    case Trouble::none:
    case Trouble::busy:
    case Trouble::blocked:
    case Trouble::blocked_model: break;
    case Trouble::down:
    case Trouble::slow:
    case Trouble::mismatched:
      outcomes_.lane_faults = outcomes_.asked - outcomes_.succeeded - outcomes_.item_faults - outcomes_.invalid;
      break;
  }
}

void UnitRun::report_progress() {
  reported_at_ = std::chrono::steady_clock::now();
  environment_.bus.submit(
      aggregate_, next_command_id("progress"),
      core::batch::ReportProgress{id_.org, id_.batch, id_.unit, unit_.attempt, results_->progress(), term_->epoch},
      [](const core::Result<Answer>&) {});
}

boost::asio::awaitable<core::Result<void>> UnitRun::close() {
  if (const auto synced = results_->sync(); synced.has_error()) co_return synced.error();
  FAULT_POINT(F14);
  core::batch::CloseUnit command;
  command.org = id_.org;
  command.batch = id_.batch;
  command.unit = id_.unit;
  command.progress = results_->progress();
  command.epoch = term_->epoch;
  command.shares = results_->shares();
  command.outcomes = outcomes_;
  const core::Result<Answer> answer = co_await send("close", std::move(command));
  FAULT_POINT(F15);
  if (answer.has_value() && load().has_value() && core::batch::terminal(batch_.phase))
    info(environment_.log, "batch_ended",
         {{"batch", id_.batch.value()}, {"status", core::batch::to_string(batch_.phase)}});
  co_return without_value(answer);
}

// Events are named after their command: none may have the name of another, also after a restart.
core::CommandId UnitRun::next_command_id(const std::string& verb) {
  return core::CommandId(verb + "/" + id_.batch.value() + "/" + std::to_string(id_.unit.value()) + "/" +
                         std::to_string(unit_.attempt.value()) + "/" + std::to_string(term_->epoch.value()) + "/" +
                         std::to_string(dispatcher_.next_command()));
}

boost::asio::awaitable<core::Result<Answer>> UnitRun::send(std::string verb, core::Command command) {
  core::CommandId command_id = next_command_id(verb);
  core::AggregateKey aggregate = aggregate_;
  co_return co_await ask(environment_.bus, std::move(aggregate), std::move(command_id), std::move(command));
}

std::chrono::milliseconds UnitRun::retry_delay() const {
  if (excused(end_.trouble)) return std::chrono::milliseconds(0);  // to another lane, or until this one opens
  return settings_.retry_delay * (1 << std::min<std::uint32_t>(attempts_that_count() - 1, 10));
}

}  // namespace processors
