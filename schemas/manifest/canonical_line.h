// The one form in which an item is hashed, stored and read back: a line of JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/manifest.h"
#include "core/result.h"

namespace schemas::manifest {

// Replaces `line` with
//   {"id":…,"op":…,"models":[…],"input":{…},"metadata":{…},"max_cost":"…","in":…,"out":…}
// without a newline; metadata, max_cost and out only where there are some. `input` and `metadata` are as the customer
// sent them, compact. Answers how many bytes come before "in": they hold what the customer sent and nothing that we
// estimated.
std::size_t write_canonical_line(const core::ManifestItem& item, std::string& line);

// Reads a whole line of the above, without its newline; `number` stays 0. Does not check again what was checked on
// arrival. Errors: blob_corrupt.
core::Result<core::ManifestItem> parse_canonical_line(std::string_view line);

}  // namespace schemas::manifest
