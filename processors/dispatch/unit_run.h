// One run of one unit, as a coroutine on its own strand.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/batch/state.h"
#include "processors/dispatch/attempt_inbox.h"
#include "processors/dispatch/dispatcher.h"
#include "processors/dispatch/item_result.h"
#include "processors/dispatch/unit_results.h"
#include "schemas/dialect/output_check.h"
#include "schemas/work_item.h"

namespace processors {

// Nothing: the unit is closed, or its partition has another owner. Otherwise: try again after so long.
using RunAgain = std::optional<std::chrono::milliseconds>;

class UnitRun {
 public:
  UnitRun(TermPointer term, core::RunUnit unit, Dispatcher& dispatcher, Dispatcher::SlotPointer slot,
          boost::asio::any_io_executor strand);

  // Keep the UnitRun until the coroutine has ended.
  boost::asio::awaitable<RunAgain> run();
  // Whether it ended because something here failed: a disk, the journal. The lane is not to blame, nor the items.
  bool failed() const { return failed_; }
  // The lane that had no room for it.
  const std::optional<core::quote::RouteLane>& full_lane() const { return full_lane_; }

 private:
  boost::asio::awaitable<RunAgain> run_unit();
  enum class Attempted { all_answered, items_left, interrupted, stopped };

  // An item without an answer, and those that equal it.
  struct Open {
    schemas::WorkItem work;
    std::optional<schemas::dialect::OutputContract> contract;
    std::vector<schemas::WorkItem> equals;
  };

  core::Result<void> load();
  core::Result<void> load_items();
  core::Result<void> write_rows_without_answer(schemas::ItemOutcome outcome);
  std::optional<schemas::ItemOutcome> outcome_without_asking() const;

  // Whether there is a lane for the next attempt, or for the one that an earlier run has begun.
  boost::asio::awaitable<bool> find_lane();
  boost::asio::awaitable<core::Result<void>> dispatch();
  boost::asio::awaitable<core::Result<void>> take_over();
  boost::asio::awaitable<core::Result<Attempted>> attempt();
  boost::asio::awaitable<core::Result<void>> follow(std::shared_ptr<AttemptInbox> inbox, Lane& lane);
  boost::asio::awaitable<core::Result<Attempted>> conclude();
  boost::asio::awaitable<core::Result<void>> make_durable(Handle handle);
  Attempt make_attempt();
  bool stopped_from_outside() const;
  core::Result<void> record(const std::vector<LaneAnswer>& answers);
  bool asked_again_for_answers() const;
  core::Result<bool> accept(const Open& open, schemas::ItemResult result);
  void count(Verdict verdict);
  void count_the_rest(const AttemptEnd& end);
  boost::asio::awaitable<core::Result<void>> close();
  void report_progress();
  core::CommandId next_command_id(const std::string& verb);
  boost::asio::awaitable<core::Result<Answer>> send(std::string verb, core::Command command);
  const core::quote::Route& route() const { return batch_.plan.routes[unit_.route]; }
  const core::quote::RouteLane& lane() const { return answering_.lane; }
  std::uint32_t attempts_that_count() const { return unit_.attempt.value() - unit_.excused; }
  std::chrono::milliseconds retry_delay() const;

  const TermPointer term_;
  const core::RunUnit id_;
  Dispatcher& dispatcher_;
  Dispatcher::Environment& environment_;
  const Dispatcher::Settings& settings_;
  const Dispatcher::SlotPointer slot_;
  bool failed_ = false;
  const boost::asio::any_io_executor strand_;
  const core::AggregateKey aggregate_;

  bool gone_ = false;  // closed, or unknown
  core::batch::Batch batch_;
  core::batch::Unit unit_;
  std::unique_ptr<UnitResults> results_;
  std::map<std::uint32_t, Open> open_;

  // Of the attempt.
  LaneChoice choice_;
  AnsweringLane answering_;
  bool lane_taken_ = false;
  bool resumed_ = false;
  AttemptEnd end_;
  core::batch::AttemptOutcomes outcomes_;
  std::chrono::steady_clock::time_point reported_at_{};
  std::chrono::milliseconds wait_{};  // until there may be a lane
  std::optional<core::quote::RouteLane> full_lane_;
};

}  // namespace processors
