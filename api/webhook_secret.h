#pragma once

#include <string>

#include "api/app.h"
#include "core/ids.h"

namespace api {

// Signs the org's webhooks that were asked for without a secret: "whsec_" and base64 of 32 bytes, always the same for
// one org, not to be guessed without this deployment's keys.
std::string default_webhook_secret(const App& app, const core::OrgId& org);

}  // namespace api
