// Who am I?
#include "api/authentication.h"
#include "api/credentials.h"
#include "api/html_page.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/webhook_secret.h"

namespace api::resources {

namespace {

namespace identity = core::identity;

constexpr std::string_view capabilities[] = {"quotes:create",  "batches:create", "batches:read", "batches:cancel",
                                             "workflows:run",  "imports:create", "queue:manage", "api_keys:manage",
                                             "billing:manage", "billing:read"};

std::string_view to_string(identity::AccountKind kind) {
  switch (kind) {
    case identity::AccountKind::customer: return "customer";
    case identity::AccountKind::agent: return "agent";
  }
  return "";
}

std::string session_json(const App& app, const Principal& principal, const std::optional<identity::Session>& session,
                         const identity::Org& org, const schemas::Profile& profile) {
  JsonText json;
  json.text("object", "session")
      .text_or_null("id", session ? session->id.value() : "")
      .text_or_null("api_key_id", principal.api_key ? principal.api_key->value() : "")
      .text("actor_type", to_string(org.kind))
      .text("auth_method", api::to_string(principal.method));
  json.object("user")
      .text("id", principal.user.value())
      .text("email", profile.email)
      .text_or_null("name", profile.name)
      .end_object();
  json.object("org")
      .text("id", org.id.value())
      .text("name", profile.org_name)
      .boolean("verified", org.verified_at.has_value())
      .time("created_at", org.created_at)
      .end_object();
  json.array("capabilities");
  for (const std::string_view capability : capabilities) json.element(capability);
  json.end_array();
  json.time_or_null("expires_at", session ? std::optional(session->expires_at) : std::nullopt)
      .text("webhook_signing_secret", default_webhook_secret(app, org.id));
  return std::move(json).finish();
}

http::awaitable<Outcome> current(const App& app, http::Request& request) {
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) {
    if (principal.error().code == core::ErrorCode::authentication_required) co_return unstored(http::json(200, "null"));
    co_return principal.error();
  }
  const core::AggregateKey aggregate = core::aggregate_of(principal->org);
  const auto org = app.reader.find<identity::Org>(aggregate, {principal->org});
  if (org.has_error()) co_return org.error();
  if (!*org) co_return core::Error{core::ErrorCode::internal, "credentials of an org that does not exist"};
  // None for an API key.
  const auto session = app.reader.find<identity::Session>(aggregate, {principal->credential});
  if (session.has_error()) co_return session.error();
  const core::Result<schemas::Profile> profile = co_await read_profile(app, **org);
  if (profile.has_error()) co_return profile.error();
  co_return unstored(http::json(200, session_json(app, *principal, *session, **org, *profile)));
}

}  // namespace

void add_sessions(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/sessions/current",
             [&app](http::Request& request) { return answered(request, current(app, request)); }, {.access = visitor});
}

}  // namespace api::resources
