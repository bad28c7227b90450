// Broken if: a rule of the books or of the batches could be broken in the journal, and an audit would not say so, or
// would say so of a good one. Each rule is seen to catch a story in which it alone was broken.
#include "processors/audit/partition_audit.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/ledger/rules.h"
#include "core/testing/samples.h"
#include "processors/chain.h"
#include "processors/fold.h"
#include "schemas/digest.h"
#include "schemas/journal_codec.h"

namespace {

using processors::chain_of;
using processors::JournalRecord;
using processors::StoredRecord;
using processors::unknown_chain;
using processors::audit::Finding;
using processors::audit::Options;
using processors::audit::PartitionAudit;
using processors::audit::place_of;
using processors::audit::Rule;

using namespace core;           // NOLINT(google-build-using-namespace): the story is made of core's events
using namespace core::testing;  // NOLINT(google-build-using-namespace)

const BatchId batch("bat_1");
const QuoteId quote_id("qlock_1");
const CheckoutId checkout("chk_1");
const std::string instance = "node_1";

Timestamp at(int seconds) {
  return Timestamp(std::chrono::seconds(1'800'000'000 + seconds));
}

// A command, and what it came to.
struct Step {
  std::string cause;
  Events events;
  Timestamp time = {};
  std::string subject = {};
};
using Story = std::vector<Step>;

template <class Event>
Event& said(Step& step) {
  for (core::Event& each : step.events) {
    if (auto* found = std::get_if<Event>(&each)) return *found;
  }
  ADD_FAILURE() << "the step has no such event";
  static Event none;
  return none;
}

ledger::TransferPosted& transfer(Step& step, ledger::TransferKind kind) {
  for (core::Event& each : step.events) {
    if (auto* found = std::get_if<ledger::TransferPosted>(&each); found != nullptr && found->kind == kind)
      return *found;
  }
  ADD_FAILURE() << "the step has no such transfer";
  static ledger::TransferPosted none;
  return none;
}

template <class Event>
void remove(Step& step) {
  std::erase_if(step.events, [](const core::Event& each) { return std::holds_alternative<Event>(each); });
}

ledger::TransferPosted post(ledger::TransferKind kind, const std::string& id, const AccountId& debit,
                            const AccountId& credit, Money amount, const BatchId& of = {}) {
  return {TransferId(id), kind, acme, debit, credit, amount, of};
}

batch::Progress progress(std::uint32_t items, std::int64_t charged, std::int64_t cost) {
  batch::Progress progress;
  progress.tally.succeeded = items;
  progress.charged = cents(charged);
  progress.provider_cost = cents(cost);
  return progress;
}

batch::UnitClosed closed(std::uint32_t unit, const batch::Progress& progress) {
  batch::LaneShare share;
  share.provider = openai;
  share.model = small_model;
  share.mode = Mode::batch;
  share.succeeded = progress.tally.succeeded;
  share.charged = progress.charged;
  share.provider_cost = progress.provider_cost;
  return {acme, batch, UnitIndex(unit), progress, Epoch(1), {share}, {}};
}

batch::UnitDispatched dispatched(std::uint32_t unit, std::uint32_t attempt) {
  return {acme, batch, UnitIndex(unit), AttemptNumber(attempt), openai, small_model, Mode::batch, Epoch(1), {}};
}

enum Steps : std::size_t {
  sign_up,
  lock,
  submit,
  plan_units,
  dispatch,
  report,
  retry_unit,
  dispatch_again,
  close,
  dispatch_second,
  finish,
  deliver,
  retry_delivery,
  deliver_again,
  replay_delivery,
  open_checkout,
  pay,
  refund_part,
  dispute,
  reinstate,
  lock_other,
  expire,
  adjust,
  feedback
};

quote::QuoteLocked locked(const QuoteId& id, int expires) {
  quote::QuoteLocked event;
  event.org = acme;
  event.quote = id;
  event.plan = plan(2, 3, cents(60));
  event.expires_at = at(expires);
  return event;
}

// One batch of two units of three items at 30 cents each, delivered at the second try; one checkout of 10 USD.
Story story() {
  using enum ledger::TransferKind;
  const AccountId available = ledger::available(acme);
  const AccountId reserved = ledger::reserved(acme);
  batch::BatchAccepted accepted;
  accepted.org = acme;
  accepted.batch = batch;
  accepted.quote = quote_id;
  accepted.plan = plan(2, 3, cents(60));
  accepted.deadline = at(86'400);
  accepted.webhook = Sealed("sealed");
  batch::UnitsPlanned units{acme, batch, 0, {}};
  for (int i = 0; i < 2; ++i) units.units.push_back({Digest("unit"), 0, 3, cents(30)});
  batch::BatchEnded ended{acme, batch, batch::Phase::completed, {}, cents(45), cents(15)};
  ended.tally.succeeded = 6;
  const DeliveryId delivery("msg_1");
  Story story{
      {"sign-up", verified_org(acme, cents(1'000))},
      {"lock", {locked(quote_id, 3'600)}},
      {"submit",
       {quote::QuoteConsumed{acme, quote_id, batch},
        post(reserve, "reserve/bat_1", available, reserved, cents(60), batch), accepted,
        batch::BatchQueued{acme, batch}}},
      {"plan", {units}},
      {"dispatch", {dispatched(0, 1)}},
      {"report", {batch::UnitProgressed{acme, batch, UnitIndex(0), AttemptNumber(1), progress(1, 10, 4), Epoch(1)}}},
      {"retry-unit",
       {batch::AttemptEnded{acme, batch, UnitIndex(0), AttemptNumber(1), "transient", progress(2, 20, 9), Epoch(1)}}},
      {"dispatch-again", {dispatched(0, 2)}},
      {"close", {closed(0, progress(3, 25, 12))}},
      {"dispatch-second", {dispatched(1, 1)}},
      {"finish",
       {closed(1, progress(3, 20, 13)), post(capture, "capture/bat_1", reserved, ledger::revenue(), cents(45), batch),
        post(release, "release/bat_1", reserved, available, cents(15), batch),
        ledger::provider_charge(acme, batch, openai, cents(25)), ended,
        webhook::DeliveryScheduled{acme, delivery, batch, "batch.completed", Sealed("sealed")}}},
      {"deliver", {webhook::DeliveryFailed{acme, delivery, AttemptNumber(1), 500, "", at(100)}}},
      {"retry-delivery", {webhook::DeliveryRetried{acme, delivery, AttemptNumber(1)}}},
      {"deliver-again", {webhook::DeliverySucceeded{acme, delivery, AttemptNumber(2), 200}}},
      {"replay-delivery", {webhook::DeliveryReplayed{acme, delivery, AttemptNumber(2), "ann"}}},
      {"open-checkout", {billing::CheckoutOpened{acme, checkout, "pack", cents(1'000), "stripe"}}},
      {"pay",
       {billing::CheckoutPaid{acme, checkout, PaymentId("pi_1"), cents(1'000)},
        ledger::top_up(acme, checkout, cents(1'000))}},
      {"refund",
       {billing::CheckoutRefunded{acme, checkout, cents(100)},
        post(refund, "refund/chk_1/1000000000", available, ledger::funding(), cents(100))}},
      {"dispute",
       {billing::DisputeMoved{acme, checkout, "dp_1", cents(900), cents(890)},
        post(adjustment, "dispute/dp_1/withdrawn", available, ledger::funding(), cents(890)),
        post(adjustment, "dispute/dp_1/withdrawn/loss", ledger::losses(), ledger::funding(), cents(10))}},
      {"reinstate",
       {billing::DisputeMoved{acme, checkout, "dp_1", cents(900), Money{}, true},
        post(adjustment, "dispute/dp_1/reinstated", ledger::funding(), available, cents(890)),
        post(adjustment, "dispute/dp_1/reinstated/loss", ledger::funding(), ledger::losses(), cents(10))}},
      {"lock-other", {locked(QuoteId("qlock_2"), 30)}},
      {"expire", {TimerFired{at(30), "quote/qlock_2"}, quote::QuoteExpired{acme, QuoteId("qlock_2")}}},
      {"adjust", {post(adjustment, "adjustment/org_acme/debit/one", available, ledger::adjustments(), cents(1))}},
      {"feedback", {batch::FeedbackRecorded{acme, batch, 900, "good", {}}}},
  };
  said<ledger::TransferPosted>(story[adjust]).reason = "a mistake";
  said<ledger::TransferPosted>(story[adjust]).ordered_by = "ann";
  for (std::size_t i = 0; i < story.size(); ++i) {
    story[i].time = at(static_cast<int>(i) + 1);
    story[i].subject = "org:org_acme";
  }
  story[expire].time = at(40);
  story[adjust].time = at(41);
  story[feedback].time = at(42);
  return story;
}

// Records with a chain that holds, behind one that opens the partition: step i is record i + 1.
class Journal {
 public:
  Journal() {
    append(at(0), {{"open", {PartitionOpened{Epoch(1), instance}}, at(0), "partition:0"}}, Epoch(1));
    records.back().record.chain = unknown_chain;
  }
  explicit Journal(const Story& story) : Journal() {
    for (const Step& step : story) append(step.time, {step}, Epoch(1));
  }

  void append(Timestamp time, const Story& commands, Epoch epoch) {
    schemas::GroupWriter group(Partition(0), time);
    for (const Step& step : commands) {
      for (const Event& event : step.events) group.add({CommandId(step.cause), AggregateKey(step.subject), event});
    }
    JournalRecord record{epoch, instance, time, {}, std::move(group).finish()};
    record.chain = chain_of(chain_, record);
    chain_ = schemas::to_hex(record.chain);
    records.push_back({Offset(static_cast<std::int64_t>(records.size())), std::move(record)});
  }

  std::vector<StoredRecord> records;

 private:
  std::string chain_ = std::string(64, '0');
};

std::vector<Finding> findings_of(const std::vector<StoredRecord>& records, Options options = {},
                                 std::vector<schemas::Checkpoint> checkpoints = {}) {
  PartitionAudit audit(Partition(0), options, std::move(checkpoints));
  for (const StoredRecord& record : records) audit.take(record);
  audit.end();
  return audit.findings().kept();
}

std::string text_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& each : findings)
    text += place_of(each) + " " + std::string(to_string(each.rule)) + ": " + each.detail + "\n";
  return text;
}

bool found(const std::vector<Finding>& findings, Rule rule, std::size_t offset) {
  for (const Finding& each : findings) {
    if (each.rule == rule && each.offset == Offset(static_cast<std::int64_t>(offset))) return true;
  }
  return false;
}

TEST(PartitionAudit, FindsNothingInAGoodStory) {
  EXPECT_EQ(text_of(findings_of(Journal(story()).records)), "");
}

TEST(PartitionAudit, FindsNothingWhereOneRecordHasManyCommands) {
  Journal journal;
  Story all = story();
  all.resize(dispute);
  for (Step& step : all) {
    if (step.cause == "lock-other") said<quote::QuoteLocked>(step).expires_at = at(90);
  }
  journal.append(at(60), all, Epoch(1));
  EXPECT_EQ(text_of(findings_of(journal.records)), "");
}

// A story in which one rule is broken, and where that must be seen.
struct Mutant {
  Rule rule;
  Steps where;
  std::function<void(Story&)> change;
};

const std::vector<Mutant>& mutants() {
  using enum ledger::TransferKind;
  static const std::vector<Mutant> mutants = {
      // money
      {Rule::transfer_malformed, sign_up, [](Story& s) { transfer(s[sign_up], grant).amount = cents(-5); }},
      {Rule::transfer_malformed, sign_up,
       [](Story& s) { transfer(s[sign_up], grant).debit = ledger::available(acme); }},
      {Rule::transfer_misplaced, finish, [](Story& s) { transfer(s[finish], capture).credit = ledger::funding(); }},
      {Rule::transfer_misplaced, finish,
       [](Story& s) { transfer(s[finish], release).credit = ledger::available(other_org); }},
      {Rule::transfer_misnamed, sign_up,
       [](Story& s) { transfer(s[sign_up], grant).transfer = TransferId("grant/org_b/1"); }},
      {Rule::transfer_misnamed, finish, [](Story& s) { transfer(s[finish], capture).batch = BatchId("bat_2"); }},
      {Rule::transfer_repeated, feedback, [](Story& s) { s[feedback].events.push_back(transfer(s[sign_up], grant)); }},
      {Rule::transfer_changed, feedback,
       [](Story& s) {
         s[feedback].events.push_back(transfer(s[sign_up], grant));
         transfer(s[feedback], grant).amount = cents(7);
       }},
      {Rule::transfer_unexplained, feedback,
       [](Story& s) { s[feedback].events.push_back(ledger::top_up(acme, CheckoutId("chk_2"), cents(5))); }},
      {Rule::transfer_missing, finish,
       [](Story& s) {
         std::erase_if(s[finish].events, [](const Event& each) {
           const auto* posted = std::get_if<ledger::TransferPosted>(&each);
           return posted != nullptr && posted->kind == provider_charge;
         });
       }},
      {Rule::transfer_missing, pay, [](Story& s) { remove<ledger::TransferPosted>(s[pay]); }},
      {Rule::transfer_missing, refund_part, [](Story& s) { transfer(s[refund_part], refund).amount = cents(99); }},
      {Rule::adjustment_unsigned, adjust, [](Story& s) { said<ledger::TransferPosted>(s[adjust]).reason.clear(); }},
      {Rule::adjustment_unsigned, adjust, [](Story& s) { said<ledger::TransferPosted>(s[adjust]).ordered_by.clear(); }},
      {Rule::overdraft, submit, [](Story& s) { transfer(s[sign_up], grant).amount = cents(59); }},
      {Rule::balance_overflow, pay,
       [](Story& s) {
         const Money most = Money::from_nanos(std::numeric_limits<std::int64_t>::max());
         said<billing::CheckoutOpened>(s[open_checkout]).amount = most;
         said<billing::CheckoutPaid>(s[pay]).amount = most;
         transfer(s[pay], top_up).amount = most;
       }},
      {Rule::org_unknown, sign_up, [](Story& s) { remove<identity::OrgCreated>(s[sign_up]); }},
      {Rule::reservation_mismatch, submit, [](Story& s) { transfer(s[submit], reserve).amount = cents(61); }},
      {Rule::recovery_exceeded, pay,
       [](Story& s) {
         s[pay].events.push_back(
             post(adjustment, "recovery/chk_1", ledger::available(acme), ledger::losses(), cents(3)));
       }},
      // quotes
      {Rule::quote_repeated, lock_other, [](Story& s) { said<quote::QuoteLocked>(s[lock_other]).quote = quote_id; }},
      {Rule::quote_unknown, expire, [](Story& s) { said<quote::QuoteExpired>(s[expire]).quote = QuoteId("qlock_9"); }},
      {Rule::quote_spent, expire, [](Story& s) { said<quote::QuoteExpired>(s[expire]).quote = quote_id; }},
      {Rule::quote_expired, submit, [](Story& s) { said<quote::QuoteLocked>(s[lock]).expires_at = s[submit].time; }},
      {Rule::quote_early, expire, [](Story& s) { said<quote::QuoteLocked>(s[lock_other]).expires_at = at(999); }},
      {Rule::quote_changed, submit,
       [](Story& s) { said<batch::BatchAccepted>(s[submit]).plan.blob = Digest("another"); }},
      {Rule::quote_changed, submit, [](Story& s) { said<batch::BatchAccepted>(s[submit]).terms.priority = 51; }},
      {Rule::quote_changed, submit,
       [](Story& s) {
         auto& locked = said<quote::QuoteLocked>(s[lock]);
         locked.basis = quote::Basis::estimate;
         locked.estimate.items_max = 5;
         locked.estimate.item_ceiling = cents(100);
       }},
      // batches
      {Rule::batch_repeated, feedback,
       [](Story& s) { s[feedback].events.push_back(said<batch::BatchAccepted>(s[submit])); }},
      {Rule::batch_unknown, plan_units,
       [](Story& s) { said<batch::UnitsPlanned>(s[plan_units]).batch = BatchId("bat_9"); }},
      {Rule::batch_over, feedback, [](Story& s) { s[feedback].events.push_back(dispatched(0, 3)); }},
      {Rule::batch_over, feedback, [](Story& s) { s[feedback].events.push_back(said<batch::BatchEnded>(s[finish])); }},
      {Rule::batch_torn, submit, [](Story& s) { remove<quote::QuoteConsumed>(s[submit]); }},
      {Rule::batch_torn, submit, [](Story& s) { remove<batch::BatchAccepted>(s[submit]); }},
      {Rule::batch_torn, finish, [](Story& s) { remove<batch::BatchEnded>(s[finish]); }},
      {Rule::batch_phase, plan_units, [](Story& s) { remove<batch::BatchQueued>(s[submit]); }},
      {Rule::batch_phase, report,
       [](Story& s) {
         s[report].events.push_back(batch::BatchQueued{acme, batch});
       }},
      {Rule::batch_phase, report,
       [](Story& s) { s[report].events.push_back(said<batch::FeedbackRecorded>(s[feedback])); }},
      {Rule::batch_phase, close,
       [](Story& s) {
         s[close].events.push_back(batch::StopRequested{acme, batch, batch::StopReason::expired});
       }},
      {Rule::unit_unknown, dispatch_second,
       [](Story& s) { said<batch::UnitDispatched>(s[dispatch_second]).unit = UnitIndex(2); }},
      {Rule::unit_closed_twice, dispatch_second,
       [](Story& s) { s[dispatch_second].events = {closed(0, progress(3, 25, 12))}; }},
      {Rule::units_disordered, plan_units, [](Story& s) { said<batch::UnitsPlanned>(s[plan_units]).first = 1; }},
      {Rule::units_disordered, plan_units,
       [](Story& s) { said<batch::UnitsPlanned>(s[plan_units]).units[0].route = 1; }},
      {Rule::items_lost, plan_units,
       [](Story& s) { said<batch::UnitsPlanned>(s[plan_units]).units[0].item_count = 2; }},
      {Rule::items_lost, report, [](Story& s) { said<batch::UnitProgressed>(s[report]).progress.tally.succeeded = 4; }},
      {Rule::items_lost, close, [](Story& s) { said<batch::UnitClosed>(s[close]).progress.tally.succeeded = 2; }},
      {Rule::items_lost, finish, [](Story& s) { said<batch::BatchEnded>(s[finish]).tally.succeeded = 5; }},
      {Rule::attempt_disordered, dispatch_again,
       [](Story& s) { said<batch::UnitDispatched>(s[dispatch_again]).attempt = AttemptNumber(3); }},
      {Rule::attempt_disordered, report,
       [](Story& s) { said<batch::UnitProgressed>(s[report]).attempt = AttemptNumber(2); }},
      {Rule::lane_foreign, dispatch,
       [](Story& s) { said<batch::UnitDispatched>(s[dispatch]).provider = ProviderId("cheap"); }},
      {Rule::run_replaced, report, [](Story& s) { said<batch::UnitProgressed>(s[report]).epoch = Epoch(2); }},
      {Rule::run_replaced, report, [](Story& s) { said<batch::UnitProgressed>(s[report]).epoch.reset(); }},
      {Rule::progress_ran_back, close,
       [](Story& s) { said<batch::AttemptEnded>(s[retry_unit]).progress.charged = cents(26); }},
      {Rule::progress_ran_back, retry_unit,
       [](Story& s) { said<batch::AttemptEnded>(s[retry_unit]).progress = progress(0, 0, 0); }},
      {Rule::charge_above_quote, report,
       [](Story& s) { said<batch::UnitProgressed>(s[report]).progress.charged = cents(31); }},
      {Rule::charge_above_quote, plan_units,
       [](Story& s) { said<batch::UnitsPlanned>(s[plan_units]).units[0].quoted = cents(31); }},
      {Rule::charge_above_quote, finish, [](Story& s) { said<batch::BatchEnded>(s[finish]).captured = cents(61); }},
      {Rule::dispatch_too_late, dispatch,
       [](Story& s) { said<batch::BatchAccepted>(s[submit]).deadline = s[dispatch].time; }},
      {Rule::dispatch_too_late, dispatch_again,
       [](Story& s) {
         s[report].events.push_back(batch::StopRequested{acme, batch, batch::StopReason::cancelled});
       }},
      {Rule::shares_mismatch, close,
       [](Story& s) { said<batch::UnitClosed>(s[close]).shares[0].provider_cost = cents(11); }},
      {Rule::settlement_mismatch, finish, [](Story& s) { said<batch::BatchEnded>(s[finish]).released = cents(14); }},
      {Rule::settlement_mismatch, finish,
       [](Story& s) {
         said<batch::BatchEnded>(s[finish]).captured = cents(46);
         said<batch::BatchEnded>(s[finish]).released = cents(14);
         transfer(s[finish], capture).amount = cents(46);
         transfer(s[finish], release).amount = cents(14);
       }},
      {Rule::end_mismatch, finish, [](Story& s) { said<batch::BatchEnded>(s[finish]).phase = batch::Phase::failed; }},
      {Rule::end_mismatch, close, [](Story& s) { s[close].events.push_back(said<batch::BatchEnded>(s[finish])); }},
      // webhooks
      {Rule::delivery_repeated, feedback,
       [](Story& s) { s[feedback].events.push_back(said<webhook::DeliveryScheduled>(s[finish])); }},
      {Rule::delivery_unknown, finish,
       [](Story& s) { said<webhook::DeliveryScheduled>(s[finish]).type = "batch.failed"; }},
      {Rule::delivery_unknown, deliver,
       [](Story& s) { said<webhook::DeliveryFailed>(s[deliver]).delivery = DeliveryId("msg_9"); }},
      {Rule::delivery_disordered, deliver_again,
       [](Story& s) { said<webhook::DeliverySucceeded>(s[deliver_again]).attempt = AttemptNumber(3); }},
      {Rule::delivery_disordered, retry_delivery,
       [](Story& s) {
         s[deliver].events = {webhook::DeliverySucceeded{acme, DeliveryId("msg_1"), AttemptNumber(1), 200}};
       }},
      {Rule::delivery_disordered, replay_delivery,
       [](Story& s) { said<webhook::DeliveryReplayed>(s[replay_delivery]).attempt = AttemptNumber(1); }},
      {Rule::delivery_missing, finish, [](Story& s) { remove<webhook::DeliveryScheduled>(s[finish]); }},
      // payments
      {Rule::checkout_repeated, pay,
       [](Story& s) { s[pay].events.push_back(said<billing::CheckoutOpened>(s[open_checkout])); }},
      {Rule::checkout_unknown, pay,
       [](Story& s) { said<billing::CheckoutPaid>(s[pay]).checkout = CheckoutId("chk_9"); }},
      {Rule::checkout_phase, refund_part,
       [](Story& s) { s[refund_part].events.push_back(said<billing::CheckoutPaid>(s[pay])); }},
      {Rule::checkout_phase, refund_part,
       [](Story& s) {
         s[refund_part].events.push_back(billing::CheckoutClosed{acme, checkout, "expired"});
       }},
      {Rule::checkout_phase, refund_part,
       [](Story& s) {
         s[pay].events = {TimerFired{at(0), "nothing"}};
       }},
      {Rule::payment_mismatch, pay,
       [](Story& s) { said<billing::CheckoutOpened>(s[open_checkout]).amount = cents(999); }},
      {Rule::refund_exceeded, refund_part,
       [](Story& s) { said<billing::CheckoutRefunded>(s[refund_part]).refunded = cents(1'001); }},
      {Rule::transfer_missing, dispute,
       [](Story& s) { said<billing::DisputeMoved>(s[dispute]).recovered = cents(880); }},
      {Rule::dispute_disordered, reinstate,
       [](Story& s) { said<billing::DisputeMoved>(s[reinstate]).reinstated = false; }},
      // events
      {Rule::timer_early, expire, [](Story& s) { said<TimerFired>(s[expire]).due = at(99); }},
      {Rule::wrong_org, report, [](Story& s) { s[report].subject = "org:org_other"; }},
      {Rule::wrong_org, sign_up, [](Story& s) { said<identity::EmailVerified>(s[sign_up]).org = other_org; }},
      {Rule::event_repeated, report, [](Story& s) { s[report].cause = s[dispatch].cause; }},
      {Rule::command_repeated, feedback,
       [](Story& s) {
         s[adjust].events.insert(s[adjust].events.begin(), BusCommandTaken{Offset(4), CommandId("c"), {}});
         s[feedback].events.insert(s[feedback].events.begin(), BusCommandTaken{Offset(4), CommandId("c"), {}});
       }},
      {Rule::epoch_without_owner, report,
       [](Story& s) {
         s[report].events.push_back(PartitionOpened{Epoch(1), instance});
       }},
      {Rule::time_ran_back, report, [](Story& s) { s[report].time = at(2); }},
  };
  return mutants;
}

TEST(PartitionAudit, CatchesEveryStoryInWhichARuleIsBroken) {
  std::size_t number = 0;
  for (const Mutant& mutant : mutants()) {
    Story changed = story();
    mutant.change(changed);
    const std::vector<Finding> findings = findings_of(Journal(changed).records);
    EXPECT_TRUE(found(findings, mutant.rule, mutant.where + 1))
        << "mutant " << number << ", " << to_string(mutant.rule) << " at 0/" << mutant.where + 1 << "; found:\n"
        << text_of(findings);
    ++number;
  }
}

TEST(PartitionAudit, FollowsOwnersAndTheirChain) {
  Journal journal(story());
  Step opened{"open-2", {PartitionOpened{Epoch(2), instance}}, at(50), "partition:0"};
  journal.append(at(50), {opened}, Epoch(2));
  EXPECT_EQ(text_of(findings_of(journal.records)), "");

  std::vector<StoredRecord> late = journal.records;
  late.push_back(late[5]);  // of the owner before
  late.back().offset = Offset(static_cast<std::int64_t>(late.size()) - 1);
  EXPECT_TRUE(found(findings_of(late), Rule::owner_replaced, late.size() - 1));
  Options several;
  several.one_writer = false;
  EXPECT_EQ(text_of(findings_of(late, several)), "");

  journal.append(at(60), {{"no-owner", {TimerFired{at(1), "t"}}, at(60), "org:org_acme"}}, Epoch(3));
  EXPECT_TRUE(found(findings_of(journal.records), Rule::epoch_without_owner, journal.records.size() - 1));
}

TEST(PartitionAudit, NamesTheRecordThatWasChangedAndOnlyThat) {
  const Journal journal(story());
  for (const std::size_t offset : {std::size_t{3}, journal.records.size() - 1}) {
    std::vector<StoredRecord> changed = journal.records;
    changed[offset].record.value[10] = 'X';
    std::vector<Finding> findings = findings_of(changed);
    EXPECT_TRUE(found(findings, Rule::chain_broken, offset)) << text_of(findings);
    changed = journal.records;
    changed[offset].record.chain[0] = static_cast<char>(changed[offset].record.chain[0] ^ 1);
    findings = findings_of(changed);
    EXPECT_EQ(findings.size(), 1u) << text_of(findings);
    EXPECT_TRUE(found(findings, Rule::chain_broken, offset));
  }
}

TEST(PartitionAudit, GuessesNothingBehindWhatIsMissing) {
  Journal journal(story());
  std::vector<StoredRecord> records = journal.records;
  records.erase(records.begin() + 3, records.begin() + 6);
  const std::vector<Finding> findings = findings_of(records);
  ASSERT_EQ(findings.size(), 1u) << text_of(findings);
  EXPECT_EQ(findings[0].rule, Rule::missing_records);
  EXPECT_EQ(place_of(findings[0]), "0/3-5");

  records = journal.records;
  records[4].record.value = "[{";
  EXPECT_TRUE(found(findings_of(records), Rule::unreadable_record, 4));
}

schemas::Checkpoint checkpoint_at(const Journal& journal, std::size_t next) {
  schemas::Checkpoint checkpoint;
  checkpoint.next = Offset(static_cast<std::int64_t>(next));
  checkpoint.epoch = Epoch(1);
  checkpoint.instance = instance;
  checkpoint.chain = schemas::to_hex(journal.records[next - 1].record.chain);
  return checkpoint;
}

TEST(PartitionAudit, HoldsTheLogAgainstCheckpoints) {
  const Journal journal(story());
  const std::vector<schemas::Checkpoint> checkpoints{checkpoint_at(journal, 4), checkpoint_at(journal, 9),
                                                     checkpoint_at(journal, journal.records.size())};
  EXPECT_EQ(text_of(findings_of(journal.records, {}, checkpoints)), "");

  Story rewritten = story();
  said<batch::UnitProgressed>(rewritten[report]).progress.charged = cents(11);
  const std::vector<Finding> findings = findings_of(Journal(rewritten).records, {}, checkpoints);
  ASSERT_EQ(findings.size(), 1u) << text_of(findings);
  EXPECT_EQ(findings[0].rule, Rule::checkpoint_mismatch);
  EXPECT_EQ(place_of(findings[0]), "0/4-8");

  std::vector<StoredRecord> cut = journal.records;
  cut.resize(12);
  const std::vector<Finding> truncated = findings_of(cut, {}, checkpoints);
  ASSERT_EQ(truncated.size(), 1u) << text_of(truncated);
  EXPECT_EQ(truncated[0].rule, Rule::log_truncated);
  EXPECT_EQ(truncated[0].offset, Offset(12));
  Options until;
  until.until_offset = Offset(10);
  EXPECT_EQ(text_of(findings_of(journal.records, until, checkpoints)), "");

  // A time of the far future in one record must not hide what the checkpoints before `until` have witnessed.
  std::vector<StoredRecord> blinded = journal.records;
  blinded[6].record.time += std::chrono::hours(24 * 365);
  Options by_time;
  by_time.until_time = checkpoints.back().at;
  EXPECT_TRUE(found(findings_of(blinded, by_time, checkpoints), Rule::chain_broken, 6));
}

}  // namespace
