// POST /internal/operator/v1/parked/{partition}/retry and …/drop: what becomes of a command that was parked. Its id
// stands in the body, as ids of commands have slashes in them.
#include <utility>

#include "api/json_body.h"
#include "api/json_text.h"
#include "api/operator_access.h"
#include "api/operator_body.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/parking/state.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::parking::Parked;

constexpr std::size_t id_bytes_max = 1'000;

Error not_parked() {
  return {ErrorCode::not_found, "no such command is parked there; it may have been retried or dropped already"};
}

enum class Choice { retry, drop };

core::Command command_of(const core::CommandId& id, const Order& order, Choice choice) {
  switch (choice) {
    case Choice::retry: return core::parking::RetryParked{id, order.ordered_by, order.reason};
    case Choice::drop: return core::parking::DropParked{id, order.ordered_by, order.reason};
  }
  return {};
}

http::awaitable<Outcome> post_choice(const App& app, http::Request& request, Choice choice) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"id", "reason", "operator"});
  if (body.has_error()) co_return body.error();
  const core::Result<Order> order = order_of(*body);
  if (order.has_error()) co_return order.error();
  const core::Result<std::string> id = body->text("id", id_bytes_max);
  if (id.has_error()) co_return id.error();

  const auto parked = app.reader.find_served<Parked>({core::CommandId(*id)});
  if (parked.has_error()) co_return parked.error();
  if (!*parked) co_return not_parked();
  const core::Partition partition = app.reader.partition((*parked)->aggregate);
  if (std::to_string(partition.value()) != request.path_parameter("partition")) co_return not_parked();
  core::Command chosen = command_of((*parked)->id, *order, choice);
  const core::Result<processors::Answer> answer = co_await command(app, (*parked)->aggregate, std::move(chosen));
  if (answer.has_error()) co_return answer.error();
  info(app.log, "operator_action",
       {{"action", std::string_view(choice == Choice::retry ? "parked_retry" : "parked_drop")},
        {"command", std::string_view(*id)},
        {"operator", order->ordered_by}});
  JsonText json;
  json.text("object", "parked_command").text("id", *id).number("partition", partition.value());
  json.text("status", choice == Choice::retry ? "retried" : "dropped");
  co_return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> post_retry(const App& app, http::Request& request) {
  return post_choice(app, request, Choice::retry);
}

http::awaitable<Outcome> post_drop(const App& app, http::Request& request) {
  return post_choice(app, request, Choice::drop);
}

}  // namespace

void add_operator_parked(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access) {
  const http::RouteOptions options{
      .body = http::Body::small, .body_bytes_max = 16 * 1024, .access = operator_partition};
  const std::string parked = "/internal/operator/v1/parked/{partition}/";
  add_operator_route(router, app, access, http::Method::post, parked + "retry", post_retry, options);
  add_operator_route(router, app, access, http::Method::post, parked + "drop", post_drop, options);
}

}  // namespace api::resources
