#include "tests/simulation/lanes.h"

#include <algorithm>
#include <utility>

namespace simulation {

using processors::Attempt;
using processors::AttemptEnd;
using processors::LaneAnswer;
using processors::LaneEnd;
using processors::LaneItem;
using processors::Trouble;
using processors::Usage;
using processors::Verdict;

namespace {

AttemptName name_of(const Attempt& attempt) {
  return {attempt.org, attempt.batch, attempt.unit, attempt.number};
}

Usage absurd_usage(Chance& chance) {
  static const Usage usages[] = {
      {-1, 0, 5}, {0, 0, 0}, {10, 20, 5}, {10, 0, -7}, {std::int64_t{1} << 62, 0, 1}, {10, 0, std::int64_t{1} << 62}};
  return chance.one_of(usages);
}

}  // namespace

// --- the providers --------------------------------------------------------------------------------------------------

LaneAnswer Providers::answer(const LaneItem& item) {
  LaneAnswer answer;
  answer.number = item.number;
  if (chance_.happens(faults_.item_fails)) {
    answer.verdict = Verdict::item_fault;
  } else if (chance_.happens(faults_.item_transient)) {
    answer.verdict = Verdict::transient;
  } else if (chance_.happens(faults_.item_unknown)) {
    answer.verdict = Verdict::unknown;
  } else {
    answer.verdict = Verdict::succeeded;
    answer.text = "answer " + std::to_string(chance_.between(0, 999)) + " to " + std::to_string(item.number);
    answer.finish_reason = "stop";
    answer.usage = {static_cast<std::int64_t>(chance_.between(5, 200)), 0,
                    static_cast<std::int64_t>(chance_.between(0, 150))};
    if (chance_.happens(faults_.usage_absurd)) answer.usage = absurd_usage(chance_);
    return answer;
  }
  answer.error_code = "refused";
  answer.error_message = "The provider says no.";
  return answer;
}

std::string Providers::create(const Attempt& attempt) {
  const std::string handle = "pb_" + std::to_string(batches_.size() + 1);
  Batch batch;
  batch.name = name_of(attempt);
  for (const LaneItem& item : attempt.items) batch.answers.push_back(answer(item));
  batch.ends_at = simulated_now() + chance_.between(core::Duration(0), 4 * faults_.answer_max);
  batch.hangs = chance_.happens(faults_.attempt_hangs);
  batches_.emplace(handle, std::move(batch));
  return handle;
}

// --- a lane ---------------------------------------------------------------------------------------------------------

// Whatever happens to the run meanwhile.
void SimulatedProviderLane::later(const RunPointer& run, core::Duration delay,
                                  std::function<void(SimulatedProviderLane&, Run&)> act) {
  agenda_.later(delay, [this, weak = std::weak_ptr(run), act = std::move(act)] {
    const RunPointer still = weak.lock();  // gone with the lane, or ended
    if (still && still->observer) act(*this, *still);
  });
}

void SimulatedProviderLane::start(Attempt attempt, std::shared_ptr<processors::AttemptObserver> observer) {
  providers_.called(attempt);
  const auto run = std::make_shared<Run>(Run{std::move(attempt), std::move(observer), {}});
  run->handle = run->attempt.handle;
  runs_.push_back(run);
  if (run->attempt.mode == core::Mode::sync)
    ask_items(run);
  else
    make_batch(run);
}

AttemptEnd SimulatedProviderLane::failure() {
  static const Trouble troubles[] = {Trouble::busy, Trouble::down,       Trouble::blocked, Trouble::blocked_model,
                                     Trouble::slow, Trouble::mismatched, Trouble::none};
  AttemptEnd end{LaneEnd::failed, "made_to_fail", providers_.chance_.one_of(troubles)};
  if (providers_.chance_.happens(0.3)) end.retry_after = std::chrono::seconds(providers_.chance_.between(0, 600));
  return end;
}

void SimulatedProviderLane::ask_items(const RunPointer& run) {
  Chance& chance = providers_.chance_;
  if (chance.happens(providers_.faults_.attempt_hangs)) return;
  core::Duration last{};
  for (const LaneItem& item : run->attempt.items) {
    const core::Duration delay = chance.between(core::Duration(0), providers_.faults_.answer_max);
    last = std::max(last, delay);
    later(run, delay,
          [answer = providers_.answer(item)](SimulatedProviderLane& lane, Run& now) { lane.report(now, answer); });
  }
  AttemptEnd end{};
  if (chance.happens(providers_.faults_.attempt_fails)) {
    end = failure();
    last = chance.between(core::Duration(0), last);
  }
  later(run, last, [end](SimulatedProviderLane& lane, Run& now) { lane.end(now, end); });
}

void SimulatedProviderLane::make_batch(const RunPointer& run) {
  Chance& chance = providers_.chance_;
  const core::Duration delay = chance.between(core::Duration(0), providers_.faults_.answer_max / 10);
  if (chance.happens(providers_.faults_.attempt_fails))
    return later(run, delay, [end = failure()](SimulatedProviderLane& lane, Run& now) { lane.end(now, end); });
  if (!run->handle.empty() && run->handle != processors::handle_in_making) return follow_batch(run);
  if (run->attempt.resumed) {
    for (const auto& [handle, batch] : providers_.batches_) {
      if (batch.name == name_of(run->attempt)) run->handle = handle;
    }
  }
  const auto made = [this, weak = std::weak_ptr(run)] {
    const RunPointer still = weak.lock();
    if (!still || !still->observer) return;
    if (still->handle.empty() || still->handle == processors::handle_in_making)
      still->handle = providers_.create(still->attempt);
    still->observer->on_handle(still->handle, [this, weak] {
      if (const RunPointer now = weak.lock(); now && now->observer) follow_batch(now);
    });
  };
  const bool says_so_first = run->handle.empty() && chance.happens(0.5);
  later(run, delay, [made, says_so_first](SimulatedProviderLane&, Run& now) {
    if (says_so_first)
      now.observer->on_handle(std::string(processors::handle_in_making), made);
    else
      made();
  });
}

void SimulatedProviderLane::follow_batch(const RunPointer& run) {
  const auto found = providers_.batches_.find(run->handle);
  if (found == providers_.batches_.end() || providers_.chance_.happens(providers_.faults_.batch_forgotten))
    return later(run, core::Duration(0), [](SimulatedProviderLane& lane, Run& now) {
      lane.end(now, {LaneEnd::failed, "batch_not_found"});
    });
  const Providers::Batch& batch = found->second;
  const auto give_up_at = run->attempt.give_up_at;
  if (batch.hangs || (give_up_at && *give_up_at < batch.ends_at)) {
    if (give_up_at)
      later(run, std::max(core::Duration(0), *give_up_at - simulated_now()), [](SimulatedProviderLane& lane, Run& now) {
        lane.end(now, {LaneEnd::failed, "slow", Trouble::slow});
      });
    return;
  }
  later(run, std::max(core::Duration(0), batch.ends_at - simulated_now()), [](SimulatedProviderLane& lane, Run& now) {
    const Providers::Batch& ended = lane.providers_.batches_.at(now.handle);
    for (const LaneAnswer& answer : ended.answers) lane.report(now, answer);
    lane.end(now, {});
  });
}

void SimulatedProviderLane::report(Run& run, const LaneAnswer& answer) {
  Chance& chance = providers_.chance_;
  run.observer->on_answer(answer);
  if (chance.happens(providers_.faults_.answered_twice)) {
    LaneItem item;
    item.number = answer.number;
    run.observer->on_answer(providers_.answer(item));
  }
  if (chance.happens(providers_.faults_.stray_answer)) {
    LaneItem item;
    item.number = static_cast<std::uint32_t>(chance.between(0, 1'000));
    const bool asked = std::any_of(run.attempt.items.begin(), run.attempt.items.end(),
                                   [&](const LaneItem& one) { return one.number == item.number; });
    if (!asked) run.observer->on_answer(providers_.answer(item));
  }
}

void SimulatedProviderLane::end(Run& run, AttemptEnd how) {
  const auto observer = std::exchange(run.observer, nullptr);
  std::erase_if(runs_, [&](const RunPointer& one) { return one.get() == &run; });
  if (observer) observer->on_end(std::move(how));
}

// What a provider has finished by then is still reported.
void SimulatedProviderLane::cancel(const core::BatchId& batch) {
  for (const RunPointer& run : std::vector(runs_)) {
    if (run->attempt.batch != batch) continue;
    later(run, providers_.chance_.between(core::Duration(0), providers_.faults_.answer_max),
          [](SimulatedProviderLane& lane, Run& now) {
            const auto made = lane.providers_.batches_.find(now.handle);
            if (made != lane.providers_.batches_.end() && !made->second.hangs) {
              for (const LaneAnswer& answer : made->second.answers) {
                if (lane.providers_.chance_.happens(0.5)) lane.report(now, answer);
              }
            }
            lane.end(now, {LaneEnd::stopped, "stopped"});
          });
  }
}

void SimulatedProviderLane::leave(const core::BatchId& batch, core::UnitIndex unit) {
  for (const RunPointer& run : std::vector(runs_)) {
    if (run->attempt.batch == batch && run->attempt.unit == unit) end(*run, {LaneEnd::stopped, "stopped"});
  }
}

void SimulatedProviderLane::leave_all() {
  for (const RunPointer& run : std::vector(runs_)) end(*run, {LaneEnd::stopped, "stopped"});
}

}  // namespace simulation
