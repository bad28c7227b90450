#include "api/webhook_secret.h"

#include "core/invariant.h"
#include "schemas/digest.h"

namespace api {

std::string default_webhook_secret(const App& app, const core::OrgId& org) {
  const auto bytes = schemas::from_hex(app.vault.mac("webhook_secret", org.value()).value());
  INVARIANT(bytes.has_value());
  return "whsec_" + schemas::to_base64(*bytes);
}

}  // namespace api
