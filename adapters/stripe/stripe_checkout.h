#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http_client/http_client.h"
#include "core/sealed.h"
#include "processors/ports/checkout.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::stripe {

inline constexpr const char* api_version = "2026-06-24.dahlia";
inline constexpr int tries_max = 4;

struct StripeSettings {
  core::Secret secret_key;
  std::string base_url = "https://api.stripe.com";  // without a slash at its end
  std::chrono::milliseconds try_timeout{10'000};
  std::chrono::milliseconds retry_delay{500};  // before the second try, twice as much before each after it
};

// Checkout Sessions of Stripe, and whose its payments are. A try that fails is made again, under the same
// Idempotency-Key, when Stripe says so (Stripe-Should-Retry), else after 409, 429, 500 and above, or when no answer
// came; tries_max times in all.
//
// The session and its payment carry `checkout` and `org` as metadata: so do the events about them, and about refunds.
//
// Threading: any thread; `done` runs on the client's thread or on `executor`, or at once for what is no payment's id.
// Requires: the client, the log and the metrics outlive it and whatever it has posted on `executor`; a callback is
// dropped when the executor stops in the middle of a wait.
class StripeCheckout final : public processors::CheckoutProvider {
 public:
  struct Environment {
    boost::asio::any_io_executor executor;  // for waiting between tries
    http_client::HttpClient& client;
    processors::Log& log;
    processors::Metrics& metrics;
  };
  StripeCheckout(Environment environment, StripeSettings settings);

  std::string_view name() const override { return "stripe"; }
  void create(processors::CheckoutRequest request,
              std::function<void(core::Result<processors::CheckoutPage>)> done) override;
  void find_payment(core::PaymentId payment,
                    std::function<void(core::Result<std::optional<processors::PaidCheckout>>)> done) override;

 private:
  class Call;

  void call(http_client::HttpRequest request, std::function<void(core::Result<http_client::HttpResponse>)> done) const;

  const Environment environment_;
  const std::shared_ptr<const StripeSettings> settings_;
};

}  // namespace adapters::stripe
