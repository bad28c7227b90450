// Brings work units to their close: chooses lanes, dispatches attempts to them, records results as they come, reports
// progress, tries again within bounds, and writes the rows of items that will not be answered.
//
// A lane that runs as many attempts as it takes has a queue of units, too, and the end of an attempt lets the next one
// go on.
//
// Fairness: units wait in a queue in which orgs take turns, the most urgent batch of an org first. A unit has a slot
// while work is done for it here, not while a provider works on a batch of it. An org has at most its share of the
// slots, by weight, and one share is always left for who comes next.
//
// Threading: run, stop_batch, stop, closed_lanes and unpark from any thread; each unit runs on a strand of its own,
// where it may block on files. Lifetime:  what the constructor borrows must outlive the dispatcher; call stop() and let
// the executor run dry
//            before destroying it.
// Delivery:  a unit may be run again after a crash, or by the next owner of its partition; its results are kept, and
//            only items without any are asked again.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/catalog.h"
#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/dispatch/fair_queue.h"
#include "processors/dispatch/lane_choice.h"
#include "processors/dispatch/lane_health.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/lane.h"
#include "processors/ports/lane_board.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class UnitRun;

class Dispatcher final : public LaneBoard, public LaneControl {
 public:
  struct Settings {
    std::size_t units_in_flight_max = 16;
    std::uint32_t attempts_max = 5;                // as core::Policy has it
    std::chrono::milliseconds retry_delay{2'000};  // doubled with each attempt, and with each run that fails
    core::Duration rescue_time = std::chrono::hours(1);
    core::Duration batch_time_min = std::chrono::minutes(10);
    LaneHealth::Settings health = {};
    std::map<core::OrgId, std::uint32_t> weights = {};  // of orgs whose weight is not 1
    std::uint32_t batch_items_min = 1;                  // fewer are asked synchronously
  };

  // What a unit's run needs of its surroundings.
  struct Environment {
    const core::Catalog& catalog;
    std::vector<Lane*> lanes;
    BlobStore& blobs;
    StateReader reader;
    CommandBus& bus;
    std::function<core::Timestamp()> now;
    Metrics& metrics;
    Log& log;
  };

  Dispatcher(boost::asio::any_io_executor executor, Settings settings, Environment environment);
  ~Dispatcher() override;

  void run(TermPointer term, core::RunUnit unit);
  // Ends the batch's running attempts early: its state now says that it is to stop.
  void stop_batch(const core::BatchId& batch);
  // Ends all attempts; what they have answered is kept, the rest waits for the next start.
  void stop();
  // Whether no unit is being run. After stop() it soon is, and stays so.
  bool idle() const { return runs_ == 0; }

  std::vector<LaneStatus> closed_lanes() const override;
  void unpark(core::ProviderId provider, std::function<void(std::size_t)> done) override;

 private:
  friend class UnitRun;

  using LaneKey = std::pair<core::ProviderId, core::Mode>;

  struct Work {
    TermPointer term;
    core::RunUnit unit;
    std::uint32_t failures = 0;  // runs in a row that failed here, as on a full disk
  };
  // Given back once, by whoever comes first: the run that only waits, or its end.
  struct Slot {
    core::OrgId org;
    bool taken = true;  // on the strand
  };
  using SlotPointer = std::shared_ptr<Slot>;

  // What follows is for unit runs, from their own strands.
  Lane* lane_of(const core::quote::RouteLane& lane) const;
  // The lane counts as in use from here until attempt_ended.
  boost::asio::awaitable<LaneChoice> take_lane(std::vector<core::quote::RouteLane> lanes, core::batch::Unit unit,
                                               core::Timestamp deadline);
  void attempt_resumed(core::quote::RouteLane lane);
  void attempt_ended(core::quote::RouteLane lane, AttemptEnd end, bool any_succeeded);
  void give_back(SlotPointer slot);
  std::uint64_t next_command() { return ++commands_; }
  LaneRules rules(core::Timestamp now) const;

  boost::asio::awaitable<LaneChoice> choose(std::vector<core::quote::RouteLane> lanes, core::batch::Unit unit,
                                            core::Timestamp deadline);
  void pump();
  bool may_run(const core::OrgId& org) const;
  boost::asio::awaitable<void> run_one(Work work, SlotPointer slot);
  void wait_for_turn(Work work);
  void again_later(Work work, std::chrono::milliseconds delay);
  bool has_room(const Lane& lane, const LaneKey& key) const;
  void wait_for_room(Work work, const LaneKey& lane);
  void end_waits_for_room();
  std::uint32_t weight(const core::OrgId& org) const;
  int priority(const core::RunUnit& unit) const;

  const Settings settings_;
  Environment environment_;
  boost::asio::any_io_executor executor_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;

  std::atomic<std::size_t> runs_ = 0;        // changed on the strand
  std::atomic<std::uint64_t> commands_ = 0;  // of runs, so far
  std::atomic<bool> stopping_ = false;
  std::atomic<std::shared_ptr<const std::vector<LaneStatus>>> closed_lanes_;

  // On the strand.
  FairQueue<core::OrgId, Work> waiting_;
  std::set<std::shared_ptr<boost::asio::steady_timer>> pauses_;  // of units that try again later
  std::map<core::OrgId, std::size_t> slots_;                     // taken, by org; none zero
  std::size_t slots_taken_ = 0;
  std::map<LaneKey, std::size_t> attempts_;               // running
  std::map<LaneKey, FairQueue<core::OrgId, Work>> full_;  // what waits for the end of one of them
  boost::asio::steady_timer full_timer_;                  // then they look what else there is
  bool full_timer_runs_ = false;
  LaneHealth health_;
};

}  // namespace processors
