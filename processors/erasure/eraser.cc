#include "processors/erasure/eraser.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "processors/ask.h"
#include "processors/fault_point.h"

namespace processors {

namespace {

constexpr std::chrono::milliseconds retry_delay_first = std::chrono::milliseconds(500);
constexpr std::chrono::milliseconds retry_delay_max = std::chrono::minutes(1);

core::Result<void> without_value(const core::Result<Answer>& answer) {
  if (answer.has_error()) return answer.error();
  return {};
}

}  // namespace

Eraser::Eraser(boost::asio::any_io_executor executor, Environment environment)
    : executor_(std::move(executor)), environment_(std::move(environment)) {}

void Eraser::erase(TermPointer term, core::EraseOrgData effect) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_), run(std::move(term), std::move(effect)),
                        boost::asio::detached);
}

boost::asio::awaitable<void> Eraser::run(TermPointer term, core::EraseOrgData effect) {
  for (std::chrono::milliseconds delay = retry_delay_first; !term->ended;
       delay = std::min(2 * delay, retry_delay_max)) {
    const core::Result<void> erased = co_await try_once(effect);
    if (erased.has_value()) {
      info(environment_.log, "org_erased", {{"org", effect.org.value()}});
      co_return;
    }
    if (term->ended) co_return;
    error(environment_.log, "erasure_failed",
          {{"org", effect.org.value()}, {"code", to_string(erased.error().code)}, {"why", erased.error().detail}});
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

boost::asio::awaitable<core::Result<void>> Eraser::try_once(core::EraseOrgData effect) {
  if (const auto removed = remove_results(effect.org); removed.has_error()) co_return removed;
  FAULT_POINT(F30);
  if (const auto removed = environment_.blobs.erase(effect.org); removed.has_error()) co_return removed;
  FAULT_POINT(F31);
  if (const auto destroyed = environment_.vault.erase(effect.org); destroyed.has_error()) co_return destroyed;
  FAULT_POINT(F32);
  const std::string key = core::key_of(effect);
  core::AggregateKey aggregate = core::aggregate_of(effect.org);
  core::CommandId id("complete/" + key);
  core::Command command = core::CompleteEffect{key};
  co_return without_value(co_await ask(environment_.bus, std::move(aggregate), std::move(id), std::move(command)));
}

// Those of every owner of the partition that ever wrote some: a batch's segments have its id in front.
core::Result<void> Eraser::remove_results(const core::OrgId& org) {
  using core::batch::Batch;
  std::vector<core::BatchId> batches;
  const core::Result<void> listed = environment_.reader.list<Batch>(
      core::aggregate_of(org), schemas::row_prefix<Batch>(org), "", Order::oldest_first, [&](const Batch& batch) {
        batches.push_back(batch.id);
        return true;
      });
  if (listed.has_error()) return listed;
  for (const core::BatchId& batch : batches) {
    const core::Result<std::vector<std::string>> names = environment_.blobs.list(batch.value());
    if (names.has_error()) return names.error();
    for (const std::string& name : *names) {
      if (const auto removed = environment_.blobs.remove(name); removed.has_error()) return removed;
    }
  }
  return {};
}

}  // namespace processors
