// From a manifest's bytes to a plan: read and checked, each item routed and priced, cut into unit blobs.
//
// Threading: any thread; each call blocks for as long as the manifest is large. Memory: bounded, whatever its size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/manifest.h"
#include "core/quote/state.h"
#include "core/routing.h"
#include "processors/ports/blob_store.h"
#include "schemas/manifest/reader.h"

namespace processors {

// A manifest that was read. Its items are kept as canonical lines until this is destroyed.
struct ReceivedManifest {
  schemas::manifest::Summary summary;
  std::unique_ptr<Spool> items;
};

struct PlannedManifest {
  core::quote::Plan plan;
  std::vector<core::quote::RejectedLane> rejected;  // each once, rejected_lanes_max at most
  std::vector<core::ManifestFault> faults;          // of routing; when there are any, the plan is void
  std::uint64_t fault_count = 0;
};

// Items of an earlier batch, to be run again: canonical lines with their own numbers.
struct ReplannedItems {
  core::quote::Terms terms;
  std::string metadata;
  std::unique_ptr<Spool> items;
};

class Intake {
 public:
  struct Settings {
    std::uint32_t items_per_unit = 500;
    std::uint64_t unit_bytes_max = 64u << 20;
    core::Duration batch_expectation = std::chrono::hours(12);
    std::size_t faults_max = core::manifest_faults_max;  // listed
    core::OrgId owner = {};                              // of the blobs that plans become
  };

  // `blobs` and `catalog` must outlive this.
  Intake(BlobStore& blobs, const core::Catalog& catalog, std::vector<core::ConfiguredLane> lanes, Settings settings);

  // Errors: those of read_manifest: the document is none. Faults in it are in the summary.
  core::Result<ReceivedManifest> receive(const BlobReader& body, schemas::manifest::Format format) const;

  // `scores`: what is known of lanes, for the org whose items these are.
  core::Result<PlannedManifest> plan(const ReceivedManifest& manifest, core::Timestamp now,
                                     const core::learning::Scores& scores = {}) const;
  core::Result<PlannedManifest> plan(const ReplannedItems& items, core::Timestamp now,
                                     const core::learning::Scores& scores = {}) const;

  static constexpr std::size_t rejected_lanes_max = 50;

 private:
  class Planning;

  core::Result<void> add_items(Planning& planning, const Spool& items, bool dedupe) const;

  BlobStore& blobs_;
  const core::Catalog& catalog_;
  const std::vector<core::ConfiguredLane> lanes_;
  const Settings settings_;
};

// From the earliest moment that the work may begin to the moment it must be done.
core::Duration slack_of(const core::quote::Terms& terms, core::Timestamp now);

}  // namespace processors
