// Cursors: places in a list, as opaque texts that only we can make and that are good for one list of one org.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "processors/ports/vault.h"

namespace api {

// The list that a cursor belongs to.
struct CursorScope {
  std::string_view list;  // "results", "ledger_entries"
  core::OrgId org;
  std::string subject = {};  // what the list is of, such as a batch's id; no line breaks
};

// base64url of the first 16 bytes of an HMAC over scope and place, then the place.
std::string seal_cursor(const processors::Vault& vault, const CursorScope& scope, std::string_view place);

// The place. Errors: invalid_cursor, the same for every cursor that seal_cursor did not make for this scope.
core::Result<std::string> open_cursor(const processors::Vault& vault, const CursorScope& scope, std::string_view text);

core::Error invalid_cursor();

}  // namespace api
