// Which JSON Schemas a provider can hold its model to, by the rules that it publishes. In doubt: none.
#pragma once

#include "schemas/dialect/json.h"

namespace schemas::dialect {

// OpenAI's strict mode: an object; every object closed and all of its properties required.
bool fits_openai_strict(Json schema);

// Anthropic's structured outputs: every object closed; no recursion, no bounds on numbers, texts and lists.
bool fits_anthropic_strict(Json schema);

}  // namespace schemas::dialect
