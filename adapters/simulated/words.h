// Plausible text that says nothing.
#pragma once

#include <string>
#include <string_view>

#include "adapters/simulated/random.h"

namespace adapters::simulated {

// One lower-case word.
std::string_view word(Random& random);
// "Steady teams review open tickets."
std::string sentence(Random& random);

// A JSON object; one that fits `schema` (JSON Schema as text) as far as types, properties, enums, constants, bounds and
// alternatives go. Empty schema: any object.
std::string json_answer(const std::string& schema, Random& random);

}  // namespace adapters::simulated
