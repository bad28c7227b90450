#include "adapters/stripe/stripe_checkout.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "adapters/stripe/form.h"
#include "core/invariant.h"
#include "schemas/stripe_objects.h"

namespace adapters::stripe {

namespace {

using core::Error;
using core::ErrorCode;
using http_client::HttpRequest;
using http_client::HttpResponse;
using processors::CheckoutPage;
using processors::CheckoutRequest;
using processors::PaidCheckout;
using Found = std::optional<PaidCheckout>;

constexpr std::int64_t nanos_per_cent = 10'000'000;
constexpr std::size_t payment_id_bytes_max = 255;

std::string form_of(const CheckoutRequest& request) {
  const std::int64_t nanos = request.amount.nanos();
  INVARIANT(nanos > 0);
  INVARIANT(nanos % nanos_per_cent == 0);
  Form form;
  form.add("mode", "payment");
  form.add("success_url", request.success_url);
  form.add("cancel_url", request.cancel_url);
  form.add("client_reference_id", request.org.value());
  if (!request.customer_email.empty()) form.add("customer_email", request.customer_email);
  form.add("line_items[0][quantity]", "1");
  form.add("line_items[0][price_data][currency]", "usd");
  form.add("line_items[0][price_data][unit_amount]", std::to_string(nanos / nanos_per_cent));
  form.add("line_items[0][price_data][product_data][name]", request.description);
  form.add("metadata[checkout]", request.checkout.value());
  form.add("metadata[org]", request.org.value());
  form.add("metadata[pack_code]", request.pack_code);
  // A payment does not take these over from its session, and its charge and refunds have them from it.
  form.add("payment_intent_data[metadata][checkout]", request.checkout.value());
  form.add("payment_intent_data[metadata][org]", request.org.value());
  return form.text();
}

HttpRequest http_request(std::string method, const std::string& path, const StripeSettings& settings) {
  HttpRequest http;
  http.method = std::move(method);
  http.url = settings.base_url + path;
  http.headers = {{"authorization", "Bearer " + settings.secret_key.reveal()}, {"stripe-version", api_version}};
  http.connect_timeout = settings.try_timeout / 2;
  http.total_timeout = settings.try_timeout;
  return http;
}

HttpRequest session_request(const CheckoutRequest& request, const StripeSettings& settings) {
  HttpRequest http = http_request("POST", "/v1/checkout/sessions", settings);
  http.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
  http.headers.emplace_back("idempotency-key", request.checkout.value());
  http.body = form_of(request);
  return http;
}

HttpRequest payment_request(const core::PaymentId& payment, const StripeSettings& settings) {
  return http_request("GET", "/v1/payment_intents/" + payment.value(), settings);
}

bool worth_another_try(const core::Result<HttpResponse>& response) {
  if (response.has_error()) {
    const ErrorCode code = response.error().code;
    return code == ErrorCode::network_failed || code == ErrorCode::unavailable || code == ErrorCode::overloaded;
  }
  if (const auto advice = response->header("stripe-should-retry")) {
    if (*advice == "true") return true;
    if (*advice == "false") return false;
  }
  return response->status == 409 || response->status == 429 || response->status >= 500;
}

Error error_of(int status, const schemas::stripe::Refusal& refusal) {
  if (status == 401 || status == 403)
    return {ErrorCode::configuration_invalid, "Stripe refuses the key that is configured as stripe.secret_key"};
  if (status == 409 || status == 429) return {ErrorCode::unavailable, "Stripe is busy; try again shortly"};
  if (refusal.type == "idempotency_error")
    return {ErrorCode::idempotency_conflict, "this checkout was begun before with other particulars"};
  if (status >= 400 && status < 500)
    return {ErrorCode::invalid_request,
            "Stripe refuses this request" + (refusal.code.empty() ? std::string() : " (" + refusal.code + ")"),
            refusal.param};
  return {ErrorCode::network_failed, "Stripe answers with status " + std::to_string(status) + "; try again later"};
}

core::Result<CheckoutPage> page_of(const HttpResponse& response) {
  const auto session = schemas::stripe::read_session(response.body);
  if (session.has_error() || session->url.empty())
    return Error{ErrorCode::network_failed, "Stripe's answer is no open checkout session; try again later"};
  return CheckoutPage{session->id, session->url, session->expires_at};
}

// It becomes a part of a URL.
bool is_payment_id(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= payment_id_bytes_max && std::all_of(text.begin(), text.end(), plain);
}

core::Result<Found> found_in(const HttpResponse& response, const core::PaymentId& asked) {
  const auto payment = schemas::stripe::read_payment_intent(response.body);
  if (payment.has_error() || payment->id != asked.value())
    return Error{ErrorCode::network_failed, "Stripe's answer is not the payment that was asked for; try again later"};
  const auto ours = schemas::stripe::our_checkout(payment->metadata);
  return ours ? Found(PaidCheckout{ours->org, ours->checkout}) : Found();
}

Error refused(processors::Log& log, const HttpResponse& response) {
  const schemas::stripe::Refusal refusal = schemas::stripe::read_refusal(response.body);
  warn(log, "checkout_failed",
       {{"provider", "stripe"},
        {"status", response.status},
        {"type", std::string_view(refusal.type)},
        {"code", std::string_view(refusal.code)},
        {"param", std::string_view(refusal.param)},
        {"request", response.header("request-id").value_or("")}});
  return error_of(response.status, refusal);
}

}  // namespace

// One request, from its first try to its last answer. Kept alive by whatever it waits for.
class StripeCheckout::Call : public std::enable_shared_from_this<Call> {
 public:
  // An answer of any status, or network_failed.
  using Done = std::function<void(core::Result<HttpResponse>)>;

  Call(const Environment& environment, std::shared_ptr<const StripeSettings> settings, HttpRequest request, Done done)
      : client_(environment.client),
        log_(environment.log),
        settings_(std::move(settings)),
        request_(std::move(request)),
        done_(std::move(done)),
        timer_(environment.executor) {}

  void make_try() {
    ++tries_;
    client_.send(request_, [self = shared_from_this()](core::Result<HttpResponse> response) {
      self->on_response(std::move(response));
    });
  }

 private:
  void on_response(core::Result<HttpResponse> response) {
    if (worth_another_try(response) && tries_ < tries_max) {
      timer_.expires_after(settings_->retry_delay * (1 << (tries_ - 1)));
      timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->make_try(); });
      return;
    }
    if (response.has_error()) {
      warn(log_, "checkout_failed", {{"provider", "stripe"}, {"code", to_string(response.error().code)}});
      response = Error{ErrorCode::network_failed, "Stripe does not answer; try again later"};
    }
    done_(std::move(response));
  }

  http_client::HttpClient& client_;
  processors::Log& log_;
  const std::shared_ptr<const StripeSettings> settings_;
  const HttpRequest request_;
  const Done done_;
  int tries_ = 0;
  boost::asio::steady_timer timer_;
};

StripeCheckout::StripeCheckout(Environment environment, StripeSettings settings)
    : environment_(std::move(environment)), settings_(std::make_shared<StripeSettings>(std::move(settings))) {}

void StripeCheckout::call(HttpRequest request, std::function<void(core::Result<HttpResponse>)> done) const {
  std::make_shared<Call>(environment_, settings_, std::move(request), std::move(done))->make_try();
}

void StripeCheckout::create(CheckoutRequest request, std::function<void(core::Result<CheckoutPage>)> done) {
  auto end = [&log = environment_.log, &metrics = environment_.metrics,
              done = std::move(done)](core::Result<HttpResponse> response) {
    core::Result<CheckoutPage> page = response.has_error()      ? core::Result<CheckoutPage>(response.error())
                                      : response->status != 200 ? core::Result<CheckoutPage>(refused(log, *response))
                                                                : page_of(*response);
    metrics.count("batchrouter_checkout_creations_total",
                  {{"provider", "stripe"}, {"outcome", page.has_value() ? "made" : "failed"}});
    done(std::move(page));
  };
  call(session_request(request, *settings_), std::move(end));
}

void StripeCheckout::find_payment(core::PaymentId payment, std::function<void(core::Result<Found>)> done) {
  if (!is_payment_id(payment.value())) return done(Found());
  HttpRequest request = payment_request(payment, *settings_);
  auto end = [&log = environment_.log, &metrics = environment_.metrics, payment = std::move(payment),
              done = std::move(done)](core::Result<HttpResponse> response) {
    core::Result<Found> found = Found();
    if (response.has_error()) {
      found = response.error();
    } else if (response->status == 200) {
      found = found_in(*response, payment);
    } else if (response->status != 404) {
      found = refused(log, *response);
    }
    metrics.count("batchrouter_payment_lookups_total", {{"provider", "stripe"},
                                                        {"outcome", found.has_error() ? "failed"
                                                                    : *found          ? "found"
                                                                                      : "unknown"}});
    done(std::move(found));
  };
  call(std::move(request), std::move(end));
}

}  // namespace adapters::stripe
