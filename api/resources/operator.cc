// What operators ask of one node: GET /internal/operator/v1/status, GET …/lanes, POST …/lanes/{provider}/unpark.
#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "api/json_body.h"
#include "api/json_text.h"
#include "api/operator_access.h"
#include "api/operator_body.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;

void add_closure(JsonText& json, const processors::LaneStatus& closure) {
  json.element().text_or_null("model", closure.model ? closure.model->value() : "");
  json.text_or_null("mode", closure.mode ? core::to_string(*closure.mode) : "");
  json.text("state", processors::to_string(closure.state)).text("reason", closure.reason);
  json.time("since", closure.since).time("until", closure.until).end_object();
}

std::vector<core::ProviderId> providers_of(const App& app) {
  std::vector<core::ProviderId> providers;
  for (const core::ConfiguredLane& lane : app.lanes) {
    if (std::find(providers.begin(), providers.end(), lane.provider) == providers.end())
      providers.push_back(lane.provider);
  }
  return providers;
}

std::string render_lanes(const App& app) {
  const std::vector<processors::LaneStatus> closures =
      app.lane_board == nullptr ? std::vector<processors::LaneStatus>{} : app.lane_board->closed_lanes();
  JsonText json;
  json.text("object", "lanes").text("instance", app.settings.instance).array("providers");
  for (const core::ProviderId& provider : providers_of(app)) {
    json.element().text("provider", provider.value()).array("modes");
    for (const core::ConfiguredLane& lane : app.lanes) {
      if (lane.provider == provider) json.element(core::to_string(lane.mode));
    }
    json.end_array().array("closures");
    for (const processors::LaneStatus& closure : closures) {
      if (closure.provider == provider) add_closure(json, closure);
    }
    json.end_array().end_object();
  }
  json.end_array();
  return std::move(json).finish();
}

http::awaitable<Outcome> get_lanes(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  co_return http::json(200, render_lanes(app));
}

http::awaitable<std::size_t> unpark(processors::LaneControl& lanes, core::ProviderId provider) {
  auto initiate = [&lanes](auto handler, core::ProviderId asked) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    lanes.unpark(std::move(asked), [shared](std::size_t ended) {
      const auto executor = boost::asio::get_associated_executor(*shared);
      boost::asio::post(executor, [shared, ended] { (*shared)(ended); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::size_t)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(provider));
}

http::awaitable<Outcome> post_unpark(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"reason", "operator"});
  if (body.has_error()) co_return body.error();
  const core::Result<Order> order = order_of(*body);
  if (order.has_error()) co_return order.error();
  const core::ProviderId provider(request.path_parameter("provider"));
  const std::vector<core::ProviderId> known = providers_of(app);
  if (app.lane_control == nullptr || std::find(known.begin(), known.end(), provider) == known.end())
    co_return Error{ErrorCode::not_found, "this node has no lane to such a provider; 'brctl lanes list' names them"};
  core::ProviderId asked = provider;
  const std::size_t ended = co_await unpark(*app.lane_control, std::move(asked));
  info(app.log, "operator_action",
       {{"action", "unpark"}, {"provider", provider.value()}, {"operator", order->ordered_by}});
  JsonText json;
  json.text("object", "lanes_unparked").text("instance", app.settings.instance);
  json.text("provider", provider.value()).number("closures_ended", ended);
  co_return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> get_status(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  JsonText json;
  json.text("object", "node_status").text("instance", app.settings.instance).text("version", app.settings.version);
  json.text("mode", app.settings.mode).text("bus", app.settings.bus).time("time", app.now());
  json.number("partitions", app.reader.partition_count()).array("halted_partitions");
  for (const auto& [partition, error] : app.halted_partitions()) {
    json.element().number("partition", partition.value());
    json.text("code", core::to_string(error.code)).text("detail", error.detail).end_object();
  }
  json.end_array();
  const std::size_t closed = app.lane_board == nullptr ? 0 : app.lane_board->closed_lanes().size();
  json.number("closed_lanes", closed);
  co_return http::json(200, std::move(json).finish());
}

}  // namespace

void add_operator(http::Router& router, const App& app) {
  const auto access = std::make_shared<OperatorAccess>(app);
  const std::string base = "/internal/operator/v1/";
  const http::RouteOptions reading{.access = operator_node};
  const http::RouteOptions writing{.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = operator_node};
  add_operator_route(router, app, access, http::Method::get, base + "status", get_status, reading);
  add_operator_route(router, app, access, http::Method::get, base + "lanes", get_lanes, reading);
  add_operator_route(router, app, access, http::Method::post, base + "lanes/{provider}/unpark", post_unpark, writing);
  add_operator_orgs(router, app, access);
  add_operator_parked(router, app, access);
}

}  // namespace api::resources
