// GET /v1/batches/{id}/route-receipt.
#include "api/route_receipt.h"

#include "api/authentication.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

http::awaitable<Outcome> get_route_receipt(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  co_return co_await route_receipt(app, principal->org, core::BatchId(request.path_parameter("id")));
}

}  // namespace

void add_route_receipt(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/batches/{id}/route-receipt",
             [&app](http::Request& request) { return answered(request, get_route_receipt(app, request)); },
             {.access = org});
}

}  // namespace api::resources
