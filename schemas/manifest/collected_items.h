// For the tests of this folder: reads a manifest and keeps what the sink got.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/manifest/reader.h"

namespace schemas::manifest {

class CollectedItems final : public ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem& item, std::string_view canonical_line) override {
    items.push_back(item);
    lines.emplace_back(canonical_line);
    return {};
  }
  std::vector<core::ManifestItem> items;
  std::vector<std::string> lines;
};

struct Reading {
  core::Result<Summary> summary;
  CollectedItems sink;
};

inline Reading read(std::string_view text, Format format = Format::json, std::size_t chunk_bytes = 65'536) {
  TextSource source(text, chunk_bytes);
  CollectedItems sink;
  core::Result<Summary> summary = read_manifest(source, format, sink);
  return {std::move(summary), std::move(sink)};
}

// "code pointer" of each fault.
inline std::vector<std::string> faults_of(const Reading& reading) {
  std::vector<std::string> faults;
  if (!reading.summary) return {reading.summary.error().detail};
  for (const core::ManifestFault& fault : reading.summary->faults) faults.push_back(fault.code + " " + fault.pointer);
  return faults;
}

}  // namespace schemas::manifest
