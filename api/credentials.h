// Profiles and passwords, away from the threads that serve requests: files are read and written, hashes take long.
#pragma once

#include <optional>
#include <string>

#include "api/app.h"
#include "api/email_address.h"
#include "api/json_body.h"
#include "core/identity/commands.h"
#include "core/identity/state.h"
#include "schemas/profile.h"

namespace api {

// The member `email`. Errors: invalid_request.
core::Result<EmailAddress> email_of(const JsonBody& body);

// Where a session token is shown once and a digest is kept.
struct SessionOffer {
  core::Secret token;
  core::identity::NewSession session;
};
SessionOffer offer_session(const App& app, const core::OrgId& org);

// What an org needs to prove its address, readable for that org only.
struct Application {
  core::Sealed profile;
  core::identity::NewToken verification;
};
// Makes the org's key where it has none. Errors: storage_failed.
http::awaitable<core::Result<Application>> seal_application(const App& app, core::OrgId org, schemas::Profile profile);

// Whose address it is. Errors: unavailable.
core::Result<std::optional<core::identity::Org>> find_org_of(const App& app, const EmailAddress& email);

// A token for a mail to that org. Errors: storage_failed.
http::awaitable<core::Result<core::identity::NewToken>> seal_token(const App& app, core::OrgId org);
http::awaitable<core::Result<core::Sealed>> seal_profile(const App& app, core::OrgId org, schemas::Profile profile);

// Of a verified org. Errors: storage_failed, log_corrupt.
http::awaitable<core::Result<schemas::Profile>> read_profile(const App& app, core::identity::Org org);

// Errors: too_many_requests, overloaded, unavailable.
http::awaitable<core::Result<std::string>> hash_password(const App& app, core::Secret password);
// Without a hash: false, after as long as with one. Errors: the same.
http::awaitable<core::Result<bool>> verify_password(const App& app, std::optional<std::string> hash,
                                                    core::Secret password);

}  // namespace api
