#include "api/try_limits.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/http/problem.h"

namespace api {

namespace {

constexpr std::size_t keys_max = 100'000;
constexpr RateLimiter::Allowance for_strangers{.per_minute = 10, .burst = 20};
constexpr RateLimiter::Allowance for_mails{.per_minute = 1, .burst = 5};
constexpr RateLimiter::Allowance for_developers{.per_minute = 600, .burst = 600};
constexpr auto answer_step = std::chrono::milliseconds(100);

}  // namespace

TryLimits::TryLimits(const App& app) : app_(app), limiter_(keys_max) {}

std::optional<http::Response> TryLimits::by_address(const http::Request& request) {
  return take(request, "address:" + address_group(request.remote_address), for_strangers);
}

std::optional<http::Response> TryLimits::by_email(const http::Request& request, const EmailAddress& email) {
  return take(request, "email:" + email_digest(app_.vault, email).value(), for_strangers);
}

std::optional<http::Response> TryLimits::by_mail(const http::Request& request, const EmailAddress& email) {
  return take(request, "mail:" + email_digest(app_.vault, email).value(), for_mails);
}

std::optional<http::Response> TryLimits::take(const http::Request& request, const std::string& key,
                                              RateLimiter::Allowance allowance) {
  const bool developer = app_.settings.mode == "development" && is_loopback(request.remote_address);
  const auto wait = limiter_.take(key, developer ? for_developers : allowance, std::chrono::steady_clock::now());
  if (wait == RateLimiter::Wait::zero()) return std::nullopt;
  const std::string seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
  http::Response response = http::problem(
      {core::ErrorCode::too_many_requests, "too many tries; wait " + seconds + " seconds and try again"}, request);
  response.headers.set("Retry-After", seconds);
  return response;
}

http::awaitable<void> answer_alike(std::chrono::steady_clock::time_point started) {
  const auto steps = (std::chrono::steady_clock::now() - started) / answer_step + 1;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, started + steps * answer_step);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

}  // namespace api
