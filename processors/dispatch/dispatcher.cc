#include "processors/dispatch/dispatcher.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "processors/dispatch/unit_run.h"

namespace processors {

Dispatcher::Dispatcher(boost::asio::any_io_executor executor, Settings settings, Environment environment)
    : settings_(std::move(settings)),
      environment_(std::move(environment)),
      executor_(executor),
      strand_(boost::asio::make_strand(executor)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::run(TermPointer term, core::RunUnit unit) {
  boost::asio::post(strand_, [this, work = Work{std::move(term), std::move(unit)}]() mutable {
    const core::OrgId org = work.unit.org;
    waiting_.push(org, std::move(work));
    pump();
  });
}

void Dispatcher::stop_batch(const core::BatchId& batch) {
  for (Lane* lane : environment_.lanes) lane->cancel(batch);
}

void Dispatcher::stop() {
  stopping_ = true;
  for (Lane* lane : environment_.lanes) lane->leave_all();
}

void Dispatcher::pump() {
  while (!stopping_ && in_flight_ < settings_.units_in_flight_max) {
    std::optional<Work> work = waiting_.pop();
    if (!work) break;
    if (work->term->ended) continue;
    ++in_flight_;
    boost::asio::co_spawn(boost::asio::make_strand(executor_), run_one(std::move(*work)), boost::asio::detached);
  }
  environment_.metrics.set("batchrouter_units_in_flight", {}, static_cast<double>(in_flight_));
  environment_.metrics.set("batchrouter_units_waiting", {}, static_cast<double>(waiting_.size()));
}

boost::asio::awaitable<void> Dispatcher::run_one(Work work) {
  RunAgain again;
  {
    UnitRun run(work.term, work.unit, settings_, environment_, stopping_, co_await boost::asio::this_coro::executor);
    again = co_await run.run();
  }
  boost::asio::post(strand_, [this, work = std::move(work), again]() mutable {
    --in_flight_;
    if (again && !stopping_) again_later(std::move(work), *again);
    pump();
  });
}

void Dispatcher::again_later(Work work, std::chrono::milliseconds delay) {
  auto timer = std::make_shared<boost::asio::steady_timer>(strand_, delay);
  timer->async_wait([this, timer, work = std::move(work)](const boost::system::error_code& error) mutable {
    if (!error && !stopping_) run(std::move(work.term), std::move(work.unit));
  });
}

}  // namespace processors
