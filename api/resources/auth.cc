// Accounts: register, verify the address, log in, log out. No answer tells whether an address has an account, neither
// by what it says nor by when it comes.
#include <memory>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/credentials.h"
#include "api/email_address.h"
#include "api/html_page.h"
#include "api/http/cookies.h"
#include "api/http/status.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/org_placement.h"
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

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t token_bytes_max = 200;
struct Applicant {
  identity::AccountKind kind = identity::AccountKind::customer;
  EmailAddress email;
  core::Secret password;
  schemas::Profile profile;  // without the hash
};

core::Result<std::string> password_of(const JsonBody& body) {
  return body.text("password", adapters::passwords::password_bytes_max);
}

core::Result<JsonBody> parse_registration(const http::Request& request, identity::AccountKind kind) {
  switch (kind) {
    case identity::AccountKind::agent: return JsonBody::parse(request, {"agent_name", "email", "password"});
    case identity::AccountKind::customer: return JsonBody::parse(request, {"email", "password", "name", "org_name"});
  }
  return Error{ErrorCode::internal, "an account of no kind"};
}

core::Result<std::string> name_of(const JsonBody& body, identity::AccountKind kind) {
  if (kind == identity::AccountKind::agent) return body.text("agent_name", name_bytes_max);
  const core::Result<std::optional<std::string>> name = body.optional_text("name", name_bytes_max);
  if (name.has_error()) return name.error();
  return name->value_or("");
}

core::Result<std::optional<std::string>> org_name_of(const JsonBody& body, identity::AccountKind kind) {
  if (kind == identity::AccountKind::agent) return std::optional<std::string>{};
  return body.optional_text("org_name", name_bytes_max);
}

core::Result<Applicant> parse_applicant(const http::Request& request, identity::AccountKind kind) {
  const core::Result<JsonBody> body = parse_registration(request, kind);
  if (body.has_error()) return body.error();
  core::Result<std::string> name = name_of(*body, kind);
  if (name.has_error()) return name.error();
  core::Result<std::optional<std::string>> org_name = org_name_of(*body, kind);
  if (org_name.has_error()) return org_name.error();
  core::Result<EmailAddress> email = email_of(*body);
  if (email.has_error()) return email.error();
  core::Result<std::string> password = password_of(*body);
  if (password.has_error()) return password.error();
  if (const auto checked = check_new_password(*password); checked.has_error()) return checked.error();

  Applicant applicant;
  applicant.kind = kind;
  applicant.profile.name = std::move(*name);
  applicant.profile.org_name =
      org_name->value_or(applicant.profile.name.empty() ? email->written : applicant.profile.name);
  applicant.profile.email = email->written;
  applicant.email = std::move(*email);
  applicant.password = core::Secret(std::move(*password));
  return applicant;
}

std::string registration_json(const EmailAddress& email) {
  JsonText json;
  json.text("status", "verification_required")
      .text("email", email.written)
      .text("message",
            "If this address has no verified account yet, a mail with a link is on its way to it. Open the link, or "
            "POST its token to /v1/auth/verify-email.");
  return std::move(json).finish();
}

struct OpenedSession {
  core::Secret token;
  core::OrgId org;
  std::string user;
  core::Timestamp expires_at;
};

std::string session_json(std::string_view status, const OpenedSession& session) {
  JsonText json;
  json.text("status", status)
      .text("session_token", session.token.reveal())
      .time("expires_at", session.expires_at)
      .text("org_id", session.org.value())
      .text("user_id", session.user);
  return std::move(json).finish();
}

Error wrong_credentials() {
  return {
      ErrorCode::invalid_credentials,
      "the e-mail address or the password is wrong, or the address is not verified yet: follow the link in the mail "
      "we sent, or register again to get another"};
}

class Auth {
 public:
  explicit Auth(const App& app) : app_(app), limits_(app) {}

  http::awaitable<Outcome> register_account(http::Request& request, identity::AccountKind kind) {
    const auto started = steady_clock::now();
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
    core::Result<Applicant> applicant = parse_applicant(request, kind);
    if (applicant.has_error()) co_return applicant.error();
    const EmailAddress email = applicant->email;
    if (auto refusal = limits_.by_mail(request, email)) co_return std::move(*refusal);

    core::Result<std::string> hash = co_await hash_password(app_, applicant->password);
    if (hash.has_error()) co_return hash.error();
    applicant->profile.password_hash = std::move(*hash);
    const core::Result<void> signed_up = co_await sign_up(std::move(*applicant));
    if (signed_up.has_error()) co_return signed_up.error();
    co_await answer_alike(started);
    co_return http::json(201, registration_json(email));
  }

  http::awaitable<Outcome> verify(http::Request& request) {
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
    const core::Result<JsonBody> body = JsonBody::parse(request, {"token"});
    if (body.has_error()) co_return body.error();
    core::Result<std::string> token = body->text("token", token_bytes_max);
    if (token.has_error()) co_return token.error();
    const core::Result<OpenedSession> session = co_await use_token(std::move(*token));
    if (session.has_error()) co_return session.error();
    co_return with_cookie(http::json(200, session_json("verified", *session)), *session);
  }

  // The link in the mail. HEAD uses nothing up: programs that look at links before people do send it.
  http::awaitable<Outcome> verify_link(http::Request& request) {
    if (request.method == http::Method::head) co_return html_page(200, "Verify your e-mail address", "");
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    const core::Result<OpenedSession> session = co_await use_token(request.query("token").value_or(""));
    if (session.has_error()) {
      const ErrorCode code = session.error().code;
      if (code != ErrorCode::invalid_token && code != ErrorCode::token_expired) co_return session.error();
      co_return html_page(
          http::http_status(code), "This link does not work",
          "It was used already, or is too old, or is not complete. If you have verified your address with "
          "it before, log in. Otherwise register again to get another.");
    }
    co_return with_cookie(
        html_page(200, "Your e-mail address is verified", "You are logged in now and may close this page."), *session);
  }

  http::awaitable<Outcome> login(http::Request& request) {
    const auto started = steady_clock::now();
    if (auto refusal = limits_.by_address(request)) co_return std::move(*refusal);
    if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
    const core::Result<JsonBody> body = JsonBody::parse(request, {"email", "password"});
    if (body.has_error()) co_return body.error();
    const core::Result<EmailAddress> email = email_of(*body);
    if (email.has_error()) co_return email.error();
    core::Result<std::string> password = password_of(*body);
    if (password.has_error()) co_return password.error();
    if (auto refusal = limits_.by_email(request, *email)) co_return std::move(*refusal);

    core::Result<std::optional<Account>> account = co_await find_account(*email);
    if (account.has_error()) co_return account.error();
    std::optional<std::string> hash;
    if (*account) hash = (*account)->password_hash;
    core::Secret shown(std::move(*password));
    const core::Result<bool> right = co_await verify_password(app_, std::move(hash), std::move(shown));
    if (right.has_error()) co_return right.error();
    if (!*right) {
      co_await answer_alike(started);
      co_return wrong_credentials();
    }
    const core::Result<OpenedSession> session = co_await open_session((*account)->org, (*account)->credentials_version);
    if (session.has_error()) co_return session.error();
    co_return with_cookie(http::json(200, session_json("logged_in", *session)), *session);
  }

  // Fine without a session: then there is nothing to end.
  http::awaitable<Outcome> logout(http::Request& request) {
    if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
    const core::Result<Principal> principal = authenticate(app_, request);
    if (principal.has_error()) {
      const int status = http::http_status(principal.error().code);
      if (status != 401) co_return principal.error();
    } else if (principal->method != AuthMethod::api_key) {
      core::Command close = identity::CloseSession{principal->org, principal->credential};
      const core::Result<processors::Answer> answer =
          co_await command(app_, core::aggregate_of(principal->org), std::move(close));
      if (answer.has_error()) co_return answer.error();
    }
    co_return with_cookie(http::no_content(), "", std::chrono::seconds(0));
  }

 private:
  struct Account {
    core::OrgId org;
    std::string password_hash;
    std::uint32_t credentials_version = 0;
  };

  http::awaitable<core::Result<void>> sign_up(Applicant applicant) {
    const core::Digest email = email_digest(app_.vault, applicant.email);
    const core::AggregateKey aggregate = core::aggregate_of_email(email);
    const auto claimed = app_.reader.find<identity::EmailClaim>(aggregate, {email});
    if (claimed.has_error()) co_return claimed.error();
    if (*claimed) {
      core::OrgId owner = (*claimed)->org;
      co_return co_await apply_again(std::move(owner), std::move(applicant.profile));
    }

    identity::ClaimEmail claim;
    claim.email = email;
    core::Result<core::OrgId> org = make_org_id_beside(aggregate, app_.reader, app_.now());
    if (org.has_error()) co_return org.error();
    claim.org = std::move(*org);
    claim.user = core::UserId("usr_" + adapters::random::make_ulid(app_.now()));
    claim.kind = applicant.kind;
    core::Result<Application> application = co_await seal_application(app_, claim.org, applicant.profile);
    if (application.has_error()) co_return application.error();
    claim.profile = std::move(application->profile);
    claim.verification = std::move(application->verification);
    core::Command command_to_claim = std::move(claim);
    const core::Result<processors::Answer> answer = co_await command(app_, aggregate, std::move(command_to_claim));
    if (answer.has_error()) co_return answer.error();
    if (!answer->replayed) co_return core::Result<void>{};
    core::OrgId owner(answer->subject);  // someone else was faster by a moment
    co_return co_await apply_again(std::move(owner), std::move(applicant.profile));
  }

  // Another mail, if the address is not verified yet.
  http::awaitable<core::Result<void>> apply_again(core::OrgId org, schemas::Profile profile) {
    const core::AggregateKey aggregate = core::aggregate_of(org);
    const auto found = app_.reader.find<identity::Org>(aggregate, {org});
    if (found.has_error()) co_return found.error();
    if (!*found || (*found)->verified_at) co_return core::Result<void>{};
    core::Result<Application> application = co_await seal_application(app_, org, std::move(profile));
    if (application.has_error()) co_return application.error();
    core::Command request =
        identity::RequestVerification{org, std::move(application->profile), std::move(application->verification)};
    const core::Result<processors::Answer> answer = co_await command(app_, aggregate, std::move(request));
    if (answer.has_error()) co_return answer.error();
    co_return core::Result<void>{};
  }

  // Nothing for an address that nobody has verified.
  http::awaitable<core::Result<std::optional<Account>>> find_account(EmailAddress email) {
    const core::Result<std::optional<identity::Org>> org = find_org_of(app_, email);
    if (org.has_error()) co_return org.error();
    if (!*org || !(*org)->verified_at) co_return std::optional<Account>{};
    core::Result<schemas::Profile> profile = co_await read_profile(app_, **org);
    if (profile.has_error()) co_return profile.error();
    co_return std::optional(Account{(*org)->id, std::move(profile->password_hash), (*org)->credentials_version});
  }

  http::awaitable<core::Result<OpenedSession>> use_token(std::string token) {
    const auto org = schemas::org_of_token(token);
    if (!org || !token.starts_with(schemas::one_time_token_prefix))
      co_return Error{ErrorCode::invalid_token, "'token' must be the whole token out of the mail", "token"};
    SessionOffer offer = offer_session(app_, *org);
    core::Command use = identity::VerifyEmail{*org, schemas::sha256(token), offer.session};
    co_return co_await open(*org, std::move(offer.token), std::move(use));
  }

  http::awaitable<core::Result<OpenedSession>> open_session(core::OrgId org, std::uint32_t credentials_version) {
    SessionOffer offer = offer_session(app_, org);
    core::Command command_to_open = identity::OpenSession{org, offer.session, credentials_version};
    co_return co_await open(std::move(org), std::move(offer.token), std::move(command_to_open));
  }

  http::awaitable<core::Result<OpenedSession>> open(core::OrgId org, core::Secret token, core::Command opening) {
    core::Result<processors::Answer> answer = co_await command(app_, core::aggregate_of(org), std::move(opening));
    if (answer.has_error()) co_return answer.error();
    OpenedSession session;
    session.token = std::move(token);
    session.org = std::move(org);
    session.user = std::move(answer->subject);
    session.expires_at = answer->time + app_.settings.policy.session_lifetime;
    co_return session;
  }

  http::Response with_cookie(http::Response response, const OpenedSession& session) const {
    return with_cookie(std::move(response), session.token.reveal(),
                       std::chrono::duration_cast<std::chrono::seconds>(app_.settings.policy.session_lifetime));
  }

  http::Response with_cookie(http::Response response, std::string value, std::chrono::seconds lifetime) const {
    http::SetCookie cookie;
    cookie.name = session_cookie_name(app_);
    cookie.value = std::move(value);
    cookie.max_age = lifetime;
    cookie.secure = app_.settings.public_url.starts_with("https://");
    response.headers.add("Set-Cookie", http::to_string(cookie));
    return unstored(std::move(response));
  }

  const App& app_;
  TryLimits limits_;
};

}  // namespace

void add_auth(http::Router& router, const App& app) {
  const auto auth = std::make_shared<Auth>(app);
  const auto with_body = [](const char* access) {
    return http::RouteOptions{.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = access};
  };

  const auto add_registration = [&](const char* path, identity::AccountKind kind) {
    router.add(
        http::Method::post, path,
        [auth, kind](http::Request& request) { return answered(request, auth->register_account(request, kind)); },
        with_body(email_holder));
  };
  add_registration("/v1/auth/agent-register", identity::AccountKind::agent);
  add_registration("/v1/auth/register", identity::AccountKind::customer);

  using Member = http::awaitable<Outcome> (Auth::*)(http::Request&);
  const auto add = [&](http::Method method, const char* path, Member handle, const http::RouteOptions& options) {
    router.add(
        method, path, [auth, handle](http::Request& request) { return answered(request, ((*auth).*handle)(request)); },
        options);
  };
  for (const char* path : {"/v1/auth/verify-email", "/v1/auth/verify-email/confirm"}) {
    add(http::Method::post, path, &Auth::verify, with_body(mail_reader));
    add(http::Method::get, path, &Auth::verify_link, {.access = mail_reader});
  }
  add(http::Method::post, "/v1/auth/login", &Auth::login, with_body(email_holder));
  add(http::Method::post, "/v1/auth/logout", &Auth::logout, {.access = visitor});
}

}  // namespace api::resources
