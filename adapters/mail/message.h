#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "processors/ports/outbound.h"

namespace adapters::mail {

// The message as RFC 5322 text: UTF-8 plain text, and HTML as its alternative where there is some (RFC 2046 §5.1.4);
// RFC 2047 where the subject is not ASCII, base64 where a text is not; CRLF line ends. So any mail server can pass it
// on. `from` is "Name <address>" or an address; the Message-ID is the mail's id at the host of it. Errors:
// invalid_request, when a header would hold a control character, the receiver is not one plain address, the subject has
// more than 200 bytes, or a line of text more than 998 (RFC 5322 §2.1.1).
core::Result<std::string> render(std::string_view from, const processors::MailMessage& message, core::Timestamp date);

// The address in `from`: what is between its angle brackets, where it has any.
std::string_view address_of(std::string_view from);

}  // namespace adapters::mail
