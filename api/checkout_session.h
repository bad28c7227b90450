// A checkout as customers see it.
#pragma once

#include <string>
#include <string_view>

#include "api/app.h"
#include "core/billing/state.h"

namespace api {

// Errors: checkout_not_found, also for one of another org; unavailable, storage_failed.
core::Result<core::billing::Checkout> find_checkout(const App& app, const core::OrgId& org, const core::CheckoutId& id);

// open, complete, expired, failed, cancelled. A page whose time is over counts as expired before we are told.
std::string_view status_of(const core::billing::Checkout& checkout, core::Timestamp now);

std::string checkout_json(const core::billing::Checkout& checkout, core::Timestamp now);

}  // namespace api
