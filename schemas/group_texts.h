// The events of a journal record as the texts that they are, for who shows or searches them without reading all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace schemas {

// The JSON of each event, as it was written; points into `value`. Errors: malformed_event.
core::Result<std::vector<std::string_view>> split_group(std::string_view value);

// An attribute of a CloudEvent as GroupWriter writes them, before its data; empty where there is none.
std::string_view attribute_of(std::string_view event, std::string_view name);

// "batch.ended" of "batchrouter.batch.ended.v1"; other types are left whole.
std::string_view short_type(std::string_view type);

// For people: a line a member. What is no JSON is left as it is.
std::string pretty_json(std::string_view json);

}  // namespace schemas
