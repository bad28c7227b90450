#include "api/http/cross_origin.h"

#include <algorithm>

namespace api::http {

namespace {

constexpr const char* request_fields =
    "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-None-Match, Last-Event-ID, Range, X-Request-Id";
constexpr const char* response_fields =
    "Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, "
    "RateLimit-Reset, Retry-After, X-Request-Id";
constexpr const char* preflight_seconds = "600";

bool contains(const std::vector<std::string>& origins, std::string_view origin) {
  return std::find(origins.begin(), origins.end(), origin) != origins.end();
}

}  // namespace

void allow_origins(const std::vector<std::string>& origins, const Request& request, Response& response) {
  if (origins.empty()) return;
  Headers& headers = response.headers;
  // A node that forwarded the request has the last word.
  for (const char* name :
       {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"})
    headers.erase(name);
  headers.add_to_list("Vary", "Origin");
  const auto origin = request.headers.get("Origin");
  if (!origin) return;
  if (*origin != any_origin && contains(origins, *origin)) {
    headers.set("Access-Control-Allow-Origin", *origin);
    headers.set("Access-Control-Allow-Credentials", "true");
  } else if (contains(origins, any_origin)) {
    headers.set("Access-Control-Allow-Origin", any_origin);
  } else {
    return;
  }
  const bool preflight = request.method == Method::options && request.headers.get("Access-Control-Request-Method");
  if (!preflight) {
    headers.set("Access-Control-Expose-Headers", response_fields);
    return;
  }
  const std::string methods(headers.get("Allow").value_or(""));
  headers.set("Access-Control-Allow-Methods", methods);
  headers.set("Access-Control-Allow-Headers", request_fields);
  headers.set("Access-Control-Max-Age", preflight_seconds);
}

}  // namespace api::http
