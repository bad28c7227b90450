// Fuzzes the manifest reader: whatever the bytes, it answers a summary or an Error, and what it accepts reads back
// the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schemas/manifest/canonical_line.h"
#include "schemas/manifest/reader.h"

namespace {

class ReadBack final : public schemas::manifest::ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem& item, std::string_view line) override {
    const core::Result<core::ManifestItem> stored = schemas::manifest::parse_canonical_line(line);
    std::string again;
    if (!stored || stored->input != item.input) std::abort();
    schemas::manifest::write_canonical_line(*stored, again);
    if (again != line) std::abort();
    return {};
  }
};

}  // namespace

// The first byte chooses the form and the size of the chunks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using namespace schemas::manifest;
  const Format format = (data[0] & 1) == 0 ? Format::json : Format::ndjson;
  TextSource source({reinterpret_cast<const char*>(data + 1), size - 1}, std::size_t{1} + data[0] / 2);
  ReadBack sink;
  const core::Result<Summary> summary = read_manifest(source, format, sink);
  if (summary && summary->fault_count < summary->faults.size()) std::abort();
  return 0;
}
