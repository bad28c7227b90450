#include "api/answer_fields.h"

#include <string_view>
#include <utility>

#include "api/http/content_coding.h"
#include "api/http/entity_tag.h"
#include "api/resources/resources.h"

namespace api {

namespace {

enum class Owner { an_org, nobody };  // of what a route shows

Owner owner_by(std::string_view access) {
  const bool of_an_org = access == resources::org || access == resources::visitor || access == resources::signed_link;
  return of_an_org ? Owner::an_org : Owner::nobody;
}

// `next` belongs to the route, which outlives its requests.
http::awaitable<http::Response> finish(const App& app, Owner owner, const http::Handler& next, http::Request& request) {
  http::Response response = co_await next(request);
  if (owner == Owner::an_org && !response.headers.get("Cache-Control"))
    response.headers.set("Cache-Control", "private, no-cache");
  if (http::lists(response.headers.get("Cache-Control").value_or(""), "no-store")) co_return response;
  response = co_await http::tagged(app.blocking, request, std::move(response));
  co_return co_await http::encoded(app.blocking, request, std::move(response));
}

}  // namespace

void add_answer_fields(http::Router& router, const App& app) {
  router.wrap_handlers([&app](const http::Route& route) -> http::Handler {
    return [&app, next = route.handler, owner = owner_by(route.options.access)](http::Request& request) {
      return finish(app, owner, next, request);
    };
  });
}

}  // namespace api
