// An org's money in lists that are read page by page, newest first.
#pragma once

#include <cstdint>
#include <string>

#include "api/app.h"
#include "api/http/request.h"
#include "api/json_text.h"

namespace api {

enum class BillingList { entries, reservations, top_ups };

struct BillingPage {
  core::OrgId org;
  std::uint32_t limit = 20;
  std::string after = {};  // the place that a cursor holds; empty: from the newest
};

// Out of `limit` and `cursor`, the only query parameters there may be. Errors: invalid_request, invalid_cursor.
core::Result<BillingPage> parse_billing_page(const App& app, const http::Request& request, const core::OrgId& org,
                                             BillingList list);

// Writes the members "data" and "next_cursor", which is null where nothing follows. A page of top-ups may have fewer
// than `limit` although more follow. Blocks on rows. Errors: storage_failed, log_corrupt, unavailable.
core::Result<void> add_billing_page(JsonText& json, const App& app, BillingList list, const BillingPage& page);

// The same without cursor: the newest top-ups as an array of that name.
core::Result<void> add_newest_top_ups(JsonText& json, const App& app, const core::OrgId& org);

}  // namespace api
