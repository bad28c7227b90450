#include "api/operator_access.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "api/http/problem.h"
#include "schemas/digest.h"

namespace api {

namespace {

constexpr std::string_view scheme = "Operator ";
constexpr auto good_for = std::chrono::seconds(60);
constexpr std::size_t nonce_bytes_min = 16;
constexpr std::size_t nonce_bytes_max = 64;
constexpr std::size_t nonces_max = 100'000;  // of two minutes; only operators can add one
constexpr std::size_t addresses_max = 10'000;
constexpr RateLimiter::Allowance failures_allowed{.per_minute = 30, .burst = 60};

core::Error refused() {
  return {core::ErrorCode::authentication_required,
          "only operators may do this: use brctl on a machine with the keys of this deployment and the right time"};
}

std::string mac_of(const processors::Vault& vault, const OperatorCall& call, std::string_view seconds) {
  std::string text(seconds);
  for (const std::string_view part : {call.nonce, call.method, call.target}) text.append("\n").append(part);
  text.append("\n").append(schemas::sha256(call.body).value());
  return vault.mac("operator", text).value();
}

struct Shown {
  std::string_view seconds;
  std::string_view nonce;
  std::string_view mac;
};

std::optional<Shown> parse(std::string_view field) {
  if (!field.starts_with(scheme)) return std::nullopt;
  field.remove_prefix(scheme.size());
  const std::size_t first = field.find('.');
  const std::size_t last = field.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const Shown shown{field.substr(0, first), field.substr(first + 1, last - first - 1), field.substr(last + 1)};
  const bool usable = shown.nonce.size() >= nonce_bytes_min && shown.nonce.size() <= nonce_bytes_max &&
                      shown.nonce.find_first_not_of(
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
  return usable ? std::optional(shown) : std::nullopt;
}

std::optional<core::Timestamp> time_from(std::string_view seconds) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
  constexpr std::int64_t latest = 100'000'000'000;  // far from what a timestamp cannot hold
  if (fault != std::errc() || end != seconds.data() + seconds.size() || number < 0 || number > latest)
    return std::nullopt;
  return core::Timestamp(std::chrono::seconds(number));
}

}  // namespace

std::string operator_authorization(const processors::Vault& vault, const OperatorCall& call) {
  const std::string seconds =
      std::to_string(std::chrono::floor<std::chrono::seconds>(call.time).time_since_epoch().count());
  return std::string(scheme) + seconds + "." + std::string(call.nonce) + "." + mac_of(vault, call, seconds);
}

OperatorAccess::OperatorAccess(const App& app) : app_(app), failures_(addresses_max) {}

core::Result<void> OperatorAccess::check(const http::Request& request) {
  if (genuine(request)) return {};
  app_.metrics.count("batchrouter_operator_refusals_total", {});
  const auto wait =
      failures_.take(address_group(request.remote_address), failures_allowed, std::chrono::steady_clock::now());
  if (wait == RateLimiter::Wait::zero()) return refused();
  return core::Error{core::ErrorCode::too_many_requests, "too many tries; wait a minute"};
}

// The MAC first: what strangers send costs no memory, and tells them nothing of clocks and nonces.
bool OperatorAccess::genuine(const http::Request& request) {
  const auto field = request.headers.get("authorization");
  if (!field || request.headers.count("authorization") != 1) return false;
  const std::optional<Shown> shown = parse(*field);
  if (!shown) return false;
  OperatorCall call;
  call.method = http::to_string(request.method);
  call.target = request.target;
  call.body = request.body;
  call.nonce = shown->nonce;
  if (!schemas::equal_constant_time(mac_of(app_.vault, call, shown->seconds), shown->mac)) return false;

  const std::optional<core::Timestamp> time = time_from(shown->seconds);
  const core::Timestamp now = app_.now();
  if (!time || now - *time > good_for || *time - now > good_for) return false;
  return first_time(std::string(shown->nonce), *time + good_for);
}

bool OperatorAccess::first_time(const std::string& nonce, core::Timestamp forget_at) {
  const std::lock_guard lock(mutex_);
  const core::Timestamp now = app_.now();
  std::erase_if(nonces_, [now](const auto& entry) { return entry.second < now; });
  if (nonces_.size() >= nonces_max) return false;
  return nonces_.emplace(nonce, forget_at).second;
}

namespace {

http::awaitable<http::Response> serve(const App& app, std::shared_ptr<OperatorAccess> access, OperatorHandler handler,
                                      http::Request& request) {
  const core::Result<void> checked = access->check(request);
  if (checked.has_error()) {
    http::Response response = http::problem(checked.error(), request);
    if (response.status == 401) response.headers.set("WWW-Authenticate", "Operator");
    if (response.status == 429) response.headers.set("Retry-After", "60");
    co_return response;
  }
  Outcome outcome = co_await handler(app, request);
  if (outcome.has_error()) co_return http::problem(outcome.error(), request);
  outcome->headers.set("Cache-Control", "no-store");
  co_return std::move(*outcome);
}

}  // namespace

void add_operator_route(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access,
                        http::Method method, std::string pattern, OperatorHandler handler, http::RouteOptions options) {
  router.add(
      method, std::move(pattern),
      [&app, access, handler](http::Request& request) { return serve(app, access, handler, request); },
      std::move(options));
}

}  // namespace api
