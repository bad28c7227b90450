// The model catalog as a file: schemas/catalog/catalog.json, described by catalog.schema.json beside it.
#pragma once

#include <string>
#include <string_view>

#include "core/catalog.h"
#include "core/result.h"

namespace schemas {

// Strict: a key that is not in the schema, a missing one, a repeated one, a price finer than a pico-USD per token, or
// the same thing listed twice is refused. Errors: malformed_json, unknown_field, configuration_invalid; `param` is a
// JSON pointer to the place.
core::Result<core::Catalog> parse_catalog(std::string_view json);

// What parse_catalog reads back as the same. One line an offering, so that two versions can be laid side by side.
std::string catalog_to_json(const core::Catalog& catalog);

// A price as the file has it: USD per million tokens, "0.75".
std::string usd_per_million(core::TokenPrice price);

// The one that was built in.
core::Catalog built_in_catalog();

}  // namespace schemas
