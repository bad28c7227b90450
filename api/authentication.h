// Who is asking.
#pragma once

#include <optional>
#include <string>

#include "api/app.h"
#include "api/http/request.h"
#include "core/ids.h"

namespace api {

enum class AuthMethod { api_key, session_token, session_cookie };
std::string_view to_string(AuthMethod method);

struct Principal {
  core::OrgId org;
  core::UserId user;
  AuthMethod method = AuthMethod::api_key;
  core::Digest credential;                // SHA-256 of what was shown
  std::optional<core::ApiKeyId> api_key;  // with AuthMethod::api_key
};

// By Authorization: Bearer (an API key or a session token), else by the session cookie. A cookie that comes with a
// method that changes something must come from our own pages: Origin, where sent, has to be ours or one that the
// operator lists by name, whose pages could read everything the session shows anyway.
// Errors: authentication_required, invalid_api_key, invalid_session, csrf_rejected, unavailable.
core::Result<Principal> authenticate(const App& app, const http::Request& request);

// The org that the credential of a request names. It says nothing of whether the credential is valid.
std::optional<core::OrgId> org_named_by(const App& app, const http::Request& request);

// The cookie's name: "__Host-batchrouter_session" where the public URL is https, else "batchrouter_session".
std::string session_cookie_name(const App& app);

}  // namespace api
