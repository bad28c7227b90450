// Cuts a manifest of any size into its header members and items, in one pass and in bounded memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.h"
#include "schemas/manifest/byte_source.h"

namespace schemas::manifest {

constexpr int json_depth_max = 64;                  // of the whole document: the manifest is 1, an item is 3
constexpr std::uint32_t item_values_max = 500'000;  // JSON values in one item: what a parsed item may cost in memory

// Takes the parts in the order in which they come; each is compact JSON, its numbers as they were written, its strings
// with the fewest escapes, and valid during the call only. An Error ends the reading and is what the split answers.
class SplitSink {
 public:
  virtual ~SplitSink() = default;
  virtual core::Result<void> on_header_member(std::string_view name, std::string_view json) = 0;
  // `items` begins. Comes again when the document has it twice.
  virtual core::Result<void> on_items() = 0;
  // Any JSON value, not only an object.
  virtual core::Result<void> on_item(std::string_view json) = 0;
  // NDJSON only: a line that is no JSON; the next lines are still read.
  virtual core::Result<void> on_broken_item(const core::Error& error) = 0;
};

// One JSON object: {…, "items": […], …}, or with another name for its list.
// Errors: malformed_json (with the byte offset), json_too_deep, payload_too_large, invalid_manifest (not an object),
// the source's and the sink's own.
core::Result<void> split_document(ByteSource& source, SplitSink& sink, std::string_view list = "items");

// NDJSON: the object without `items` on the first line, then an item a line. Blank lines are skipped. Errors: the same,
// with line numbers.
core::Result<void> split_lines(ByteSource& source, SplitSink& sink);

}  // namespace schemas::manifest
