#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "processors/ports/vault.h"

namespace api {

struct EmailAddress {
  std::string written;     // as given, without space around it: where mail goes
  std::string normalized;  // lower case throughout: by which two are the same
};

// The dot-atom form of RFC 5322 with a domain of at least two labels, ASCII, at most 254 bytes. Nothing that could end
// a mail's header line gets through. Errors: invalid_request.
core::Result<EmailAddress> parse_email_address(std::string_view text);

// What stands for the address in the journal.
core::Digest email_digest(const processors::Vault& vault, const EmailAddress& address);

}  // namespace api
