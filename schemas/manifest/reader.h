// Reads a whole manifest: up to a million items or 2 GiB in one pass, every fault listed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/manifest.h"
#include "core/result.h"
#include "schemas/manifest/byte_source.h"

namespace schemas::manifest {

enum class Format { json, ndjson };

// Takes the valid items in their order, also those of a manifest that turns out to have faults elsewhere.
class ItemSink {
 public:
  virtual ~ItemSink() = default;
  // `canonical_line` (without newline) is what to store; both are valid during the call only. An Error ends the
  // reading.
  virtual core::Result<void> on_item(const core::ManifestItem& item, std::string_view canonical_line) = 0;
};

struct Summary {
  core::ManifestHeader header;
  std::optional<std::string> quote_id;
  bool only_quote_id =
      false;  // {"quote_id": …} and nothing else: a batch from a kept manifest; the one fault is items_required
  std::uint32_t item_count = 0;             // valid or not
  std::vector<core::ManifestFault> faults;  // by position, at most core::manifest_faults_max
  std::uint64_t fault_count = 0;            // 0: the manifest is good
  core::Digest digest;                      // of the content; says nothing when there are faults
};

// Memory: under 16 MB, 40 bytes an item and about eight times the largest item. Threading: one thread.
//
// The digest is the same for the same content: white space, the order of members of manifest and items, escapes in
// strings and the form (JSON or NDJSON) do not matter, nor do quote_id, webhook and the manifest's metadata. The order
// of items, and of members inside `input`, does.
//
// Errors, which end the reading where a fault does not: malformed_json (with the byte), json_too_deep,
// payload_too_large, invalid_manifest (not an object), whatever `source` and `sink` answer.
core::Result<Summary> read_manifest(ByteSource& source, Format format, ItemSink& sink);

}  // namespace schemas::manifest
