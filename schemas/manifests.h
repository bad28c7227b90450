// What is said, and signed, of a snapshot of state and of a chunk of the archive. One JSON object each; the signature
// covers it as it is written without the signature.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "schemas/position_codec.h"

namespace schemas {

// The state of a partition as it was before the record `position.next`.
struct SnapshotManifest {
  std::uint32_t partition = 0;
  Position position;
  int row_format = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  core::Digest blob;  // the rows, see processors/state_digest.h: also the digest of the state
  core::Timestamp made;
  std::string key_id;
  std::string signature;  // base64
};

// Where the chain of a partition stands between two records.
struct ChainPlace {
  core::Epoch epoch;
  std::string instance;
  std::string chain;  // hexadecimal; 64 zeros before the first record

  bool operator==(const ChainPlace&) const = default;
};

// The records of a partition with first <= offset < end, as frames (processors/record_frame.h).
struct ArchiveManifest {
  std::uint32_t partition = 0;
  core::Offset first;
  core::Offset end;
  ChainPlace before;       // the first record
  ChainPlace after;        // the last one
  core::Timestamp newest;  // log time of the last record that counts
  std::uint64_t bytes = 0;
  core::Digest blob;
  std::string key_id;
  std::string signature;  // base64
};

// What is to be signed.
std::string signed_text(const SnapshotManifest& manifest);
std::string signed_text(const ArchiveManifest& manifest);

std::string encode_manifest(const SnapshotManifest& manifest);
std::string encode_manifest(const ArchiveManifest& manifest);

// Strict: what is read is exactly what encode_manifest writes. Errors: log_corrupt.
core::Result<SnapshotManifest> decode_snapshot_manifest(std::string_view text);
core::Result<ArchiveManifest> decode_archive_manifest(std::string_view text);

}  // namespace schemas
