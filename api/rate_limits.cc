#include "api/rate_limits.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/authentication.h"
#include "api/http/problem.h"
#include "api/rate_limiter.h"
#include "api/resources/resources.h"

namespace api {

namespace {

constexpr std::size_t callers_max = 100'000;

std::string seconds_text(RateLimiter::Wait wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

core::Error too_many(const std::string& seconds) {
  return {core::ErrorCode::too_many_requests, "too many requests; wait " + seconds + " seconds and send it again"};
}

// Threading: any strand. Lifetime: held by the handlers.
class RateLimits {
 public:
  enum class Callers { orgs, addresses };

  explicit RateLimits(const App& app) : app_(app) {}

  // `next` belongs to the route, which outlives its requests.
  http::awaitable<http::Response> serve(const http::Handler& next, Callers callers, http::Request& request) {
    const Caller caller = caller_of(callers, request);
    if (caller.per_minute == 0) co_return co_await next(request);
    const RateLimiter::Allowance allowance{.per_minute = caller.per_minute, .burst = caller.per_minute};
    const RateLimiter::Bucket bucket = limiter_.draw(caller.key, allowance, std::chrono::steady_clock::now());
    http::Response response(429);
    if (bucket.wait == RateLimiter::Wait::zero()) {
      response = co_await next(request);
    } else {
      const std::string seconds = seconds_text(bucket.wait);
      response = http::problem(too_many(seconds), request);
      response.headers.set("Retry-After", seconds);
    }
    response.headers.set("RateLimit-Limit", std::to_string(caller.per_minute));
    response.headers.set("RateLimit-Remaining", std::to_string(bucket.left));
    response.headers.set("RateLimit-Reset", seconds_text(bucket.full_in));
    co_return response;
  }

 private:
  struct Caller {
    std::string key;
    std::uint32_t per_minute;
  };

  // The handler authenticates once more, to say why not: that costs less than to hand over what was found.
  Caller caller_of(Callers callers, const http::Request& request) const {
    if (callers == Callers::orgs) {
      const core::Result<Principal> principal = authenticate(app_, request);
      if (principal.has_value()) return {principal->org.value(), app_.settings.org_requests_per_minute};
    }
    return {address_group(request.remote_address), app_.settings.address_requests_per_minute};
  }

  const App& app_;
  RateLimiter limiter_{callers_max};
};

}  // namespace

void limit_rates(http::Router& router, const App& app) {
  const auto limits = std::make_shared<RateLimits>(app);
  router.wrap_handlers([&](const http::Route& route) -> http::Handler {
    const std::string_view access = route.options.access;
    if (access == resources::probe) return route.handler;
    const bool by_credential = access == resources::org || access == resources::visitor;
    const auto callers = by_credential ? RateLimits::Callers::orgs : RateLimits::Callers::addresses;
    return [limits, next = route.handler, callers](http::Request& request) {
      return limits->serve(next, callers, request);
    };
  });
}

}  // namespace api
