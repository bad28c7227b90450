// Reads the files of a provider's batch, joins answers with their requests, sums up what happened, and writes the
// requests down as a manifest of ours.
//
// Whatever can be counted is; what is wrong with a line is a fault with its place, and the next line is read.
// Threading: any thread; each call blocks for as long as the files are large. Memory: about 100 bytes a row and a few
// times the largest line, whatever the files' size.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/imports/state.h"
#include "core/learning/scores.h"
#include "core/routing.h"
#include "processors/imports/import_faults.h"
#include "processors/ports/blob_store.h"
#include "schemas/imports/row.h"

namespace processors {

// Borrowed; null where it was not brought.
struct ImportFiles {
  const BlobReader* input = nullptr;   // requests
  const BlobReader* output = nullptr;  // answers
  const BlobReader* error = nullptr;   // OpenAI keeps what failed in a file of its own
};

struct ImportTerms {
  core::OrgId owner;  // of the manifest that it becomes
  schemas::imports::Provider provider = schemas::imports::Provider::openai;
  core::Timestamp occurred_at;  // of rows that tell no time
  core::Timestamp now;
  core::Duration batch_expectation{};
};

struct ReadImport {
  std::vector<core::imports::DayTotals> days;
  core::Digest manifest;             // blob: NDJSON, ready to be quoted; empty: there is no item
  std::uint32_t manifest_items = 0;  // requests left out of it are faults, or of models that the catalog does not know
  ImportFaults faults;
  std::map<std::string, std::uint64_t> codes;  // of what did not succeed: the provider's words; error_codes_max at most
};

class ImportReader {
 public:
  static constexpr std::uint64_t rows_max = 1'000'000;
  static constexpr std::size_t error_codes_max = 50;

  // All must outlive this.
  ImportReader(BlobStore& blobs, const core::Catalog& catalog, const std::vector<core::ConfiguredLane>& lanes)
      : blobs_(blobs), catalog_(catalog), lanes_(lanes) {}

  // Errors: import_too_large (more rows), malformed_json and the like (a document that breaks off),
  // amount_out_of_range, storage_failed.
  core::Result<ReadImport> read(const ImportFiles& files, const ImportTerms& terms,
                                const core::learning::Scores& scores = {}) const;

 private:
  BlobStore& blobs_;
  const core::Catalog& catalog_;
  const std::vector<core::ConfiguredLane>& lanes_;
};

}  // namespace processors
