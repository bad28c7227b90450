#include "tests/load_generator/customers.h"

#include <algorithm>
#include <utility>

#include "core/invariant.h"
#include "schemas/profile.h"

namespace load_generator {

namespace {

using namespace std::chrono_literals;

constexpr int customers_per_partition = 14;
constexpr std::uint32_t items_per_unit = 500;
constexpr std::size_t lanes_max = 3;
constexpr auto output_price_max = core::TokenPrice::from_picos(5'000'000);  // 5 USD per million tokens
constexpr std::int64_t packs_in_cents[] = {25'00, 50'00, 100'00, 250'00, 1'000'00};

template <class Range>
auto& one_of(PartitionWorld& world, Range& range) {
  return range[world.between(0, std::size(range) - 1)];
}

// A text that the vault has sealed; for the world to go on without it would make no journal worth reading.
core::Sealed seal(processors::Vault& vault, const core::OrgId& org, const std::string& text) {
  core::Result<core::Sealed> sealed = vault.seal(org, text);
  INVARIANT(sealed.has_value());
  return std::move(*sealed);
}

}  // namespace

Customers::Customers(PartitionWorld& world, Fulfilment& fulfilment, processors::Vault& vault,
                     const core::Catalog& catalog)
    : world_(world), fulfilment_(fulfilment), vault_(vault), catalog_version_(catalog.version()) {
  for (const core::Model& model : catalog.models()) {
    Lanes lanes;
    for (const std::size_t index : catalog.offerings_of(model.slug)) {
      const core::Offering& offering = catalog.offerings()[index];
      const core::Provider* provider = catalog.provider(offering.provider);
      if (provider == nullptr || provider->simulated || offering.prices.output > output_price_max) continue;
      if (lanes.size() < lanes_max) lanes.push_back({offering.provider, model.slug, offering.mode, offering.prices});
    }
    if (!lanes.empty()) models_.push_back(std::move(lanes));
  }
  INVARIANT(!models_.empty());
}

void Customers::begin() {
  for (int i = 0; i < customers_per_partition; ++i)
    world_.later(std::chrono::seconds(world_.between(0, 600)), [this] { sign_up(); });
}

void Customers::send(const Who& who, core::Command command, PartitionWorld::Then then) {
  world_.submit(core::aggregate_of(who->org), "req_" + world_.ulid(), std::move(command), std::move(then));
}

// --- accounts -------------------------------------------------------------------------------------------------------

void Customers::sign_up() {
  const auto here = [this](const core::AggregateKey& aggregate) {
    return core::partition_of(aggregate, world_.partition_count()) == world_.partition();
  };
  const auto who = std::make_shared<Customer>();
  core::Digest email = world_.digest();
  while (!here(core::aggregate_of_email(email))) email = world_.digest();
  do {
    who->org = core::OrgId("org_" + world_.ulid());
  } while (!here(core::aggregate_of(who->org)));
  who->user = core::UserId("usr_" + world_.ulid());
  const std::string name = who->org.value().substr(20);
  who->profile =
      seal(vault_, who->org, schemas::encode_profile({"Ann " + name, "Acme " + name, name + "@acme.test", "no hash"}));
  who->token = seal(vault_, who->org, "obv_" + name);
  if (world_.happens(0.6))
    who->webhook = seal(vault_, who->org, schemas::encode_webhook({"https://" + name + ".acme.test/hook", ""}));

  const core::Digest token = world_.digest();
  const auto kind = world_.happens(0.3) ? core::identity::AccountKind::agent : core::identity::AccountKind::customer;
  core::identity::ClaimEmail claim{email, who->org, who->user, kind, who->profile, {token, who->token}};
  world_.submit(core::aggregate_of_email(email), "req_" + world_.ulid(), std::move(claim),
                [this, who, token](const auto&) { world_.later(3min, [=, this] { verify(who, token); }); });
}

void Customers::verify(const Who& who, const core::Digest& token) {
  send(who, core::identity::VerifyEmail{who->org, token, new_session()}, [this, who](const auto&) {
    const core::identity::NewApiKey key = new_key();
    who->keys.push_back(key.id);
    world_.later(1min, [=, this] { send(who, core::identity::CreateApiKey{who->org, key, "first"}); });
    rest(who);
  });
}

core::identity::NewApiKey Customers::new_key() {
  return {core::ApiKeyId("key_" + world_.ulid()), world_.digest(), world_.ulid().substr(22)};
}

core::identity::NewSession Customers::new_session() {
  return {core::SessionId("ses_" + world_.ulid()), world_.digest()};
}

void Customers::rest(const Who& who) {
  world_.later(std::chrono::seconds(world_.between(20, 600)), [this, who] { live(who); });
}

void Customers::live(const Who& who) {
  if (world_.ending()) return;
  const std::uint64_t dice = world_.between(0, 99);
  if (dice < 82) return quote(who);
  if (dice < 85) return buy(who, core::Money::from_cents(1), [this, who] { rest(who); });
  if (dice < 86) return take_back(who);
  if (dice < 87) return dispute(who);
  if (dice < 89) return give(who);
  if (dice < 92) return log_in(who);
  if (dice < 95) return change_key(who);
  judge(who);
}

void Customers::log_in(const Who& who) {
  const core::identity::NewSession session = new_session();
  send(who, core::identity::OpenSession{who->org, session, {}}, [this, who, session](const auto&) {
    world_.later(10min, [=, this] { send(who, core::identity::CloseSession{who->org, session.token}); });
    rest(who);
  });
}

void Customers::change_key(const Who& who) {
  const core::identity::NewApiKey replacement = new_key();
  core::ApiKeyId& key = one_of(world_, who->keys);
  send(who, core::identity::RotateApiKey{who->org, key, replacement, 1h});
  key = replacement.id;
  rest(who);
}

// --- money ----------------------------------------------------------------------------------------------------------

void Customers::buy(const Who& who, core::Money at_least, std::function<void()> bought) {
  core::Money amount = core::Money::from_cents(one_of(world_, packs_in_cents));
  for (const std::int64_t cents : packs_in_cents) {
    if (amount < at_least) amount = core::Money::from_cents(cents);
  }
  amount = std::max(amount, at_least);
  const core::CheckoutId checkout("chk_" + world_.ulid());
  send(who, core::billing::OpenCheckout{who->org, checkout, "pack", amount, "stripe", world_.digest()});
  core::billing::RecordCheckoutPage page{who->org, checkout, "cs_" + world_.ulid(), "https://pay.test/", {}};
  page.expires_at = world_.now() + 24h;
  world_.later(2s, [=, this] { send(who, page); });
  world_.later(3min, [=, this, bought = std::move(bought)] {
    if (world_.happens(0.05)) {
      send(who, core::billing::CloseCheckout{who->org, checkout, "expired"});
      return rest(who);
    }
    who->payments.push_back({checkout, amount});
    send(who, core::billing::PayCheckout{who->org, checkout, core::PaymentId("pi_" + world_.ulid()), amount},
         [bought](const auto&) { bought(); });
  });
}

void Customers::take_back(const Who& who) {
  if (who->payments.empty()) return rest(who);
  const Payment payment = who->payments.back();
  who->payments.pop_back();
  const core::Money half = core::Money::from_nanos(payment.amount.nanos() / 2);
  send(who, core::billing::RefundCheckout{who->org, payment.checkout, half});
  if (world_.happens(0.5)) {
    world_.later(30min, [=, this] {
      send(who, core::billing::RefundCheckout{who->org, payment.checkout, payment.amount});
    });
  }
  rest(who);
}

void Customers::dispute(const Who& who) {
  if (who->payments.empty()) return rest(who);
  const Payment payment = who->payments.back();
  who->payments.pop_back();
  const std::string id = "dp_" + world_.ulid();
  send(who, core::billing::MoveDispute{who->org, payment.checkout, id, payment.amount, false});
  if (world_.happens(0.5)) {
    world_.later(2h, [=, this] {
      send(who, core::billing::MoveDispute{who->org, payment.checkout, id, payment.amount, true});
    });
  }
  rest(who);
}

void Customers::give(const Who& who) {
  const core::Money amount = core::Money::from_cents(static_cast<std::int64_t>(world_.between(1, 20) * 100));
  if (world_.happens(0.7))
    send(who, core::ledger::GrantCredits{who->org, "goodwill/" + world_.ulid(), amount, "goodwill", "ann"});
  else
    send(who, core::ledger::AdjustCredits{who->org, world_.ulid(), core::Money{} - amount, "granted twice", "ben"});
  rest(who);
}

// --- batches --------------------------------------------------------------------------------------------------------

core::quote::Route Customers::make_route() {
  const Lanes& lanes = one_of(world_, models_);
  core::quote::Route route;
  route.provider = lanes.front().provider;
  route.model = lanes.front().model;
  route.mode = lanes.front().mode;
  route.prices = lanes.front().prices;
  route.quality_score = 0.75;
  route.reliability_prior_score = 0.97;
  for (const core::quote::RouteLane& lane : lanes) route.fallback_order.push_back(lane.provider);
  route.operation = world_.happens(0.5) ? core::Operation::chat_completions : core::Operation::responses;
  route.lanes = lanes;
  route.list_prices = lanes.back().prices;
  return route;
}

core::quote::LockQuote Customers::make_quote(const Who& who, std::vector<core::batch::PlannedUnit>& units) {
  core::quote::LockQuote quote;
  quote.org = who->org;
  quote.quote = core::QuoteId("qlock_" + world_.ulid());
  quote.catalog_version = catalog_version_;
  quote.webhook = who->webhook;
  quote.terms.sla_tier = static_cast<core::SlaTier>(world_.between(0, 2));
  quote.terms.routing_mode = world_.happens(0.8) ? core::RoutingMode::cheapest : core::RoutingMode::sla_aware;
  quote.terms.allowed_regions = {"global"};
  quote.terms.priority = static_cast<int>(world_.between(0, 100));
  if (world_.happens(0.03)) quote.terms.run_after = world_.now() + 2h;

  // Mostly small, sometimes very large.
  const double size = world_.random().fraction();
  std::size_t unit_count = 1 + static_cast<std::size_t>(40 * size * size * size);
  if (world_.happens(0.002)) unit_count = 600;
  const std::size_t route_count = unit_count > 2 && world_.happens(0.3) ? 2 : 1;
  for (std::size_t i = 0; i < route_count; ++i) quote.plan.routes.push_back(make_route());
  for (std::size_t i = 0; i < unit_count; ++i) {
    core::batch::PlannedUnit unit;
    unit.blob = world_.digest();
    if (i >= unit_count / 2) unit.route = static_cast<std::uint32_t>(route_count - 1);
    core::quote::Route& route = quote.plan.routes[unit.route];
    unit.item_count =
        i + 1 < unit_count ? items_per_unit : static_cast<std::uint32_t>(world_.between(1, items_per_unit));
    core::Cost ceiling;
    ceiling.add(route.prices.input, static_cast<std::int64_t>(world_.between(500, 2'000)));
    ceiling.add(route.prices.output, static_cast<std::int64_t>(world_.between(100, 500)));
    unit.quoted = *core::checked_multiply(*ceiling.round_up(), unit.item_count);
    route.item_count += unit.item_count;
    route.total = route.total + unit.quoted;
    quote.plan.item_count += unit.item_count;
    quote.plan.total = quote.plan.total + unit.quoted;
    units.push_back(std::move(unit));
  }
  quote.plan.unit_count = static_cast<std::uint32_t>(unit_count);
  quote.plan.blob = world_.digest();
  quote.plan.content = world_.digest();
  return quote;
}

void Customers::quote(const Who& who) {
  std::vector<core::batch::PlannedUnit> units;
  const core::quote::LockQuote quote = make_quote(who, units);
  send(who, quote);
  if (world_.happens(0.06)) return rest(who);  // and lets it expire
  world_.later(40s, [=, this] { submit(who, quote, units); });
}

void Customers::submit(const Who& who, const core::quote::LockQuote& quote,
                       std::vector<core::batch::PlannedUnit> units) {
  const auto order = std::make_shared<Order>();
  order->org = who->org;
  order->batch = core::BatchId("bat_" + world_.ulid());
  order->routes = quote.plan.routes;
  order->units = units;
  order->may_hang = quote.terms.sla_tier == core::SlaTier::priority;
  order->ended = [this, who, batch = order->batch] {
    who->last_batch = batch;
    rest(who);
  };
  fulfilment_.expect(order);
  core::batch::SubmitBatch command;
  command.org = who->org;
  command.batch = order->batch;
  command.quote = quote.quote;
  if (world_.happens(0.5)) command.idempotency = core::batch::Idempotency{world_.digest(), world_.digest()};
  const bool will_cancel = world_.happens(0.05);
  send(who, std::move(command), [=, this](const auto& answer) {
    // A loop that has nothing to do looks at its timers by the real clock: this has it release the batch.
    if (answer.has_value() && quote.terms.run_after)
      world_.later(2h, [=, this] { send(who, core::CompleteEffect{"none"}); });
    if (answer.has_value() && will_cancel)
      world_.later(std::chrono::seconds(world_.between(10, 1'200)), [=, this] { cancel(who, order); });
    if (answer.has_value()) return;
    fulfilment_.forget(order->batch);
    if (answer.error().code != core::ErrorCode::insufficient_credits) return rest(who);
    world_.later(20s, [=, this] {
      buy(who, quote.plan.total, [=, this] { world_.later(20s, [=, this] { submit(who, quote, units); }); });
    });
  });
}

void Customers::cancel(const Who& who, const std::shared_ptr<Order>& order) {
  send(who, core::batch::CancelBatch{order->org, order->batch}, [order](const auto& answer) {
    if (answer.has_value() && !answer->replayed) order->cancelled = true;
  });
}

void Customers::judge(const Who& who) {
  if (who->last_batch) {
    core::batch::RecordFeedback feedback{who->org, *who->last_batch, 0, {}, {}};
    feedback.quality_permille = static_cast<std::uint32_t>(world_.between(400, 1'000));
    feedback.outcome = feedback.quality_permille > 600 ? "accepted" : "accepted_with_edits";
    send(who, std::move(feedback));
  }
  rest(who);
}

}  // namespace load_generator
