// Forgotten passwords and mails that did not arrive. No answer tells whether an address has an account.
#include <memory>

#include "api/credentials.h"
#include "api/html_page.h"
#include "api/http/status.h"
#include "api/http/target.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/password_rules.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/try_limits.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api::resources {

namespace {

namespace identity = core::identity;
using core::Error;
using core::ErrorCode;
using std::chrono::steady_clock;

constexpr std::size_t token_bytes_max = 200;

std::string accepted_json(std::string_view message) {
  JsonText json;
  json.text("status", "accepted").text("message", message);
  return std::move(json).finish();
}

constexpr std::string_view password_form =
    "At least eight characters, and none of those that everybody tries first.</p>"
    "<form method=\"post\"><p><input type=\"password\" name=\"password\" autocomplete=\"new-password\" required "
    "aria-label=\"New password\"> <button>Set it</button></p></form><p>Older sessions end; API keys go on working.";

struct NewPassword {
  std::string token;
  std::string password;
};

bool is_form(const http::Request& request) {
  return request.headers.get("Content-Type").value_or("").starts_with("application/x-www-form-urlencoded");
}

// As JSON, or from our own page, whose address has the token.
core::Result<NewPassword> parse_new_password(const http::Request& request) {
  if (const auto query = check_query(request, {"token"}); query.has_error()) return query.error();
  NewPassword asked;
  if (is_form(request)) {
    asked.token = request.query("token").value_or("");
    const core::Result<http::Parameters> form = http::parse_query(request.body);
    if (form.has_error()) return form.error();
    for (const auto& [name, value] : *form) {
      if (name == "password") asked.password = value;
    }
  } else {
    const core::Result<JsonBody> body = JsonBody::parse(request, {"token", "password"});
    if (body.has_error()) return body.error();
    core::Result<std::string> token = body->text("token", token_bytes_max);
    if (token.has_error()) return token.error();
    core::Result<std::string> password = body->text("password", adapters::passwords::password_bytes_max);
    if (password.has_error()) return password.error();
    asked.token = std::move(*token);
    asked.password = std::move(*password);
  }
  if (const auto checked = check_new_password(asked.password); checked.has_error()) return checked.error();
  return asked;
}

class Passwords {
 public:
  explicit Passwords(const App& app) : app_(app), limits_(app) {}

  http::awaitable<Outcome> forgot(http::Request& request) {
    const auto make = [](core::OrgId org, identity::NewToken token) -> core::Command {
      return identity::RequestPasswordReset{std::move(org), std::move(token)};
    };
    return mail_token(request, make,
                      "If this address has an account, a mail with a link to choose a new password is on its way.");
  }

  http::awaitable<Outcome> resend(http::Request& request) {
    const auto make = [](core::OrgId org, identity::NewToken token) -> core::Command {
      return identity::ResendVerification{std::move(org), std::move(token)};
    };
    return mail_token(request, make,
                      "If somebody signed up with this address and it is not verified yet, a mail is on its way.");
  }

  http::awaitable<Outcome> reset(http::Request& request) {
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    core::Result<NewPassword> asked = parse_new_password(request);
    core::Result<void> changed;
    if (asked.has_error())
      changed = asked.error();
    else
      changed = co_await change(std::move(*asked));
    if (!is_form(request)) {
      if (changed.has_error()) co_return changed.error();
      JsonText json;
      json.text("status", "password_changed")
          .text("message", "Log in with the new password; older sessions have ended.");
      co_return unstored(http::json(200, std::move(json).finish()));
    }
    if (changed.has_value())
      co_return html_page(200, "Your password is changed", "Log in with it. Older sessions have ended.");
    const int status = http::http_status(changed.error().code);
    if (status >= 500) co_return changed.error();
    if (changed.error().code == ErrorCode::invalid_request)  // of our own wording, with nothing of the caller's in it
      co_return html_page(status, "This password will not do", std::string(password_form));
    co_return html_page(status, "This link does not work",
                        "It was used already, or is too old, or is not complete. Ask for another one.");
  }

  // The link in the mail.
  http::awaitable<Outcome> reset_page(http::Request& request) {
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    co_return html_page(200, "Choose a new password", password_form);
  }

 private:
  http::awaitable<Outcome> mail_token(http::Request& request, core::Command (*make)(core::OrgId, identity::NewToken),
                                      std::string_view message) {
    const auto started = steady_clock::now();
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
    const core::Result<JsonBody> body = JsonBody::parse(request, {"email"});
    if (body.has_error()) co_return body.error();
    const core::Result<EmailAddress> email = email_of(*body);
    if (email.has_error()) co_return email.error();
    if (auto refusal = limits_.by_mail(request, *email)) co_return std::move(*refusal);

    const core::Result<std::optional<identity::Org>> org = find_org_of(app_, *email);
    if (org.has_error()) co_return org.error();
    if (*org) {
      core::Result<identity::NewToken> token = co_await seal_token(app_, (*org)->id);
      if (token.has_error()) co_return token.error();
      core::Command ask = make((*org)->id, std::move(*token));
      const core::Result<processors::Answer> answer =
          co_await command(app_, core::aggregate_of((*org)->id), std::move(ask));
      if (answer.has_error()) co_return answer.error();
    }
    co_await answer_alike(started);
    co_return unstored(http::json(202, accepted_json(message)));
  }

  http::awaitable<core::Result<void>> change(NewPassword asked) {
    const Error unknown{ErrorCode::invalid_token,
                        "this token is unknown or was used already; ask for a new one with POST "
                        "/v1/auth/password/forgot",
                        "token"};
    const auto org = schemas::org_of_token(asked.token);
    if (!org || !asked.token.starts_with(schemas::one_time_token_prefix)) co_return unknown;
    const core::AggregateKey aggregate = core::aggregate_of(*org);
    const core::Digest digest = schemas::sha256(asked.token);
    // Before the hash, which is dear.
    const auto offered = app_.reader.find<identity::PasswordReset>(aggregate, {digest});
    if (offered.has_error()) co_return offered.error();
    const auto row = app_.reader.find<identity::Org>(aggregate, {*org});
    if (row.has_error()) co_return row.error();
    if (!*offered || !*row) co_return unknown;

    core::Result<schemas::Profile> profile = co_await read_profile(app_, **row);
    if (profile.has_error()) co_return profile.error();
    core::Secret password(std::move(asked.password));
    core::Result<std::string> hash = co_await hash_password(app_, std::move(password));
    if (hash.has_error()) co_return hash.error();
    profile->password_hash = std::move(*hash);
    core::Result<core::Sealed> sealed = co_await seal_profile(app_, *org, std::move(*profile));
    if (sealed.has_error()) co_return sealed.error();
    core::Command reset = identity::ResetPassword{*org, digest, std::move(*sealed)};
    const core::Result<processors::Answer> answer = co_await command(app_, aggregate, std::move(reset));
    if (answer.has_error()) co_return answer.error();
    co_return core::Result<void>{};
  }

  const App& app_;
  TryLimits limits_;
};

}  // namespace

void add_passwords(http::Router& router, const App& app) {
  const auto passwords = std::make_shared<Passwords>(app);
  using Member = http::awaitable<Outcome> (Passwords::*)(http::Request&);
  const auto add = [&](http::Method method, const char* path, Member handle, const http::RouteOptions& options) {
    router.add(
        method, path,
        [passwords, handle](http::Request& request) { return answered(request, ((*passwords).*handle)(request)); },
        options);
  };
  const auto with_body = [](const char* access) {
    return http::RouteOptions{.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = access};
  };
  add(http::Method::post, "/v1/auth/password/forgot", &Passwords::forgot, with_body(email_holder));
  add(http::Method::post, "/v1/auth/verify-email/resend", &Passwords::resend, with_body(email_holder));
  add(http::Method::post, "/v1/auth/password/reset", &Passwords::reset, with_body(mail_reader));
  add(http::Method::get, "/v1/auth/password/reset", &Passwords::reset_page, {.access = mail_reader});
}

}  // namespace api::resources
