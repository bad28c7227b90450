// An org, its credits, quotes and batches, as tests need them.
#pragma once

#include <string>
#include <vector>

#include "core/command.h"
#include "core/event.h"
#include "core/ledger/state.h"

namespace core::testing {

inline const OrgId acme("org_acme");
inline const OrgId other_org("org_other");
inline const ProviderId openai("openai");
inline const ModelSlug small_model("small");

inline Money cents(std::int64_t count) {
  return Money::from_cents(count);
}

inline identity::NewToken token(const std::string& name) {
  return {Digest("digest of " + name), Sealed("sealed " + name)};
}

// A verified org with credits.
inline Events verified_org(const OrgId& org, Money credits) {
  Events events{identity::OrgCreated{org, UserId("usr_1"), identity::AccountKind::customer, Digest("email")},
                identity::VerificationRequested{
                    org, MailId("mail_1"), Sealed("profile"), token("verification of " + org.value()), {}},
                identity::EmailVerified{org, token("verification of " + org.value()).digest}};
  if (credits > Money{})
    events.push_back(ledger::TransferPosted{TransferId("grant/" + org.value() + "/test"), ledger::TransferKind::grant,
                                            org, ledger::promotions(), ledger::available(org), credits, BatchId{}});
  return events;
}

inline quote::Route route(Money total, std::uint32_t item_count) {
  quote::Route route;
  route.provider = openai;
  route.model = small_model;
  route.mode = Mode::batch;
  route.item_count = item_count;
  route.total = total;
  return route;
}

// Units of equal size and price on one route.
inline quote::Plan plan(std::uint32_t unit_count, std::uint32_t items_per_unit, Money total) {
  quote::Plan plan;
  plan.blob = Digest("plan");
  plan.content = Digest("content");
  plan.unit_count = unit_count;
  plan.item_count = unit_count * items_per_unit;
  plan.total = total;
  plan.routes = {route(total, plan.item_count)};
  return plan;
}

inline quote::LockQuote lock_quote(const std::string& name, quote::Plan plan) {
  quote::LockQuote command;
  command.org = acme;
  command.quote = QuoteId("qlock_" + name);
  command.terms.allowed_regions = {"global"};
  command.plan = std::move(plan);
  command.catalog_version = "test";
  return command;
}

inline batch::SubmitBatch submit(const std::string& name) {
  batch::SubmitBatch command;
  command.org = acme;
  command.batch = BatchId("bat_" + name);
  command.quote = QuoteId("qlock_" + name);
  return command;
}

inline batch::PlanUnits plan_units(const std::string& name, const quote::Plan& plan) {
  batch::PlanUnits command{acme, BatchId("bat_" + name), 0, {}};
  for (std::uint32_t i = 0; i < plan.unit_count; ++i)
    command.units.push_back({Digest("unit " + std::to_string(i)), 0, plan.item_count / plan.unit_count,
                             Money::from_nanos(plan.total.nanos() / plan.unit_count)});
  return command;
}

}  // namespace core::testing
