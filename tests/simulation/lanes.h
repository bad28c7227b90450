// The providers: what they were asked, what they do with it, and the lanes over which a process asks them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "processors/ports/lane.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"

namespace simulation {

struct LaneFaults {
  double item_fails = 0;       // for a reason of its own
  double item_transient = 0;   // may succeed when asked again
  double item_unknown = 0;     // nobody can tell whether it was carried out
  double answered_twice = 0;   // the second answer says something else
  double stray_answer = 0;     // for an item that nobody asked
  double usage_absurd = 0;     // negative, enormous, missing
  double attempt_fails = 0;    // as a whole: rate limits, errors, quota
  double attempt_hangs = 0;    // answers nothing until it is stopped
  double batch_forgotten = 0;  // a provider batch that is gone when it is taken up again
  core::Duration answer_max = std::chrono::minutes(5);
};

// One work unit's try, as the providers know it.
using AttemptName = std::tuple<core::OrgId, core::BatchId, core::UnitIndex, core::AttemptNumber>;

// The providers, who outlive every process of ours.
class Providers {
 public:
  Providers(Chance& chance, const LaneFaults& faults) : chance_(chance), faults_(faults) {}

  // Told of each call before anything is done.
  std::function<void(const processors::Attempt&)> called = [](const processors::Attempt&) {};

 private:
  friend class SimulatedProviderLane;

  struct Batch {
    AttemptName name;
    std::vector<processors::LaneAnswer> answers;
    core::Timestamp ends_at;
    bool hangs = false;
    bool cancelled = false;
  };

  processors::LaneAnswer answer(const processors::LaneItem& item);
  std::string create(const processors::Attempt& attempt);

  Chance& chance_;
  const LaneFaults& faults_;
  std::map<std::string, Batch> batches_;  // by handle
};

// A process's lane to one of them, in both modes.
class SimulatedProviderLane final : public processors::Lane {
 public:
  SimulatedProviderLane(core::ProviderId provider, Providers& providers, Agenda& agenda)
      : provider_(std::move(provider)), providers_(providers), agenda_(agenda) {}

  bool serves(const core::ProviderId& provider, core::Mode) const override { return provider == provider_; }
  std::size_t attempts_max() const override { return 6; }
  void start(processors::Attempt attempt, std::shared_ptr<processors::AttemptObserver> observer) override;
  void cancel(const core::BatchId& batch) override;
  void leave(const core::BatchId& batch, core::UnitIndex unit) override;
  void leave_all() override;

 private:
  struct Run {
    processors::Attempt attempt;
    std::shared_ptr<processors::AttemptObserver> observer;
    std::string handle;
  };
  using RunPointer = std::shared_ptr<Run>;

  void later(const RunPointer& run, core::Duration delay, std::function<void(SimulatedProviderLane&, Run&)> act);
  void ask_items(const RunPointer& run);
  void make_batch(const RunPointer& run);
  void follow_batch(const RunPointer& run);
  void report(Run& run, const processors::LaneAnswer& answer);
  void end(Run& run, processors::AttemptEnd how);
  processors::AttemptEnd failure();

  const core::ProviderId provider_;
  Providers& providers_;
  Agenda& agenda_;
  std::vector<RunPointer> runs_;  // in order of their start
};

}  // namespace simulation
