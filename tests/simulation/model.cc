#include "tests/simulation/model.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/ledger/state.h"
#include "core/overloaded.h"
#include "schemas/rfc3339.h"

namespace simulation {

using core::batch::Phase;

namespace {

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string join(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

}  // namespace

core::batch::Progress Model::Batch::progress() const {
  core::batch::Progress sum;
  for (const Unit& unit : units) sum += unit.progress;
  return sum;
}

core::Money Model::balance(const core::AccountId& account) const {
  const auto found = balances.find(account);
  return found == balances.end() ? core::Money{} : found->second;
}

core::Money Model::held(const core::OrgId& org) const {
  core::Money sum;
  for (const auto& [id, batch] : batches) {
    if (batch.org == org) sum = sum + batch.reserved - batch.captured - batch.released;
  }
  return sum;
}

// --- what customers see ---------------------------------------------------------------------------------------------

std::string Model::view(const Batch& batch) const {
  const core::batch::Progress sum = batch.progress();
  const core::batch::Tally& tally = sum.tally;
  const bool over = batch.over();
  return join({std::string(core::batch::to_string(batch.phase)), batch.accepted.quote.value(),
               number(batch.accepted.plan.item_count), number(tally.succeeded), number(tally.failed + tally.exhausted),
               number(tally.cancelled), number(tally.expired), core::to_decimal(batch.accepted.plan.total),
               core::to_decimal(over ? sum.charged : core::Money{}),
               core::to_decimal(over ? batch.accepted.plan.total - sum.charged : core::Money{}),
               batch.stop == core::batch::StopReason::cancelled ? "cancel" : "-",
               schemas::to_rfc3339(batch.accepted.deadline)});
}

std::string Model::view(const Quote& quote) const {
  static const char* const words[] = {"locked", "consumed", "expired"};
  return join({words[static_cast<std::size_t>(quote.phase)], core::to_decimal(quote.locked.plan.total),
               number(quote.locked.plan.item_count), quote.batch.value().empty() ? "-" : quote.batch.value(),
               schemas::to_rfc3339(quote.locked.expires_at)});
}

std::string Model::view(const Checkout& checkout) const {
  return join({checkout.phase == core::billing::CheckoutPhase::paid ? "paid" : "unpaid",
               core::to_decimal(checkout.amount), core::to_decimal(checkout.refunded)});
}

std::string Model::view(const core::OrgId& org) const {
  const auto found = orgs.find(org);
  const Org totals = found == orgs.end() ? Org{} : found->second;
  return join({core::to_decimal(balance(core::ledger::available(org))),
               core::to_decimal(balance(core::ledger::reserved(org))), core::to_decimal(totals.captured),
               core::to_decimal(totals.granted), core::to_decimal(totals.topped_up),
               core::to_decimal(totals.refunded)});
}

void Model::show(const Seen& seen, const std::string& thing, std::string text) {
  std::vector<View>& views = views_[thing];
  const core::Offset next(seen.offset.value() + 1);
  if (!views.empty() && views.back().next == next)
    views.back().text = std::move(text);  // a record is seen as a whole
  else if (views.empty() || views.back().text != text)
    views.push_back({next, std::move(text)});
}

std::vector<std::string> Model::views(const std::string& thing, core::Offset from, core::Offset until) const {
  std::vector<std::string> texts;
  const auto found = views_.find(thing);
  std::string before;
  if (found != views_.end()) {
    for (const View& view : found->second) {
      if (view.next <= from)
        before = view.text;
      else if (view.next <= until)
        texts.push_back(view.text);
    }
  }
  texts.insert(texts.begin(), std::move(before));
  return texts;
}

// --- the events -----------------------------------------------------------------------------------------------------

struct Model::Taker {
  Model& model;
  const Seen& seen;

  void show(const core::BatchId& id) { model.show(seen, id.value(), model.view(model.batches[id])); }
  void show(const core::QuoteId& id) { model.show(seen, id.value(), model.view(model.quotes[id])); }
  void show(const core::CheckoutId& id) { model.show(seen, id.value(), model.view(model.checkouts[id])); }
  void show_credits(const core::OrgId& org) { model.show(seen, "credits/" + org.value(), model.view(org)); }

  Unit* unit(const core::BatchId& batch, core::UnitIndex index) {
    std::vector<Unit>& units = model.batches[batch].units;
    return index.value() < units.size() ? &units[index.value()] : nullptr;
  }
  void rise(Batch& batch, Phase phase) {
    if (!batch.over()) batch.phase = std::max(batch.phase, phase);
  }
  template <class Report>
  void report(const Report& event) {
    Batch& batch = model.batches[event.batch];
    if (Unit* found = unit(event.batch, event.unit)) {
      found->progress = event.progress;
      found->epoch = event.epoch.value_or(core::Epoch{});
    }
    if (event.progress.tally.total() > 0 && batch.phase >= Phase::dispatched) rise(batch, Phase::processing);
  }

  void operator()(const core::identity::OrgCreated& event) {
    model.orgs[event.org];
    show_credits(event.org);
  }
  void operator()(const core::identity::EmailVerified& event) { model.orgs[event.org].verified = true; }
  void operator()(const core::identity::OrgErased& event) { model.orgs[event.org].erased = true; }

  void operator()(const core::ledger::TransferPosted& event) {
    using core::ledger::TransferKind;
    model.transfers.insert(event.transfer);
    model.balances[event.debit] = model.balances[event.debit] - event.amount;
    model.balances[event.credit] = model.balances[event.credit] + event.amount;
    Org& org = model.orgs[event.org];
    const auto batch = model.batches.find(event.batch);
    switch (event.kind) {
      case TransferKind::top_up: org.topped_up = org.topped_up + event.amount; break;
      case TransferKind::grant: org.granted = org.granted + event.amount; break;
      case TransferKind::refund: org.refunded = org.refunded + event.amount; break;
      case TransferKind::capture:
        org.captured = org.captured + event.amount;
        if (batch != model.batches.end()) batch->second.captured = batch->second.captured + event.amount;
        break;
      case TransferKind::release:
        if (batch != model.batches.end()) batch->second.released = batch->second.released + event.amount;
        break;
      case TransferKind::reserve:  // it comes before its batch is accepted
        model.batches[event.batch].reserved = model.batches[event.batch].reserved + event.amount;
        break;
      case TransferKind::adjustment:
      case TransferKind::provider_charge: break;
    }
    if (event.debit == core::ledger::losses()) org.owed = org.owed + event.amount;
    if (event.credit == core::ledger::losses()) org.owed = org.owed - event.amount;
    show_credits(event.org);
  }

  void operator()(const core::quote::QuoteLocked& event) {
    model.quotes[event.quote] = Quote{event.org, event, core::quote::Phase::locked, {}};
    show(event.quote);
  }
  void operator()(const core::quote::QuoteConsumed& event) {
    model.quotes[event.quote].phase = core::quote::Phase::consumed;
    model.quotes[event.quote].batch = event.batch;
    show(event.quote);
  }
  void operator()(const core::quote::QuoteExpired& event) {
    model.quotes[event.quote].phase = core::quote::Phase::expired;
    show(event.quote);
  }

  void operator()(const core::batch::BatchAccepted& event) {
    Batch& batch = model.batches[event.batch];
    batch.org = event.org;
    batch.accepted = event;
    batch.accepted_at = seen.time;
    if (event.idempotency) model.keys.emplace(std::pair(event.org, event.idempotency->key), event.batch);
    show(event.batch);
  }
  void operator()(const core::batch::BatchQueued& event) {
    rise(model.batches[event.batch], Phase::queued);
    show(event.batch);
  }
  void operator()(const core::batch::UnitsPlanned& event) {
    Batch& batch = model.batches[event.batch];
    for (const core::batch::PlannedUnit& planned : event.units) {
      Unit unit;
      unit.items = planned.item_count;
      unit.quoted = planned.quoted;
      batch.units.push_back(std::move(unit));
    }
    rise(batch, Phase::routing);
    show(event.batch);
  }
  void operator()(const core::batch::UnitDispatched& event) {
    if (Unit* found = unit(event.batch, event.unit)) {
      found->out = true;
      found->attempt = event.attempt;
      found->epoch = event.epoch.value_or(core::Epoch{});
      found->provider = event.provider;
      found->model = event.model;
      found->mode = event.mode;
    }
    rise(model.batches[event.batch], Phase::dispatched);
    show(event.batch);
  }
  void operator()(const core::batch::UnitProgressed& event) {
    report(event);
    show(event.batch);
  }
  void operator()(const core::batch::AttemptEnded& event) {
    report(event);
    if (Unit* found = unit(event.batch, event.unit)) {
      found->out = false;
      found->ended[event.attempt] = seen.offset;
      if (event.excused) ++found->excused;
    }
    show(event.batch);
  }
  void operator()(const core::batch::UnitClosed& event) {
    report(event);
    if (Unit* found = unit(event.batch, event.unit)) {
      found->out = false;
      found->closed = true;
      found->ended[found->attempt] = seen.offset;
    }
    show(event.batch);
  }
  void operator()(const core::batch::StopRequested& event) {
    model.batches[event.batch].stop = event.reason;
    show(event.batch);
  }
  void operator()(const core::batch::BatchEnded& event) {
    model.batches[event.batch].phase = event.phase;
    model.batches[event.batch].ended_at = seen.time;
    show(event.batch);
  }

  void operator()(const core::webhook::DeliveryScheduled& event) {
    model.deliveries[event.delivery] = Delivery{event.org, event.batch, event.type, true, {}};
  }
  void operator()(const core::webhook::DeliverySucceeded& event) { tried(event, false); }
  void operator()(const core::webhook::DeliveryFailed& event) { tried(event, true); }
  void operator()(const core::webhook::DeliveryExhausted& event) { tried(event, false); }
  void operator()(const core::webhook::DeliveryReplayed& event) { model.deliveries[event.delivery].pending = true; }
  template <class Tried>
  void tried(const Tried& event, bool pending) {
    model.deliveries[event.delivery].attempt = event.attempt;
    model.deliveries[event.delivery].pending = pending;
  }

  void operator()(const core::billing::CheckoutOpened& event) {
    model.checkouts[event.checkout] = Checkout{event.org, event.amount, core::billing::CheckoutPhase::open, {}};
    show(event.checkout);
  }
  void operator()(const core::billing::CheckoutPaid& event) {
    model.checkouts[event.checkout].phase = core::billing::CheckoutPhase::paid;
    show(event.checkout);
  }
  void operator()(const core::billing::CheckoutClosed& event) {
    model.checkouts[event.checkout].phase = core::billing::CheckoutPhase::closed;
    show(event.checkout);
  }
  void operator()(const core::billing::CheckoutRefunded& event) {
    model.checkouts[event.checkout].refunded = event.refunded;
    show(event.checkout);
  }

  // Nothing that the model tells of.
  template <class Other>
  void operator()(const Other&) {}
};

void Model::take(const Seen& seen) {
  std::visit(Taker{*this, seen}, seen.event);
}

}  // namespace simulation
