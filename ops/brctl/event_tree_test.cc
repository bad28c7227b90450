// If these fail, whoever looks into what became of a batch is shown a wrong cause, or a screen that nobody can read.
#include "ops/brctl/event_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/testing/samples.h"
#include "ops/brctl/event_search.h"
#include "schemas/journal_codec.h"

namespace ops::brctl {
namespace {

using core::batch::Progress;
using core::testing::acme;
using core::testing::cents;

const core::BatchId batch("bat_1");
const core::DeliveryId delivery("msg_1");
const core::Timestamp begin(std::chrono::seconds(1'700'000'000));

// A partition's records as the loop writes them: those of one call are one group.
class Log {
 public:
  using Caused = std::pair<std::string, core::Event>;

  void add(std::chrono::milliseconds after, const std::vector<Caused>& events) {
    processors::StoredRecord stored;
    stored.offset = core::Offset(next_++);
    stored.record.epoch = core::Epoch(1);
    stored.record.instance = "node-1";
    stored.record.time = begin + after;
    schemas::GroupWriter group(core::Partition(3), stored.record.time);
    for (const auto& [cause, event] : events) group.add({core::CommandId(cause), core::aggregate_of(acme), event});
    stored.record.value = std::move(group).finish();
    records_.push_back(stored);
  }

  std::vector<SeenEvent> about(const std::string& id) const {
    Subject subject(id);
    subject.add("qlock_1");
    std::vector<SeenEvent> events;
    for (const processors::StoredRecord& stored : records_) {
      auto found = events_about(subject, core::Partition(3), stored);
      EXPECT_TRUE(found);
      std::ranges::move(*found, std::back_inserter(events));
    }
    return events;
  }

 private:
  std::vector<processors::StoredRecord> records_;
  std::int64_t next_ = 40;
};

Progress progress(std::uint32_t items) {
  Progress progress;
  progress.tally.succeeded = items;
  progress.charged = cents(items);
  progress.provider_cost = cents(items / 2);
  return progress;
}

core::batch::UnitDispatched dispatched(std::uint32_t unit, std::uint32_t attempt, const std::string& provider) {
  core::batch::UnitDispatched event;
  event.org = acme;
  event.batch = batch;
  event.unit = core::UnitIndex(unit);
  event.attempt = core::AttemptNumber(attempt);
  event.provider = core::ProviderId(provider);
  event.model = core::ModelSlug("small");
  event.mode = core::Mode::sync;
  return event;
}

core::batch::UnitClosed closed(std::uint32_t unit) {
  core::batch::UnitClosed event;
  event.org = acme;
  event.batch = batch;
  event.unit = core::UnitIndex(unit);
  event.progress = progress(100);
  return event;
}

core::ledger::TransferPosted transfer(core::ledger::TransferKind kind, core::AccountId debit, core::AccountId credit,
                                      std::int64_t amount) {
  return {
      core::TransferId("t/" + batch.value()), kind, acme, std::move(debit), std::move(credit), cents(amount), batch};
}

// Quote, batch, so many units of a hundred items, of which the third is asked twice, and a webhook.
Log life(std::uint32_t units) {
  using core::ledger::TransferKind;
  using std::chrono::milliseconds;
  Log log;
  const auto plan = core::testing::plan(units, 100, cents(100 * units + 50));
  core::quote::QuoteLocked locked;
  locked.org = acme;
  locked.quote = core::QuoteId("qlock_1");
  locked.plan = plan;
  log.add(milliseconds(0), {{"cmd_1", locked}});
  core::batch::BatchAccepted accepted;
  accepted.org = acme;
  accepted.batch = batch;
  accepted.quote = locked.quote;
  accepted.plan = plan;
  log.add(milliseconds(800), {{"cmd_other", core::identity::SessionClosed{acme, core::Digest("of somebody")}},
                              {"cmd_2", core::quote::QuoteConsumed{acme, locked.quote, batch}},
                              {"cmd_2", transfer(TransferKind::reserve, core::ledger::available(acme),
                                                 core::ledger::reserved(acme), 100 * units + 50)},
                              {"cmd_2", accepted},
                              {"cmd_2", core::batch::BatchQueued{acme, batch}}});
  log.add(milliseconds(900),
          {{"plan/bat_1/0", core::batch::UnitsPlanned{acme, batch, 0, core::testing::plan_units("1", plan).units}}});
  for (std::uint32_t unit = 0; unit < units; ++unit) {
    const std::string name = "/bat_1/" + std::to_string(unit);
    std::uint32_t attempt = 1;
    log.add(milliseconds(1000 + unit), {{"dispatch" + name + "/1", dispatched(unit, attempt, "openai")}});
    if (unit == 2) {
      core::batch::AttemptEnded ended;
      ended.org = acme;
      ended.batch = batch;
      ended.unit = core::UnitIndex(unit);
      ended.attempt = core::AttemptNumber(1);
      ended.reason = "lane_down";
      log.add(milliseconds(2000), {{"end" + name + "/1", ended}});
      log.add(milliseconds(2001), {{"dispatch" + name + "/2", dispatched(unit, ++attempt, "google")}});
    }
    for (std::uint32_t step = 0; step < unit % 4; ++step) {
      core::batch::UnitProgressed progressed{acme, batch, core::UnitIndex(unit), core::AttemptNumber(attempt),
                                             progress(20 * (step + 1))};
      log.add(milliseconds(3000 + 10 * unit + step), {{"progress" + name, progressed}});
    }
    if (unit + 1 < units) log.add(milliseconds(4000 + unit), {{"close" + name + "/1", closed(unit)}});
  }
  const std::string last = "close/bat_1/" + std::to_string(units - 1) + "/1";
  core::batch::BatchEnded ended;
  ended.org = acme;
  ended.batch = batch;
  ended.tally.succeeded = 100 * units;
  ended.captured = cents(100 * units);
  ended.released = cents(50);
  core::webhook::DeliveryScheduled scheduled;
  scheduled.org = acme;
  scheduled.delivery = delivery;
  scheduled.batch = batch;
  scheduled.type = "batch.completed";
  log.add(milliseconds(65'000),
          {{last, closed(units - 1)},
           {last, transfer(TransferKind::capture, core::ledger::reserved(acme), core::ledger::revenue(), 100 * units)},
           {last, ended},
           {last, scheduled}});
  core::webhook::DeliveryFailed failed;
  failed.org = acme;
  failed.delivery = delivery;
  failed.attempt = core::AttemptNumber(1);
  failed.status = 503;
  failed.retry_at = begin + std::chrono::seconds(70);
  log.add(milliseconds(65'100), {{"delivered/msg_1/1", failed}});
  log.add(milliseconds(70'000),
          {{"timer/delivery/msg_1/1", core::webhook::DeliveryRetried{acme, delivery, core::AttemptNumber(1)}},
           {"timer/delivery/msg_1/1", core::TimerFired{failed.retry_at, "delivery/msg_1"}}});
  log.add(milliseconds(70'200),
          {{"delivered/msg_1/2", core::webhook::DeliverySucceeded{acme, delivery, core::AttemptNumber(2), 200}}});
  return log;
}

std::string rendered(std::uint32_t units) {
  const std::vector<SeenEvent> events = life(units).about(batch.value());
  return "\n" + render_tree(build_tree(events));
}

TEST(EventTree, a_batch_with_a_unit_that_was_asked_twice) {
  EXPECT_EQ(rendered(3), R"(
PLACE         TIME  WHAT
3/40      +0.000 s  command cmd_1
3/40.0    +0.000 s  └─ quote.locked  qlock_1, 300 items in 3 units, at most 3.50 USD
3/41      +0.800 s  command cmd_2
3/41.1    +0.800 s  ├─ quote.consumed  qlock_1 by bat_1
3/41.2    +0.800 s  ├─ ledger.transfer_posted  reserve 3.50 USD, available to reserved
3/41.3    +0.800 s  ├─ batch.accepted  bat_1, 300 items in 3 units, at most 3.50 USD
3/41.4    +0.800 s  └─ batch.queued  bat_1
                       └─ → plan its units
3/42.0    +0.900 s        └─ batch.units_planned  units 0 to 2
                             ├─ → run unit 0
3/43.0    +1.000 s           │  ├─ batch.unit_dispatched  unit 0, attempt 1 to openai small sync
3/44.0    +4.000 s           │  └─ batch.unit_closed  unit 0, 100 items: 100 succeeded; charged 1.00 USD, cost 0.50 USD
                             ├─ → run unit 1
3/45.0    +1.001 s           │  ├─ batch.unit_dispatched  unit 1, attempt 1 to openai small sync
3/46.0    +3.010 s           │  ├─ batch.unit_progressed  unit 1, 20 items: 20 succeeded; charged 0.20 USD, cost 0.10 USD
3/47.0    +4.001 s           │  └─ batch.unit_closed  unit 1, 100 items: 100 succeeded; charged 1.00 USD, cost 0.50 USD
                             └─ → run unit 2
3/48.0    +1.002 s              ├─ batch.unit_dispatched  unit 2, attempt 1 to openai small sync
3/49.0    +2.000 s              ├─ batch.attempt_ended  unit 2, attempt 1: lane_down, 0 items; charged 0.00 USD
3/50.0    +2.001 s              ├─ batch.unit_dispatched  unit 2, attempt 2 to google small sync
3/51.0 …  +3.020 s              ├─ 2 × batch.unit_progressed  40 items: 40 succeeded; charged 0.40 USD, cost 0.20 USD, until +3.021 s
3/53.0      +1m05s              ├─ batch.unit_closed  unit 2, 100 items: 100 succeeded; charged 1.00 USD, cost 0.50 USD
3/53.1      +1m05s              ├─ ledger.transfer_posted  capture 3.00 USD, reserved to platform/revenue
3/53.2      +1m05s              ├─ batch.ended  bat_1 completed, 300 items: 300 succeeded; captured 3.00 USD, released 0.50 USD
3/53.3      +1m05s              └─ webhook.delivery_scheduled  msg_1 says batch.completed
                                   └─ → deliver msg_1
3/54.0      +1m05s                    ├─ webhook.delivery_failed  attempt 1, status 503, again at 2023-11-14T22:14:30Z
3/55        +1m10s                    ├─ command timer/delivery/msg_1/1
3/55.0      +1m10s                    │  ├─ webhook.delivery_retried  msg_1
3/55.1      +1m10s                    │  └─ timer.fired  delivery/msg_1
3/56.0      +1m10s                    └─ webhook.delivery_succeeded  attempt 2, status 200
)");
}

TEST(EventTree, a_thousand_units_fit_on_a_screen_and_the_odd_one_stands_out) {
  const std::string text = rendered(400);
  EXPECT_LE(std::ranges::count(text, '\n'), 40) << text;
  EXPECT_THAT(text, testing::HasSubstr("→ run unit 0 and 397 alike\n"));
  EXPECT_THAT(text, testing::HasSubstr("398 × batch.unit_dispatched  openai small sync, until +1.398 s\n"));
  EXPECT_THAT(text, testing::HasSubstr("398 × batch.unit_closed  39,800 items: 39,800 succeeded; charged 398.00 USD"));
  EXPECT_THAT(text, testing::HasSubstr("→ run unit 2\n"));
  EXPECT_THAT(text, testing::HasSubstr("attempt 1: lane_down"));
  EXPECT_THAT(text, testing::HasSubstr("batch.ended  bat_1 completed"));
}

TEST(EventTree, an_effect_that_nobody_carried_out_says_so) {
  Log log;
  core::identity::VerificationRequested requested;
  requested.org = acme;
  requested.mail = core::MailId("mail_1");
  log.add(std::chrono::milliseconds(0), {{"cmd_1", requested}});
  EXPECT_THAT(render_tree(build_tree(log.about(acme.value()))),
              testing::HasSubstr("→ send the mail verification  (nothing came of it yet)\n"));
  log.add(std::chrono::milliseconds(9), {{"complete/mail/mail_1", core::EffectCompleted{"mail/mail_1"}}});
  const auto events = log.about(acme.value());
  EXPECT_THAT(render_tree(build_tree(events)), testing::HasSubstr("effect.completed  mail/mail_1\n"));
  EXPECT_EQ(render_tree(build_tree({})), "");
}

}  // namespace
}  // namespace ops::brctl
