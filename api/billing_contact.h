// Whom payments of an org are about.
#pragma once

#include <optional>

#include "api/app.h"
#include "schemas/profile.h"

namespace api {

// What PUT /v1/billing/profile set, else the account's own; nothing before the account's address is verified. Blocks on
// rows and keys. Errors: storage_failed, log_corrupt.
core::Result<std::optional<schemas::BillingContact>> read_billing_contact(const App& app, const core::OrgId& org);

}  // namespace api
