#include "processors/job_queue/collector.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "processors/ask.h"
#include "processors/fault_point.h"
#include "processors/job_queue/job_outcomes.h"

namespace processors {

namespace {

constexpr std::chrono::milliseconds retry_delay_first = std::chrono::milliseconds(500);
constexpr std::chrono::milliseconds retry_delay_max = std::chrono::minutes(1);

}  // namespace

Collector::Collector(boost::asio::any_io_executor executor, Environment environment)
    : executor_(std::move(executor)), environment_(std::move(environment)) {}

void Collector::collect(TermPointer term, core::CollectJobs jobs) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_), run(std::move(term), std::move(jobs)),
                        boost::asio::detached);
}

boost::asio::awaitable<void> Collector::run(TermPointer term, core::CollectJobs jobs) {
  // Nobody else closes these jobs, so this is tried until it is done.
  for (std::chrono::milliseconds delay = retry_delay_first;; delay = std::min(2 * delay, retry_delay_max)) {
    const core::Result<void> closed = co_await close_all(jobs);
    if (closed.has_value() || term->ended) co_return;
    error(environment_.log, "collecting_failed",
          {{"batch", jobs.batch.value()}, {"code", to_string(closed.error().code)}});
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (term->ended) co_return;
  }
}

boost::asio::awaitable<core::Result<void>> Collector::close_all(core::CollectJobs jobs) {
  using core::batch::Batch;
  using core::batch::Unit;
  const core::AggregateKey aggregate = core::aggregate_of(jobs.org);
  const auto org = environment_.reader.find<core::identity::Org>(aggregate, {jobs.org});
  if (org.has_error()) co_return org.error();
  // Its results are gone, and nobody will ask for the jobs.
  if (*org && (*org)->erased_at) co_return co_await complete(std::move(jobs));
  core::Result<std::optional<Batch>> batch = environment_.reader.find<Batch>(aggregate, {jobs.org, jobs.batch});
  if (batch.has_error()) co_return batch.error();
  if (!*batch) co_return core::Error{core::ErrorCode::batch_not_found, "the batch of these jobs is gone"};
  std::vector<Unit> units;
  const core::Result<void> listed = environment_.reader.list<Unit>(
      aggregate, schemas::row_prefix<Unit>(jobs.org, jobs.batch), "", Order::oldest_first, [&](Unit unit) {
        units.push_back(std::move(unit));
        return true;
      });
  if (listed.has_error()) co_return listed.error();

  const auto flush = environment_.reader.find<core::job_queue::Flush>(aggregate, {jobs.org, jobs.batch});
  if (flush.has_error()) co_return flush.error();
  if (!*flush) co_return core::Error{core::ErrorCode::batch_not_found, "the flush of these jobs is gone"};
  std::set<core::JobId> without_row((*flush)->jobs.begin(), (*flush)->jobs.end());

  JobOutcomes rows(environment_.blobs, std::move(**batch), std::move(units));
  for (std::size_t first = 0;;) {
    core::Result<std::vector<core::job_queue::Outcome>> outcomes = rows.next(core::job_queue::outcomes_per_command_max);
    if (outcomes.has_error()) co_return outcomes.error();
    if (outcomes->empty()) break;
    const std::size_t count = outcomes->size();
    std::erase_if(*outcomes, [&](const auto& outcome) { return without_row.erase(outcome.job) == 0; });
    const core::Result<void> closed = co_await close(jobs, std::to_string(first), std::move(*outcomes));
    if (closed.has_error()) co_return closed;
    FAULT_POINT(F29);
    first += count;
  }
  const core::Result<void> failed = co_await fail(jobs, std::move(without_row));
  if (failed.has_error()) co_return failed;
  co_return co_await complete(std::move(jobs));
}

boost::asio::awaitable<core::Result<void>> Collector::complete(core::CollectJobs jobs) {
  const std::string effect = core::key_of(jobs);
  core::AggregateKey to = core::aggregate_of(jobs.org);
  core::CommandId id("complete/" + effect);
  core::Command command = core::CompleteEffect{effect};
  const core::Result<Answer> done = co_await ask(environment_.bus, std::move(to), std::move(id), std::move(command));
  if (done.has_error()) co_return done.error();
  co_return core::Result<void>{};
}

// Each item of a batch that has ended has a row: those of these jobs cannot be read, and never will be.
boost::asio::awaitable<core::Result<void>> Collector::fail(core::CollectJobs jobs, std::set<core::JobId> without_row) {
  if (without_row.empty()) co_return core::Result<void>{};
  error(environment_.log, std::string(result_unreadable),
        {{"batch", jobs.batch.value()}, {"jobs", without_row.size()}});
  for (std::size_t first = 0; !without_row.empty();) {
    std::vector<core::job_queue::Outcome> outcomes;
    while (!without_row.empty() && outcomes.size() < core::job_queue::outcomes_per_command_max) {
      core::job_queue::Outcome outcome;
      outcome.job = *without_row.begin();
      outcome.end = core::job_queue::Phase::failed;
      outcome.error = result_unreadable;
      outcomes.push_back(std::move(outcome));
      without_row.erase(without_row.begin());
    }
    const std::size_t count = outcomes.size();
    const core::Result<void> closed = co_await close(jobs, "unreadable/" + std::to_string(first), std::move(outcomes));
    if (closed.has_error()) co_return closed;
    first += count;
  }
  co_return core::Result<void>{};
}

boost::asio::awaitable<core::Result<void>> Collector::close(core::CollectJobs jobs, std::string part,
                                                            std::vector<core::job_queue::Outcome> outcomes) {
  core::AggregateKey to = core::aggregate_of(jobs.org);
  core::CommandId id("close_jobs/" + jobs.batch.value() + "/" + part);
  core::Command command = core::job_queue::CloseJobs{jobs.org, jobs.batch, std::move(outcomes)};
  const core::Result<Answer> closed = co_await ask(environment_.bus, std::move(to), std::move(id), std::move(command));
  if (closed.has_error()) co_return closed.error();
  co_return core::Result<void>{};
}

}  // namespace processors
