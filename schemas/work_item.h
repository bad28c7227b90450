// One line of a unit blob: "<number> <ceiling in nano-USD> <output tokens bought> <canonical line of the item>", or,
// for an item that equals an earlier one and takes its answer over: "=<number of that> <number> <canonical line>". The
// equals of an item follow it at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/manifest.h"
#include "core/money.h"
#include "core/result.h"

namespace schemas {

struct WorkItem {
  core::ManifestItem item;               // its number set
  core::Money ceiling;                   // what it may cost at most
  std::int64_t output_tokens_max = 0;    // bought for it
  std::optional<std::uint32_t> same_as;  // the item whose answer it takes over: it is not asked and costs nothing
};

// Appends the line with its newline.
void append_work_item(std::string& lines, std::uint32_t number, core::Money ceiling, std::int64_t output_tokens_max,
                      std::string_view canonical_line);
void append_equal_item(std::string& lines, std::uint32_t same_as, std::uint32_t number,
                       std::string_view canonical_line);

// Without its newline. Errors: blob_corrupt.
core::Result<WorkItem> parse_work_item(std::string_view line);

}  // namespace schemas
