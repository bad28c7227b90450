#include "adapters/mail/resend_mail.h"

#include <utility>

#include "schemas/resend.h"

namespace adapters::mail {

namespace {

using core::Error;
using core::ErrorCode;
using http_client::HttpRequest;
using http_client::HttpResponse;

// Our account, key or sender, which the operator can mend: no fault of the mail.
bool is_ours_to_mend(int status, std::string_view name) {
  return status == 401 || status == 403 || status == 404 || name == "invalid_from_address" ||
         name == "invalid_region" || name == "invalid_access" || name.ends_with("_api_key");
}

core::Result<void> outcome_of(const HttpResponse& response) {
  if (response.status >= 200 && response.status < 300) return {};
  const std::string name = schemas::resend::read_refusal(response.body);
  // The same id with other words: the first one was taken. Words differ when a service was updated between two tries.
  if (name == "invalid_idempotent_request") return {};
  const std::string said =
      "Resend answers " + std::to_string(response.status) + (name.empty() ? std::string() : " " + name);
  if (response.status == 409 || response.status == 429) return Error{ErrorCode::overloaded, said};
  if (is_ours_to_mend(response.status, name))
    return Error{ErrorCode::configuration_invalid, said + ": check mail.resend_api_key and mail.from"};
  if (response.status >= 400 && response.status < 500) return Error{ErrorCode::invalid_request, said};
  return Error{ErrorCode::network_failed, said};
}

}  // namespace

void ResendMail::send(processors::MailMessage message, std::function<void(core::Result<void>)> done) {
  HttpRequest request;
  request.method = "POST";
  request.url = settings_.base_url + "/emails";
  request.headers = {{"authorization", "Bearer " + settings_.api_key.reveal()},
                     {"content-type", "application/json"},
                     {"idempotency-key", message.id.value()}};
  request.body = schemas::resend::render_email({settings_.from, std::move(message.to), std::move(message.subject),
                                                std::move(message.text), std::move(message.html)});
  request.connect_timeout = settings_.timeout / 2;
  request.total_timeout = settings_.timeout;
  client_.send(std::move(request), [done = std::move(done)](core::Result<HttpResponse> response) {
    if (response.has_error()) return done(Error{ErrorCode::network_failed, "Resend does not answer"});
    done(outcome_of(*response));
  });
}

}  // namespace adapters::mail
