#include "tests/simulation/weather.h"

#include <cmath>

namespace simulation {

namespace {

#define KNOB(name, member, least, most)                                           \
  {                                                                               \
    name, [](Weather& weather) -> double& { return weather.member; }, least, most \
  }

// clang-format off
constexpr Knob all_knobs[] = {
    KNOB("append_unknown", log.outcome_unknown, 0.002, 0.08),
    KNOB("append_late", log.lands_late, 0.05, 0.8),
    KNOB("append_overloaded", log.overloaded, 0.01, 0.2),
    KNOB("open_fails", log.open_fails, 0.05, 0.5),
    KNOB("log_lost", log.lost_for_nothing, 0.001, 0.02),
    KNOB("disk_write_fails", disk.write_error, 0.0001, 0.005),
    KNOB("disk_sync_fails", disk.sync_error, 0.0001, 0.005),
    KNOB("disk_is_full", disk.no_space, 0.0001, 0.005),
    KNOB("blob_fails", blobs.fails, 0.001, 0.05),
    KNOB("item_fails", lanes.item_fails, 0.01, 0.3),
    KNOB("item_transient", lanes.item_transient, 0.01, 0.3),
    KNOB("item_unknown", lanes.item_unknown, 0.01, 0.2),
    KNOB("answered_twice", lanes.answered_twice, 0.01, 0.5),
    KNOB("stray_answer", lanes.stray_answer, 0.01, 0.3),
    KNOB("usage_absurd", lanes.usage_absurd, 0.01, 0.5),
    KNOB("attempt_fails", lanes.attempt_fails, 0.02, 0.4),
    KNOB("attempt_hangs", lanes.attempt_hangs, 0.01, 0.3),
    KNOB("batch_forgotten", lanes.batch_forgotten, 0.02, 0.5),
    KNOB("mail_fails", receivers.mail_fails, 0.1, 0.6),
    KNOB("endpoint_fails", receivers.endpoint_fails, 0.1, 0.9),
    KNOB("endpoint_answer_lost", receivers.answer_lost, 0.05, 0.5),
    KNOB("endpoint_gone", receivers.endpoint_is_gone, 0.02, 0.3),
    KNOB("endpoint_moves", receivers.endpoint_moves, 0.02, 0.5),
    KNOB("payment_fails", payments.fails, 0.05, 0.5),
    KNOB("kills", kills, 0.5, 12),
    KNOB("power_cuts", power_cuts, 0.5, 6),
    KNOB("pauses", pauses, 0.5, 8),
    KNOB("state_disk", state_disk, 0.2, 2),
    KNOB("log_out_of_reach", log_out_of_reach, 0.5, 6),
    KNOB("clock_jumps", clock_jumps, 0.5, 8),
    KNOB("rebalances", rebalances, 0.5, 12),
    KNOB("two_owners", two_owners, 0.5, 8),
    KNOB("fault_points", fault_points, 0.0005, 0.02),
    KNOB("quote", habits.quote, 0.5, 2),
    KNOB("submit", habits.submit, 0.5, 4),
    KNOB("accept", habits.accept, 0.5, 4),
    KNOB("accept_again", habits.accept_again, 0.2, 1),
    KNOB("submit_again", habits.submit_again, 0.2, 2),
    KNOB("submit_other", habits.submit_other, 0.2, 1),
    KNOB("race", habits.race, 0.2, 1),
    KNOB("cancel", habits.cancel, 0.2, 2),
    KNOB("retry", habits.retry, 0.1, 0.6),
    KNOB("look", habits.look, 0.5, 4),
    KNOB("pry", habits.pry, 0.2, 2),
    KNOB("judge", habits.judge, 0.1, 0.5),
    KNOB("buy", habits.buy, 0.5, 2),
    KNOB("pay", habits.pay, 0.5, 4),
    KNOB("refund", habits.refund, 0.2, 1),
    KNOB("dispute", habits.dispute, 0.2, 1),
    KNOB("grant", habits.grant, 0.1, 0.5),
    KNOB("order", habits.order, 0.2, 2),
    KNOB("command_rewinds", command_rewinds, 0.05, 0.5),
    KNOB("reports_repeated", reports_repeated, 0.02, 0.5),
    KNOB("leave", habits.leave, 0.02, 0.1),
};
// clang-format on
#undef KNOB

}  // namespace

std::span<const Knob> knobs() {
  return all_knobs;
}

Weather draw_weather(Chance& chance, const std::set<std::string>& without) {
  Weather weather;
  for (const Knob& knob : all_knobs) {
    const bool on = chance.happens(0.5);
    const double part = static_cast<double>(chance.between(0, 1'000)) / 1'000;
    if (on && !without.contains(knob.name)) knob.of(weather) = knob.least * std::pow(knob.most / knob.least, part);
  }
  weather.log.delay_max = chance.between(std::chrono::milliseconds(1), std::chrono::milliseconds(500));
  weather.lanes.answer_max = chance.between(std::chrono::seconds(1), std::chrono::minutes(20));
  // Without work nothing happens that could go wrong.
  if (weather.habits.submit + weather.habits.accept == 0) weather.habits.submit = 1;
  if (weather.habits.accept > 0 && weather.habits.quote == 0) weather.habits.quote = 1;
  return weather;
}

Weather calm(Weather weather) {
  const Habits habits = weather.habits;
  const core::Duration answer_max = weather.lanes.answer_max;
  weather = {};
  weather.habits = habits;
  weather.lanes.answer_max = answer_max;
  return weather;
}

}  // namespace simulation
