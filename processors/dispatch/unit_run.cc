#include "processors/dispatch/unit_run.h"

#include <utility>

#include "processors/ask.h"
#include "processors/dispatch/item_result.h"
#include "processors/line_reader.h"

namespace processors {

namespace {

constexpr std::size_t unsynced_items_max = 256;
constexpr auto sync_interval = std::chrono::milliseconds(200);
constexpr auto report_interval = std::chrono::seconds(1);
constexpr auto no_lane_delay = std::chrono::seconds(10);
constexpr auto stale_delay = std::chrono::milliseconds(300);
constexpr auto trouble_delay = std::chrono::seconds(2);

core::Result<void> without_value(const core::Result<Answer>& answer) {
  if (answer.has_error()) return answer.error();
  return {};
}

}  // namespace

UnitRun::UnitRun(TermPointer term, core::RunUnit unit, const Dispatcher::Settings& settings,
                 Dispatcher::Environment& environment, const std::atomic<bool>& stopping,
                 boost::asio::any_io_executor strand)
    : term_(std::move(term)),
      id_(std::move(unit)),
      settings_(settings),
      environment_(environment),
      stopping_(stopping),
      strand_(std::move(strand)),
      aggregate_(core::aggregate_of(id_.org)) {}

boost::asio::awaitable<RunAgain> UnitRun::run() {
  core::Result<void> done = load();
  if (done.has_value() && gone_) co_return RunAgain{};
  if (done.has_value()) done = load_items();

  RunAgain again;
  if (done.has_value() && !unanswered_.empty()) {
    if (const auto outcome = outcome_without_asking()) {
      done = write_rows_without_answer(*outcome);
    } else if (Lane* lane = find_lane(); lane == nullptr) {
      warn(environment_.log, "no_lane_for_unit",
           {{"batch", id_.batch.value()}, {"unit", id_.unit.value()}, {"provider", route().provider.value()}});
      co_return no_lane_delay;
    } else {
      const bool planned = unit_.phase == core::batch::UnitPhase::planned;
      if (planned) done = co_await dispatch();
      if (!planned && unit_.epoch != term_->epoch) done = co_await take_over();
      if (done.has_value()) {
        const core::Result<Attempted> attempted = co_await attempt(*lane);
        if (attempted.has_error()) {
          done = attempted.error();
        } else {
          switch (*attempted) {
            case Attempted::all_answered: break;
            case Attempted::items_left: co_return retry_delay();
            case Attempted::reload: co_return std::chrono::milliseconds(0);
            case Attempted::interrupted: co_return stale_delay;
          }
        }
      }
    }
  }
  if (done.has_value()) done = co_await close();
  if (done.has_value() || term_->ended) co_return RunAgain{};
  if (done.error().code == core::ErrorCode::stale_report) co_return stale_delay;
  error(environment_.log, "unit_run_failed",
        {{"batch", id_.batch.value()}, {"unit", id_.unit.value()}, {"code", to_string(done.error().code)}});
  co_return trouble_delay;
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
  const core::Provider* provider = environment_.catalog.provider(route().provider);
  simulated_ = provider != nullptr && provider->simulated;
  return {};
}

core::Result<void> UnitRun::load_items() {
  core::Result<std::unique_ptr<UnitResults>> results =
      UnitResults::open(environment_.blobs, unit_, term_->epoch, route());
  if (results.has_error()) return results.error();
  results_ = std::move(*results);

  const core::Result<std::unique_ptr<BlobReader>> blob = environment_.blobs.open(unit_.blob);
  if (blob.has_error()) return blob.error();
  LineReader lines(**blob);
  for (;;) {
    const auto line = lines.next();
    if (line.has_error()) return line.error();
    if (!*line) return {};
    core::Result<schemas::WorkItem> work = schemas::parse_work_item(**line);
    if (work.has_error()) return work.error();
    if (!results_->answered(work->item.number)) unanswered_.emplace(work->item.number, std::move(*work));
  }
}

std::optional<schemas::ItemOutcome> UnitRun::outcome_without_asking() const {
  switch (batch_.stop) {
    case core::batch::StopReason::cancelled: return schemas::ItemOutcome::cancelled;
    case core::batch::StopReason::expired: return schemas::ItemOutcome::expired;
    case core::batch::StopReason::none: break;
  }
  const bool used_up =
      unit_.phase == core::batch::UnitPhase::planned && unit_.attempt.value() >= settings_.attempts_max;
  if (used_up) return schemas::ItemOutcome::exhausted;
  return std::nullopt;
}

core::Result<void> UnitRun::write_rows_without_answer(schemas::ItemOutcome outcome) {
  for (const auto& [number, work] : unanswered_) {
    if (const auto added = results_->add(result_without_answer(work, outcome, unit_.attempt)); added.has_error())
      return added;
  }
  unanswered_.clear();
  return {};
}

Lane* UnitRun::find_lane() const {
  for (Lane* lane : environment_.lanes) {
    if (lane->serves(route().provider, route().mode)) return lane;
  }
  return nullptr;
}

boost::asio::awaitable<core::Result<void>> UnitRun::dispatch() {
  const core::AttemptNumber next(unit_.attempt.value() + 1);
  core::Command command = core::batch::DispatchUnit{id_.org, id_.batch, id_.unit, next, term_->epoch};
  const core::Result<Answer> answer = co_await send("dispatch", std::move(command));
  if (answer.has_value()) {
    unit_.attempt = next;
    unit_.handle.clear();
  }
  co_return without_value(answer);
}

// Of an attempt that an earlier owner has begun: from here on its results are kept under this owner's epoch.
boost::asio::awaitable<core::Result<void>> UnitRun::take_over() {
  core::Command command =
      core::batch::ReportProgress{id_.org, id_.batch, id_.unit, unit_.attempt, results_->progress(), term_->epoch};
  co_return without_value(co_await send("take_over", std::move(command)));
}

boost::asio::awaitable<core::Result<UnitRun::Attempted>> UnitRun::attempt(Lane& lane) {
  Attempt attempt;
  attempt.batch = id_.batch;
  attempt.unit = id_.unit;
  attempt.number = unit_.attempt;
  attempt.provider = route().provider;
  attempt.model = route().model;
  attempt.mode = route().mode;
  attempt.deadline = batch_.deadline;
  attempt.handle = unit_.handle;
  for (const auto& [number, work] : unanswered_)
    attempt.items.push_back({number, work.item.operation, work.item.input, work.output_tokens_max});

  auto inbox = std::make_shared<AttemptInbox>(strand_);
  const auto began = std::chrono::steady_clock::now();
  lane.start(std::move(attempt), inbox);
  // A stop that came before the lane knew of the attempt has stopped nothing.
  const core::Result<void> loaded = load();
  if (stopping_ || term_->ended || loaded.has_error() || gone_ || batch_.stop != core::batch::StopReason::none)
    lane.leave(id_.batch);
  if (loaded.has_error()) co_return loaded.error();

  auto synced_at = std::chrono::steady_clock::now();
  bool ended = false;
  while (!ended) {
    co_await inbox->wait(sync_interval);
    if (term_->ended) lane.leave(id_.batch);
    ended = inbox->end().has_value();
    if (std::optional<Handle> handle = inbox->take_handle()) {
      core::Command command =
          core::batch::RecordHandle{id_.org, id_.batch, id_.unit, unit_.attempt, handle->text, term_->epoch};
      const core::Result<Answer> recorded = co_await send("handle", std::move(command));
      if (recorded.has_error()) {
        lane.leave(id_.batch);
        co_return recorded.error();
      }
      unit_.handle = handle->text;
      handle->durable();
    }
    core::Result<void> recorded = record(inbox->take_answers());
    const auto now = std::chrono::steady_clock::now();
    if (recorded.has_value() && results_->unsynced() > 0 &&
        (ended || results_->unsynced() >= unsynced_items_max || now - synced_at >= sync_interval)) {
      recorded = results_->sync();
      synced_at = now;
      if (!ended && now - reported_at_ >= report_interval) report_progress();
    }
    if (recorded.has_error()) {
      lane.leave(id_.batch);
      co_return recorded.error();
    }
  }
  environment_.metrics.observe_seconds("batchrouter_attempt_seconds", {{"provider", route().provider.value()}},
                                       std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());

  const AttemptEnd& end = *inbox->end();
  if (unanswered_.empty()) co_return Attempted::all_answered;
  if (end.how == LaneEnd::stopped) {
    // With its batch, as the state then says; with the service, which starts nothing any more; or because another unit
    // of the batch met trouble.
    if (const auto reloaded = load(); reloaded.has_error()) co_return reloaded.error();
    co_return batch_.stop == core::batch::StopReason::none ? Attempted::interrupted : Attempted::reload;
  }
  core::Command command = core::batch::EndAttempt{id_.org,
                                                  id_.batch,
                                                  id_.unit,
                                                  unit_.attempt,
                                                  end.reason.empty() ? "items_left" : end.reason,
                                                  results_->progress(),
                                                  term_->epoch};
  const core::Result<Answer> answer = co_await send("end", std::move(command));
  if (answer.has_error()) co_return answer.error();
  co_return Attempted::items_left;
}

core::Result<void> UnitRun::record(const std::vector<LaneAnswer>& answers) {
  for (const LaneAnswer& answer : answers) {
    const auto work = unanswered_.find(answer.number);
    if (work == unanswered_.end()) {
      // Unknown, or answered before: the first answer stands.
      environment_.metrics.count("batchrouter_answers_ignored_total", {});
      continue;
    }
    const std::optional<schemas::ItemResult> result =
        result_of(work->second, answer, route(), unit_.attempt, simulated_);
    if (!result) continue;
    if (const auto added = results_->add(*result); added.has_error()) return added;
    environment_.metrics.count("batchrouter_items_total", {{"outcome", schemas::to_string(result->outcome)}});
    unanswered_.erase(work);
  }
  return {};
}

void UnitRun::report_progress() {
  reported_at_ = std::chrono::steady_clock::now();
  environment_.bus.submit(
      aggregate_, core::CommandId("progress/" + id_.batch.value() + "/" + std::to_string(id_.unit.value())),
      core::batch::ReportProgress{id_.org, id_.batch, id_.unit, unit_.attempt, results_->progress(), term_->epoch},
      [](const core::Result<Answer>&) {});
}

boost::asio::awaitable<core::Result<void>> UnitRun::close() {
  if (const auto synced = results_->sync(); synced.has_error()) co_return synced.error();
  core::Command command = core::batch::CloseUnit{id_.org, id_.batch, id_.unit, results_->progress(), term_->epoch};
  const core::Result<Answer> answer = co_await send("close", std::move(command));
  if (answer.has_value() && load().has_value() && core::batch::terminal(batch_.phase))
    info(environment_.log, "batch_ended",
         {{"batch", id_.batch.value()}, {"status", core::batch::to_string(batch_.phase)}});
  co_return without_value(answer);
}

boost::asio::awaitable<core::Result<Answer>> UnitRun::send(std::string verb, core::Command command) {
  core::CommandId command_id(verb + "/" + id_.batch.value() + "/" + std::to_string(id_.unit.value()) + "/" +
                             std::to_string(unit_.attempt.value()));
  core::AggregateKey aggregate = aggregate_;
  co_return co_await ask(environment_.bus, std::move(aggregate), std::move(command_id), std::move(command));
}

std::chrono::milliseconds UnitRun::retry_delay() const {
  return settings_.retry_delay * (1 << std::min<std::uint32_t>(unit_.attempt.value() - 1, 10));
}

}  // namespace processors
