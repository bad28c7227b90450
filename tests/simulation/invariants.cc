#include "tests/simulation/invariants.h"

namespace simulation {

namespace {

// clang-format off
constexpr Invariant all_invariants[] = {
    {1, "Each transfer has equal debits and credits: all accounts together have nothing.",
     "Sum of the fold's accounts after each record with a transfer: oracle.cc.",
     "A release is not credited: core/ledger/apply.cc."},
    {2, "No account of a customer falls below zero, between two events of a command neither.",
     "Balances of the model before each transfer: invariants/ledger.cc; and the auditor.",
     "Neither the decision nor the fold looks at the balance: core/ledger/decide.cc, apply.cc."},
    {3, "A stored balance is the fold of the records up to the stored offset.",
     "What a crash leaves against the oracle's own fold at that offset; balances against the model: oracle.cc.",
     "The rows are written first and their offset afterwards: processors/fold.cc."},
    {4, "Money is whole nano-dollars, rounded once: a charge is the sum of its items' charges.",
     "Each capture against what the batch's units reported: invariants/ledger.cc.",
     "The batch's charge is rounded again: core/batch/decide.cc."},
    {5, "A payment is credited once, whatever events tell of it, to whom it is from.",
     "Each payment against the payment provider; all top-ups against all payments: invariants/payments.cc.",
     "Each event of a payment credits it: core/billing/decide.cc."},
    {6, "What a quote says never changes.",
     "The plan of each accepted batch, and each answer, against the quote: invariants/quotes.cc, answers.cc.",
     "Batches are priced again as they are accepted: core/batch/decide.cc."},
    {7, "A quote binds: its own org, its terms, until its hour by log time.",
     "Each accepted batch against the quote: invariants/quotes.cc.",
     "Nothing expires by log time: core/quote/decide.cc."},
    {8, "A quote is used once.",
     "Each use against those before it: invariants/quotes.cc; and who accepts it again: customers.cc.",
     "A used quote stays open: core/quote/apply.cc."},
    {9, "Batch, reservation and use of the quote appear together or not at all.",
     "Events of each command together: invariants/quotes.cc.",
     "What begins later is reserved for later: core/batch/decide.cc."},
    {10, "Captured and released come to at most what was reserved, in the end to all of it.",
     "Each transfer and the fold's reservation after it against the model: invariants/ledger.cc, oracle.cc.",
     "A release leaves the reservation open, for another one: core/ledger/apply.cc."},
    {11, "No unit and no batch is charged above its quote.",
     "Each report of a unit, each capture: invariants/batches.cc, ledger.cc.",
     "Reported usage is charged beyond the ceiling: processors/dispatch/item_result.cc, core/batch/decide.cc."},
    {12, "Every reservation is resolved.",
     "Ten days after everything was mended nothing is open: world.cc, oracle.cc.",
     "Batches that were cancelled before their hour are forgotten: core/batch/decide.cc."},
    {13, "Batches go through their states, and what has ended stays as it ended.",
     "Each event of a batch against its state: invariants/batches.cc.",
     "A late timer stops what has ended: core/batch/decide.cc."},
    {14, "Each item is in one state, and in the end once in output or error.",
     "Counts at each event: invariants/batches.cc; the downloaded artifacts: results.cc.",
     "Items whose attempts are used up get no row: processors/dispatch/unit_results.cc."},
    {15, "A result counts only for the attempt and the owner that are current.",
     "Each report of a unit: invariants/batches.cc.",
     "Reports are taken by the unit alone: core/batch/decide.cc."},
    {16, "No provider is called without a durable intent of that attempt.",
     "Each call against the log: results.cc.",
     "A retry takes the attempt before for its own: processors/dispatch/unit_run.cc."},
    {17, "A charge is the quote's price of the usage that was reported, if it is possible; failures are free.",
     "Each row of the artifacts against what providers said: results.cc.",
     "Impossible usage is believed: processors/dispatch/item_result.cc."},
    {18, "One settlement an item; receipts, results and the capture come to the same.",
     "The downloaded artifacts: results.cc; each transfer once: invariants/ledger.cc.",
     "A torn receipt stays when its row is written again: processors/dispatch/unit_results.cc."},
    {19, "No attempt begins after the cancel or the deadline.",
     "Each attempt against its batch: invariants/batches.cc.",
     "Attempts do not look whether their batch stops: core/batch/decide.cc, processors/dispatch/unit_run.cc."},
    {20, "One Idempotency-Key, one batch, across restarts and races; another request under it makes none.",
     "Each accepted batch: invariants/quotes.cc; answers under one key: customers.cc.",
     "Keys are not kept: core/batch/apply.cc."},
    {21, "No webhook and no answer tells what a crash can undo; a webhook says the same at each try.",
     "Each webhook, each answer of a process against the log: invariants/deliveries.cc, answers.cc.",
     "A webhook tells the time of its try: processors/delivery/delivery.cc. Deliveries read only what was applied, and "
     "that is durable: \"enqueue before fsync\" cannot be written in one place here."},
    {22, "Webhooks are delivered or visibly given up, and go to public addresses only.",
     "The real guard in front of scripted names: receivers.h; pending ones at the end: oracle.cc. That the poster asks "
     "the guard at each try is held by adapters/webhooks/webhook_poster_test.cc.",
     "The guard lets every address pass: adapters/webhooks/url_guard.cc."},
    {23, "Nobody reaches what is another org's, and cannot tell it from what there is not.",
     "Foreign and unknown ids and cursors: customers.cc; orgs of events: oracle.cc; who made what: answers.cc.",
     "A cursor of another's results is taken: api/cursor.cc."},
    {24, "What was acknowledged is in the log at that moment, and for ever; a command is in it whole or not at all.",
     "Each 2xx and each acknowledged command against the log: answers.cc.",
     "Commands are answered before the append is confirmed: processors/partition_loop.cc."},
    {25, "The log is whole, and its fold is the same wherever it is made.",
     "Rows of every running process against the oracle's fold at its offset: oracle.cc; chain, ids, times: the auditor.",
     "A fold of the log takes another time than the owner did: processors/fold.cc."},
};

constexpr std::string_view all_sometimes[] = {
    "402",
    "a quote that was used before",
    "another attempt",
    "begun anew with state",
    "cancel after the end",
    "cancelled before it was completed",
    "completed before the cancel was heard of",
    "conflicting duplicate result",
    "crypto-shredded org replayed",
    "dispute after spend",
    "idempotency conflict",
    "late result after expiry",
    "log time leaps",
    "paid after the page's end",
    "a state that is ahead of the log is refused",
    "quote expired between check and append",
    "recovery from a torn last record",
    "reservation released at the deadline",
    "stopped while it waits for its hour",
    "two writers, one fenced",
    "unknown outcome: begun anew",
    "unknown outcome: taken up",
    "webhook exhausted",
    "webhook told twice",
};
// clang-format on

}  // namespace

std::span<const Invariant> invariants() {
  return all_invariants;
}

std::span<const std::string_view> sometimes() {
  return all_sometimes;
}

int invariant_of(processors::audit::Rule rule) {
  using enum processors::audit::Rule;
  switch (rule) {
    case damaged_bytes:
    case missing_records:
    case repeated_record:
    case log_truncated:
    case chain_broken:
    case epoch_without_owner:
    case owner_replaced:
    case time_ran_back:
    case unreadable_record:
    case unknown_event:
    case event_misnamed:
    case event_repeated:
    case command_repeated:
    case timer_early:
    case checkpoint_mismatch:
    case checkpoint_unreadable:
    case checkpoint_forged:
    case checkpoint_removed:
    case checkpoints_missing:
    case archive_damaged: return 25;
    case wrong_partition:
    case wrong_org:
    case org_unknown: return 23;
    case books_unbalanced: return 1;
    case overdraft:
    case recovery_exceeded: return 2;
    case transfer_malformed:
    case balance_overflow: return 4;
    case transfer_misplaced:
    case transfer_misnamed:
    case transfer_unexplained:
    case transfer_missing:
    case transfer_repeated:
    case transfer_changed:
    case settlement_mismatch:
    case shares_mismatch: return 18;
    case adjustment_unsigned:
    case checkout_repeated:
    case checkout_unknown:
    case checkout_phase:
    case payment_mismatch:
    case refund_exceeded:
    case dispute_disordered: return 5;
    case reservation_mismatch: return 10;
    case quote_repeated:
    case quote_changed: return 6;
    case quote_unknown:
    case quote_expired:
    case quote_early: return 7;
    case quote_spent: return 8;
    case batch_torn: return 9;
    case charge_above_quote: return 11;
    case batch_repeated:
    case batch_unknown:
    case batch_over:
    case batch_phase:
    case end_mismatch:
    case unit_unknown:
    case unit_closed_twice: return 13;
    case units_disordered:
    case items_lost:
    case progress_ran_back: return 14;
    case run_replaced: return 15;
    case attempt_disordered:
    case lane_foreign: return 16;
    case dispatch_too_late: return 19;
    case delivery_repeated:
    case delivery_unknown:
    case delivery_disordered: return 21;
    case delivery_missing: return 22;
  }
  return 25;
}

}  // namespace simulation
