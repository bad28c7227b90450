// Slows down who guesses: passwords, tokens, addresses.
#pragma once

#include <chrono>
#include <optional>

#include "api/app.h"
#include "api/email_address.h"
#include "api/http/request.h"
#include "api/http/response.h"
#include "api/rate_limiter.h"

namespace api {

// Each answers a 429 with Retry-After when it is too much, nothing when it is not. In development callers on this
// machine may ask more often.
//
// Threading: any thread. `app` outlives it.
class TryLimits {
 public:
  explicit TryLimits(const App& app);

  std::optional<http::Response> by_address(const http::Request& request);
  std::optional<http::Response> by_email(const http::Request& request, const EmailAddress& email);
  // For what sends a mail: an address must not be flooded by others.
  std::optional<http::Response> by_mail(const http::Request& request, const EmailAddress& email);

 private:
  std::optional<http::Response> take(const http::Request& request, const std::string& key,
                                     RateLimiter::Allowance allowance);

  const App& app_;
  RateLimiter limiter_;
};

// Waits until a tenth of a second after `started`, or two, or three …: so the work for a known address (a row, an
// fsync) cannot be told from that for an unknown one, also while passwords wait for their turn.
http::awaitable<void> answer_alike(std::chrono::steady_clock::time_point started);

}  // namespace api
