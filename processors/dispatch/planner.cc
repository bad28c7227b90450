#include "processors/dispatch/planner.h"

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
#include "schemas/plan.h"

namespace processors {

namespace {

constexpr std::chrono::milliseconds retry_delay_first = std::chrono::milliseconds(500);
constexpr std::chrono::milliseconds retry_delay_max = std::chrono::minutes(1);

}  // namespace

Planner::Planner(boost::asio::any_io_executor executor, BlobStore& blobs, StateReader reader, CommandBus& bus, Log& log)
    : executor_(std::move(executor)), blobs_(blobs), reader_(reader), bus_(bus), log_(log) {}

void Planner::plan(TermPointer term, core::PlanBatch plan) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_), run(std::move(term), std::move(plan)),
                        boost::asio::detached);
}

boost::asio::awaitable<void> Planner::run(TermPointer term, core::PlanBatch plan) {
  // A batch whose units are not planned cannot even end, so this is tried until it is done.
  for (std::chrono::milliseconds delay = retry_delay_first;; delay = std::min(2 * delay, retry_delay_max)) {
    const core::Result<void> planned = co_await plan_units(plan);
    if (planned.has_value() || term->ended) co_return;
    error(log_, "planning_failed", {{"batch", plan.batch.value()}, {"code", to_string(planned.error().code)}});
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

boost::asio::awaitable<core::Result<void>> Planner::plan_units(core::PlanBatch plan) {
  const core::AggregateKey aggregate = core::aggregate_of(plan.org);
  const auto batch = reader_.find<core::batch::Batch>(aggregate, {plan.org, plan.batch});
  if (batch.has_error()) co_return batch.error();
  if (!*batch) co_return core::Error{core::ErrorCode::batch_not_found, "the batch to plan is gone"};

  const core::Result<std::unique_ptr<BlobReader>> blob = blobs_.open(plan.org, (*batch)->plan.blob);
  if (blob.has_error()) co_return blob.error();
  const core::Result<std::string> text = (*blob)->read(0, (*blob)->size());
  if (text.has_error()) co_return text.error();
  const core::Result<schemas::PlanDocument> document = schemas::decode_plan(*text);
  if (document.has_error()) co_return document.error();
  if (document->units.size() != (*batch)->plan.unit_count)
    co_return core::Error{core::ErrorCode::blob_corrupt, "a plan with another number of units than its batch"};

  for (std::size_t first = (*batch)->units_planned; first < document->units.size();) {
    const std::size_t last = std::min(first + core::batch::units_per_plan_command_max, document->units.size());
    core::batch::PlanUnits units;
    units.org = plan.org;
    units.batch = plan.batch;
    units.first = static_cast<std::uint32_t>(first);
    units.units.assign(document->units.begin() + static_cast<std::ptrdiff_t>(first),
                       document->units.begin() + static_cast<std::ptrdiff_t>(last));
    core::CommandId id("plan/" + plan.batch.value() + "/" + std::to_string(first));
    core::AggregateKey to = aggregate;
    core::Command command = std::move(units);
    const core::Result<Answer> planned = co_await ask(bus_, std::move(to), std::move(id), std::move(command));
    if (planned.has_error() && planned.error().code != core::ErrorCode::stale_report) co_return planned.error();
    first = last;
  }
  co_return core::Result<void>{};
}

}  // namespace processors
