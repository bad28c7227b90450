// Imported requests as a manifest of ours: NDJSON, its first line the terms, then an item a line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/manifest.h"
#include "processors/ports/blob_store.h"
#include "schemas/imports/row.h"
#include "schemas/manifest/input.h"

namespace processors {

// Threading: one thread. Lifetime: all that is borrowed outlives this.
class ManifestWriter {
 public:
  ManifestWriter(BlobStore& blobs, core::OrgId owner, const core::Catalog& catalog)
      : blobs_(blobs), owner_(std::move(owner)), catalog_(catalog) {}

  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
  };
  struct Written {
    std::optional<Place> place;               // absent: left out
    std::vector<core::ManifestFault> faults;  // why; none when the catalog does not sell the model
  };
  // Takes the request when a quote would. `body` is where its body stood: "/body".
  core::Result<Written> add(const schemas::imports::Request& request, std::string_view body);

  std::uint32_t item_count() const { return item_count_; }
  // The blob; empty when there is no item.
  core::Result<core::Digest> finish();

 private:
  core::Result<void> append(std::string_view line);

  BlobStore& blobs_;
  const core::OrgId owner_;
  const core::Catalog& catalog_;
  schemas::manifest::InputReader inputs_;
  std::unique_ptr<BlobWriter> writer_;  // once there is an item
  std::string buffer_;
  std::uint64_t offset_ = 0;  // behind the last line
  std::uint32_t item_count_ = 0;
};

// The input of an item that was written. `line` is what stands at its place.
std::string_view input_of(std::string_view line);

}  // namespace processors
