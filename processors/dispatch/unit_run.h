// One run of one unit, as a coroutine on its own strand.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/batch/state.h"
#include "processors/dispatch/attempt_inbox.h"
#include "processors/dispatch/dispatcher.h"
#include "processors/dispatch/unit_results.h"
#include "schemas/work_item.h"

namespace processors {

// Nothing: the unit is closed, or its partition has another owner. Otherwise: try again after so long.
using RunAgain = std::optional<std::chrono::milliseconds>;

class UnitRun {
 public:
  // `stopping`: of the whole service.
  UnitRun(TermPointer term, core::RunUnit unit, const Dispatcher::Settings& settings,
          Dispatcher::Environment& environment, const std::atomic<bool>& stopping, boost::asio::any_io_executor strand);

  // Keep the UnitRun until the coroutine has ended.
  boost::asio::awaitable<RunAgain> run();

 private:
  enum class Attempted { all_answered, items_left, interrupted, reload };

  core::Result<void> load();
  core::Result<void> load_items();
  core::Result<void> write_rows_without_answer(schemas::ItemOutcome outcome);
  std::optional<schemas::ItemOutcome> outcome_without_asking() const;
  Lane* find_lane() const;

  boost::asio::awaitable<core::Result<void>> dispatch();
  boost::asio::awaitable<core::Result<void>> take_over();
  boost::asio::awaitable<core::Result<Attempted>> attempt(Lane& lane);
  core::Result<void> record(const std::vector<LaneAnswer>& answers);
  boost::asio::awaitable<core::Result<void>> close();
  void report_progress();
  boost::asio::awaitable<core::Result<Answer>> send(std::string verb, core::Command command);
  const core::quote::Route& route() const { return batch_.plan.routes[unit_.route]; }
  std::chrono::milliseconds retry_delay() const;

  const TermPointer term_;
  const core::RunUnit id_;
  const Dispatcher::Settings& settings_;
  Dispatcher::Environment& environment_;
  const std::atomic<bool>& stopping_;
  const boost::asio::any_io_executor strand_;
  const core::AggregateKey aggregate_;

  bool gone_ = false;  // closed, or unknown
  core::batch::Batch batch_;
  core::batch::Unit unit_;
  bool simulated_ = false;
  std::unique_ptr<UnitResults> results_;
  std::map<std::uint32_t, schemas::WorkItem> unanswered_;
  std::chrono::steady_clock::time_point reported_at_{};
};

}  // namespace processors
