// Whether an answer has the shape that its item asked for. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/catalog.h"

namespace schemas::dialect {

struct OutputContract {
  std::string json_schema;  // empty: any JSON object
};

// What the item asked of its output; nullopt: nothing.
std::optional<OutputContract> output_contract(core::Operation operation, std::string_view input);

// nullopt when the text fits, else a stable word: "not_json", "schema_mismatch". Of a schema only what is understood
// is checked (output_schema.h), so that no good answer is refused.
std::optional<std::string> check_output(const OutputContract& contract, std::string_view text);

}  // namespace schemas::dialect
