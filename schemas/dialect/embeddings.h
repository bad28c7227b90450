// The vectors of an embeddings answer.
#pragma once

#include <optional>
#include <string>

#include "schemas/dialect/json.h"

namespace schemas::dialect {

// From the list `data`: the one embedding as a JSON array of numbers, or all of them, in the order of their `index`, as
// an array of those. Numbers stay as sent; base64 is read as 32-bit floats, little-endian. nullopt when one is missing,
// empty, comes twice or holds anything but finite numbers.
std::optional<std::string> embeddings_text(Json data);

}  // namespace schemas::dialect
