// The mails we write: pure text.
#pragma once

#include <string>

#include "core/identity/commands.h"
#include "processors/ports/outbound.h"

namespace processors {

// Without id and receiver. `token` is for the kinds that have one: verification and password_reset.
MailMessage write_mail(core::identity::MailKind kind, const std::string& public_url, const std::string& token);

}  // namespace processors
