// What a webhook says at the end of a batch: the flat members of the product's documents and the envelope of Standard
// Webhooks, in one object.
#pragma once

#include <optional>
#include <string>

#include "core/batch/state.h"
#include "core/time.h"

namespace schemas {

struct WebhookLinks {
  std::optional<std::string> output;  // absent: no such rows
  std::optional<std::string> error;
};

// The same for the same arguments: retries send the same bytes.
std::string render_webhook_body(const std::string& type, core::Timestamp time, const core::batch::Batch& batch,
                                const WebhookLinks& links);

}  // namespace schemas
