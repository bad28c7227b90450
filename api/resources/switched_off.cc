// Paths of the product that this version does not offer: they say so, as GET /v1/runtime does beforehand.
#include "api/http/problem.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

struct SwitchedOff {
  http::Method method;
  const char* pattern;
  const char* feature;  // its name in /v1/runtime
};

constexpr SwitchedOff switched_off[] = {
    {http::Method::post, "/v1/quotes/workflow", "workflow_quotes"},
    {http::Method::get, "/v1/batches/optimization-report", "optimization_report"},
    {http::Method::get, "/v1/batches/{batch}/events", "batch_events"},
    {http::Method::post, "/v1/imports", "imports"},
    {http::Method::get, "/v1/catalog/workflow-products", "workflows"},
    {http::Method::get, "/v1/catalog/workflow-products/{slug}", "workflows"},
    {http::Method::post, "/v1/workflows/{slug}/runs", "workflows"},
    {http::Method::get, "/v1/workflows/{slug}/runs/{run}", "workflows"},
};

http::awaitable<http::Response> refuse(const char* feature, http::Request& request) {
  co_return http::problem(
      {core::ErrorCode::feature_switched_off, "this version of the service has no " + std::string(feature) +
                                                  "; GET /v1/runtime lists what is on under features"},
      request);
}

}  // namespace

void add_switched_off(http::Router& router) {
  for (const SwitchedOff& path : switched_off) {
    router.add(path.method, path.pattern,
               [feature = path.feature](http::Request& request) { return refuse(feature, request); },
               {http::Body::none, 0, anyone});
  }
}

}  // namespace api::resources
