// Requests to a provider: an item's `input` as a body of the dialect that the provider speaks. Pure functions.
//
// Within one dialect the body stays as it is: order of members and every digit. Between the three chat dialects it is
// translated: texts, system prompts, images by URL or base64, the assistant's turns, function tools with their calls
// and results, JSON output, sampling. What the other side cannot say faithfully is refused, never left out; members
// that do not change the answer (harmless_members in shared.cc) are left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/catalog.h"
#include "core/result.h"

namespace schemas::dialect {

// The name of the output limit in Chat Completions: compatible servers know the old one only. To them the role
// `developer` is translated to `system` as well.
enum class OutputLimitField { max_completion_tokens, max_tokens };

struct Target {
  core::Operation dialect = core::Operation::responses;
  std::string model;                   // the provider's own name
  std::int64_t output_tokens_max = 0;  // bought, at least 1; not looked at for embeddings
  OutputLimitField chat_limit = OutputLimitField::max_completion_tokens;
};

// `input` is the request body of `operation` without `model`, as intake stores it. The body asks for as many output
// tokens as `input` does, and for no more than were bought.
// Errors: malformed_json, json_too_deep; invalid_request, its detail a short stable reason for people, such as "n above
// 1", "tools of type web_search", "stop sequences". Nothing of the customer's texts is in it.
core::Result<std::string> write_request(core::Operation operation, std::string_view input, const Target& target);

// Whether write_request would answer a body, with the same errors.
core::Result<void> can_write(core::Operation operation, std::string_view input, core::Operation target_dialect);

}  // namespace schemas::dialect
