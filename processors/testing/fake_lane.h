// A lane that answers by script, at once, in the caller's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/lane.h"

namespace processors::testing {

inline LaneAnswer answer_with(const LaneItem& item, Verdict verdict) {
  LaneAnswer answer;
  answer.number = item.number;
  answer.verdict = verdict;
  if (verdict == Verdict::succeeded) {
    answer.text = "answer " + std::to_string(item.number);
    answer.finish_reason = "stop";
    answer.usage = {10, 0, 5};
  } else {
    answer.error_code = "refused";
    answer.error_message = "The provider says no.";
  }
  return answer;
}

// Threading: one thread at a time.
class FakeLane final : public Lane {
 public:
  // What an item is answered; nothing: it waits until the attempt ends.
  using Script = std::function<std::optional<LaneAnswer>(const Attempt&, const LaneItem&)>;

  struct Run {
    Attempt attempt;
    std::shared_ptr<AttemptObserver> observer;  // null once it has ended
  };

  explicit FakeLane(core::ProviderId provider) : provider_(std::move(provider)) {}

  bool serves(const core::ProviderId& provider, core::Mode) const override { return provider == provider_; }
  std::size_t attempts_max() const override { return room; }

  void start(Attempt attempt, std::shared_ptr<AttemptObserver> observer) override {
    if (before_start_) std::exchange(before_start_, nullptr)();
    const std::size_t index = runs.size();
    runs.push_back({std::move(attempt), std::move(observer)});
    if (!reports_handles_ || !runs[index].attempt.handle.empty()) return ask_items(index);
    runs[index].observer->on_handle("provider_batch_" + std::to_string(index + 1), [this, index] { ask_items(index); });
  }
  void cancel(const core::BatchId& batch) override {
    cancelled.push_back(batch);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].attempt.batch == batch) end(i, {LaneEnd::stopped, "stopped"});
    }
  }
  void leave(const core::BatchId& batch, core::UnitIndex unit) override {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].attempt.batch == batch && runs[i].attempt.unit == unit) end(i, {LaneEnd::stopped, "stopped"});
    }
  }
  void leave_all() override {
    for (std::size_t i = 0; i < runs.size(); ++i) end(i, {LaneEnd::stopped, "stopped"});
  }

  // --- verbs of tests

  void answer_by(Script script) { script_ = std::move(script); }
  // Each attempt fails as a whole once its items were asked.
  void fail_attempts(std::string reason, Trouble trouble = Trouble::none) {
    failure_ = AttemptEnd{LaneEnd::failed, std::move(reason), trouble};
  }
  void succeed_again() { failure_.reset(); }
  // Attempts report a provider batch and ask nothing before that is durable.
  void report_handles() { reports_handles_ = true; }
  // In the middle of the next start(), before the attempt can be stopped.
  void before_next_start(std::function<void()> what) { before_start_ = std::move(what); }
  void end(std::size_t index, AttemptEnd how) {
    if (const auto observer = std::exchange(runs.at(index).observer, nullptr)) observer->on_end(std::move(how));
  }

  int asked(std::uint32_t number) const {
    const auto found = asks_.find(number);
    return found == asks_.end() ? 0 : found->second;
  }

  std::size_t room = 8;  // for attempts at once
  std::vector<Run> runs;
  std::vector<core::BatchId> cancelled;

 private:
  void ask_items(std::size_t index) {
    if (!runs[index].observer) return;
    bool all_answered = true;
    for (const LaneItem& item : runs[index].attempt.items) {
      ++asks_[item.number];
      if (std::optional<LaneAnswer> answer = script_(runs[index].attempt, item))
        runs[index].observer->on_answer(std::move(*answer));
      else
        all_answered = false;
    }
    if (failure_) return end(index, *failure_);
    if (all_answered) end(index, {});
  }

  const core::ProviderId provider_;
  Script script_ = [](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); };
  std::optional<AttemptEnd> failure_;
  bool reports_handles_ = false;
  std::function<void()> before_start_;
  std::map<std::uint32_t, int> asks_;
};

}  // namespace processors::testing
