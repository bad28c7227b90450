#include "api/authentication.h"

#include <algorithm>

#include "api/http/cookies.h"
#include "api/http/cross_origin.h"
#include "core/identity/rules.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api {

namespace {

namespace identity = core::identity;
using core::Error;
using core::ErrorCode;

// The same text for every way a key can fail, so that nothing is learned from it.
Error invalid_api_key() {
  return {ErrorCode::invalid_api_key,
          "this API key is not valid: send it whole, as 'Authorization: Bearer ob_live_…', or create another"};
}

Error invalid_session() {
  return {ErrorCode::invalid_session, "this session is unknown or has ended; log in again"};
}

core::Result<Principal> by_api_key(const App& app, std::string_view key) {
  if (!schemas::api_key_well_formed(key)) return invalid_api_key();
  const core::OrgId org = *schemas::org_of_token(key);
  const core::AggregateKey aggregate = core::aggregate_of(org);
  const core::Digest digest = schemas::sha256(key);

  const auto secret = app.reader.find<identity::ApiKeySecret>(aggregate, {digest});
  if (secret.has_error()) return secret.error();
  if (!*secret || (*secret)->org != org) return invalid_api_key();
  const auto found = app.reader.find<identity::ApiKey>(aggregate, {org, (*secret)->id});
  if (found.has_error()) return found.error();
  if (!*found || !identity::active(**found, app.now())) return invalid_api_key();
  const auto owner = app.reader.find<identity::Org>(aggregate, {org});
  if (owner.has_error()) return owner.error();
  if (!*owner || (*owner)->erased_at) return invalid_api_key();
  return Principal{org, (*owner)->user, AuthMethod::api_key, digest, (*found)->id};
}

core::Result<Principal> by_session(const App& app, std::string_view token, AuthMethod method) {
  if (!token.starts_with(schemas::session_token_prefix)) return invalid_session();
  const auto org = schemas::org_of_token(token);
  if (!org) return invalid_session();
  const core::Digest digest = schemas::sha256(token);
  const auto session = app.reader.find<identity::Session>(core::aggregate_of(*org), {digest});
  if (session.has_error()) return session.error();
  if (!*session || (*session)->org != *org) return invalid_session();
  const auto owner = app.reader.find<identity::Org>(core::aggregate_of(*org), {*org});
  if (owner.has_error()) return owner.error();
  if (!*owner || !identity::active(**session, **owner, app.now())) return invalid_session();
  return Principal{*org, (*session)->user, method, digest, std::nullopt};
}

// The token of "Bearer <token>"; empty when the field says something else.
std::string_view bearer_token(std::string_view field) {
  constexpr std::string_view scheme = "Bearer ";
  if (!http::equal_ignoring_case(field.substr(0, scheme.size()), scheme)) return {};
  field.remove_prefix(scheme.size());
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  return field;
}

bool changes_something(http::Method method) {
  return method != http::Method::get && method != http::Method::head && method != http::Method::options;
}

// Scheme, host and port of a URL.
std::string_view origin_of(std::string_view url) {
  const std::size_t host = url.find("://");
  return host == std::string_view::npos ? url : url.substr(0, url.find('/', host + 3));
}

bool from_our_pages(const App& app, const http::Request& request) {
  const auto origin = request.headers.get("origin");
  if (!origin || http::equal_ignoring_case(*origin, origin_of(app.settings.public_url))) return true;
  const std::vector<std::string>& listed = app.settings.cors_origins;
  return *origin != http::any_origin && std::find(listed.begin(), listed.end(), *origin) != listed.end();
}

}  // namespace

std::string_view to_string(AuthMethod method) {
  switch (method) {
    case AuthMethod::api_key: return "api_key";
    case AuthMethod::session_token: return "session_token";
    case AuthMethod::session_cookie: return "session_cookie";
  }
  return "";
}

std::string session_cookie_name(const App& app) {
  const bool https = app.settings.public_url.starts_with("https://");
  return https ? "__Host-batchrouter_session" : "batchrouter_session";
}

std::optional<core::OrgId> org_named_by(const App& app, const http::Request& request) {
  if (const auto authorization = request.headers.get("authorization"))
    return schemas::org_of_token(bearer_token(*authorization));
  const auto token = http::cookie(request, session_cookie_name(app));
  return token ? schemas::org_of_token(*token) : std::nullopt;
}

core::Result<Principal> authenticate(const App& app, const http::Request& request) {
  if (const auto authorization = request.headers.get("authorization")) {
    const std::string_view token = bearer_token(*authorization);
    if (request.headers.count("authorization") > 1) return invalid_api_key();
    if (token.starts_with(schemas::session_token_prefix)) return by_session(app, token, AuthMethod::session_token);
    return by_api_key(app, token);
  }
  if (const auto token = http::cookie(request, session_cookie_name(app))) {
    if (changes_something(request.method) && !from_our_pages(app, request))
      return Error{ErrorCode::csrf_rejected,
                   "a page of another origin may not do this with your session; call the API with an API key"};
    return by_session(app, *token, AuthMethod::session_cookie);
  }
  return Error{
      ErrorCode::authentication_required,
      "send 'Authorization: Bearer <API key or session token>'; POST /v1/auth/agent-register makes an account"};
}

}  // namespace api
