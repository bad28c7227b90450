// What operators do for one org: POST /internal/operator/v1/orgs/{org}/credits, …/erase and …/deliveries/{id}/retry.
#include <utility>

#include "api/json_body.h"
#include "api/json_text.h"
#include "api/operator_access.h"
#include "api/operator_body.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/ledger/state.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;

constexpr std::uint64_t body_bytes_max = 16 * 1024;
constexpr std::size_t id_bytes_max = 100;

core::OrgId org_of(const http::Request& request) {
  return core::OrgId(request.path_parameter("org"));
}

void note(const App& app, std::string_view action, const core::OrgId& org, const Order& order) {
  info(app.log, "operator_action", {{"action", action}, {"org", org.value()}, {"operator", order.ordered_by}});
}

core::Result<std::string> id_of(const JsonBody& body) {
  core::Result<std::string> id = body.text("id", id_bytes_max);
  if (id.has_error()) return id;
  if (id->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") != std::string::npos)
    return Error{ErrorCode::invalid_request, "'id' is letters, digits, '.', '_' and '-'", "id"};
  return id;
}

// With operators' ids in a space of their own, beside those of the service's own grants.
core::Result<core::Command> credit_command(const core::OrgId& org, const JsonBody& body, const Order& order) {
  const core::Result<std::string> id = id_of(body);
  if (id.has_error()) return id.error();
  const core::Result<std::string> kind = body.text("kind", 16);
  if (kind.has_error()) return kind.error();
  const core::Result<std::string> amount_text = body.text("amount", 64);
  if (amount_text.has_error()) return amount_text.error();
  const core::Result<core::Money> amount = core::money_from_decimal(*amount_text);
  if (amount.has_error()) return Error{amount.error().code, "'amount': " + amount.error().detail, "amount"};
  const std::string cause = "operator/" + *id;
  if (*kind == "grant")
    return core::Command(core::ledger::GrantCredits{org, cause, *amount, order.reason, order.ordered_by});
  if (*kind == "adjust")
    return core::Command(core::ledger::AdjustCredits{org, cause, *amount, order.reason, order.ordered_by});
  return Error{ErrorCode::invalid_request, "'kind' must be grant or adjust", "kind"};
}

core::Result<core::Money> balance_of(const App& app, const core::OrgId& org, const core::AccountId& account) {
  const auto row = app.reader.find<core::ledger::Account>(core::aggregate_of(org), {account});
  if (row.has_error()) return row.error();
  return *row ? (*row)->balance : core::Money{};
}

http::awaitable<Outcome> post_credits(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"id", "kind", "amount", "reason", "operator"});
  if (body.has_error()) co_return body.error();
  const core::Result<Order> order = order_of(*body);
  if (order.has_error()) co_return order.error();
  const core::OrgId org = org_of(request);
  core::Result<core::Command> credits = credit_command(org, *body, *order);
  if (credits.has_error()) co_return credits.error();
  core::Command sent = std::move(*credits);
  const core::Result<processors::Answer> answer = co_await command(app, core::aggregate_of(org), std::move(sent));
  if (answer.has_error()) co_return answer.error();
  note(app, "credits", org, *order);
  const core::Result<core::Money> available = balance_of(app, org, core::ledger::available(org));
  if (available.has_error()) co_return available.error();
  JsonText json;
  json.text("object", "credit_change").text("org", org.value()).text("transfer", answer->subject);
  json.boolean("replayed", answer->replayed).money("available", *available);
  co_return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> post_erase(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"reason", "operator"});
  if (body.has_error()) co_return body.error();
  const core::Result<Order> order = order_of(*body);
  if (order.has_error()) co_return order.error();
  const core::OrgId org = org_of(request);
  core::Command erase = core::identity::EraseOrg{org, order->ordered_by, order->reason};
  const core::Result<processors::Answer> answer = co_await command(app, core::aggregate_of(org), std::move(erase));
  if (answer.has_error()) co_return answer.error();
  note(app, "erase", org, *order);
  JsonText json;
  json.text("object", "erasure").text("org", org.value()).boolean("replayed", answer->replayed);
  co_return http::json(202, std::move(json).finish());
}

http::awaitable<Outcome> post_delivery(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"reason", "operator"});
  if (body.has_error()) co_return body.error();
  const core::Result<Order> order = order_of(*body);
  if (order.has_error()) co_return order.error();
  const core::OrgId org = org_of(request);
  const core::DeliveryId delivery(request.path_parameter("id"));
  core::Command replay = core::webhook::ReplayDelivery{org, delivery, order->ordered_by};
  const core::Result<processors::Answer> answer = co_await command(app, core::aggregate_of(org), std::move(replay));
  if (answer.has_error()) co_return answer.error();
  note(app, "delivery", org, *order);
  JsonText json;
  json.text("object", "webhook_delivery").text("org", org.value()).text("id", delivery.value());
  json.text("status", "pending").boolean("replayed", answer->replayed);
  co_return http::json(202, std::move(json).finish());
}

}  // namespace

void add_operator_orgs(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access) {
  const http::RouteOptions options{.body = http::Body::small, .body_bytes_max = body_bytes_max, .access = operator_org};
  const std::string base = "/internal/operator/v1/orgs/{org}/";
  add_operator_route(router, app, access, http::Method::post, base + "credits", post_credits, options);
  add_operator_route(router, app, access, http::Method::post, base + "erase", post_erase, options);
  add_operator_route(router, app, access, http::Method::post, base + "deliveries/{id}/retry", post_delivery, options);
}

}  // namespace api::resources
