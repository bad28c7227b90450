// Who may use the operator's routes: whoever can read the keys of this deployment.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/app.h"
#include "api/http/router.h"
#include "api/outcome.h"
#include "api/rate_limiter.h"

namespace api {

// What an operator's request is bound to.
struct OperatorCall {
  std::string_view method;  // "POST"
  std::string_view target;  // path and query as they are sent
  std::string_view body;
  core::Timestamp time;
  std::string_view nonce;  // 16 to 64 of [A-Za-z0-9_-], never the same again
};

// The header that goes with it:
//
//   Authorization: Operator <seconds since 1970>.<nonce>.<MAC>
//
// The MAC is the vault's for "operator", over seconds, nonce, method, target and the body's SHA-256 in hexadecimal,
// with a line break after each but the last. A request is good for a minute to either side, and once at each node.
std::string operator_authorization(const processors::Vault& vault, const OperatorCall& call);

// Threading: any thread. Of this process only: another node would take the same request once more, which is why what
// operators ask for is idempotent or harmless twice.
class OperatorAccess {
 public:
  explicit OperatorAccess(const App& app);

  // Errors: authentication_required, the same for every fault; too_many_requests after many of them.
  core::Result<void> check(const http::Request& request);

 private:
  bool genuine(const http::Request& request);
  bool first_time(const std::string& nonce, core::Timestamp forget_at);

  const App& app_;
  RateLimiter failures_;
  std::mutex mutex_;
  std::map<std::string, core::Timestamp> nonces_;  // of genuine requests, and until when one may be shown again
};

// Adds a route whose handler runs for operators only.
using OperatorHandler = http::awaitable<Outcome> (*)(const App&, http::Request&);
void add_operator_route(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access,
                        http::Method method, std::string pattern, OperatorHandler handler, http::RouteOptions options);

}  // namespace api
