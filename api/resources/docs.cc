// GET /v1/openapi.json, /docs and /: what the API is, for programs and for people. Both come from schemas/openapi.yaml.

#include <string>
#include <string_view>

#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api {

// Made by scripts/openapi.py when BatchRouter is built.
extern const std::string_view openapi_json;
extern const std::string_view openapi_page;

}  // namespace api

namespace api::resources {

namespace {

constexpr std::string_view example_url = "https://batchrouter.example";  // stands in the description for our own

std::string with_own_url(std::string_view text, const App& app) {
  std::string filled;
  for (std::size_t found = text.find(example_url); found != std::string_view::npos; found = text.find(example_url)) {
    filled += text.substr(0, found);
    filled += app.settings.public_url;
    text.remove_prefix(found + example_url.size());
  }
  return filled += text;
}

http::Response cached(http::Response response) {
  response.headers.set("Cache-Control", "public, max-age=60");
  return response;
}

http::awaitable<Outcome> get_openapi(const App& app, http::Request& request) {
  if (auto checked = check_query(request, {}); checked.has_error()) co_return checked.error();
  co_return cached(http::json(200, with_own_url(openapi_json, app)));
}

http::awaitable<Outcome> get_page(const App& app, http::Request&) {
  http::Response response = cached(http::text(200, with_own_url(openapi_page, app)));
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'");
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

http::awaitable<Outcome> go_to_page(const App&, http::Request&) {
  http::Response response(302);
  response.headers.set("Location", "/docs");
  co_return response;
}

}  // namespace

void add_docs(http::Router& router, const App& app) {
  using Function = http::awaitable<Outcome> (*)(const App&, http::Request&);
  const auto add = [&](const char* path, Function handle) {
    router.add(http::Method::get, path,
               [&app, handle](http::Request& request) { return answered(request, handle(app, request)); },
               {.access = anyone});
  };
  add("/v1/openapi.json", get_openapi);
  add("/docs", get_page);
  add("/", go_to_page);
}

}  // namespace api::resources
