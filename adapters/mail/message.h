#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "processors/ports/outbound.h"

namespace adapters::mail {

// The message as RFC 5322 text: UTF-8 plain text, RFC 2047 where the subject is not ASCII, CRLF line ends.
// `from` is "Name <address>" or an address; the Message-ID is the mail's id at the host of it.
// Errors: invalid_request, when a header would hold a control character, the receiver is not one plain address, the
// subject has more than 200 bytes, or a line of text more than 998 (RFC 5322 §2.1.1).
core::Result<std::string> render(std::string_view from, const processors::MailMessage& message, core::Timestamp date);

}  // namespace adapters::mail
