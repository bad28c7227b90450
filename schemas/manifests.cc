#include "schemas/manifests.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Position, next, epoch, instance, time, chain);
SCHEMAS_FIELDS(ChainPlace, epoch, instance, chain);
SCHEMAS_FIELDS(SnapshotManifest, partition, position, row_format, rows, bytes, blob, made, key_id, signature);
SCHEMAS_FIELDS(ArchiveManifest, partition, first, end, before, after, newest, bytes, blob, key_id, signature);

namespace {

template <class Manifest>
std::string text_to_sign(Manifest manifest) {
  manifest.signature.clear();
  return to_json_text(manifest);
}

// Reading is lenient, but a signature must cover every byte: so the text has to be ours.
template <class Manifest>
core::Result<Manifest> decode(std::string_view text) {
  Manifest manifest;
  std::string path;
  if (from_json_text(text, manifest, path) && to_json_text(manifest) == text) return manifest;
  return core::Error{core::ErrorCode::log_corrupt, "a manifest that cannot be read at '" + path + "'"};
}

}  // namespace

std::string signed_text(const SnapshotManifest& manifest) {
  return text_to_sign(manifest);
}
std::string signed_text(const ArchiveManifest& manifest) {
  return text_to_sign(manifest);
}

std::string encode_manifest(const SnapshotManifest& manifest) {
  return to_json_text(manifest);
}
std::string encode_manifest(const ArchiveManifest& manifest) {
  return to_json_text(manifest);
}

core::Result<SnapshotManifest> decode_snapshot_manifest(std::string_view text) {
  return decode<SnapshotManifest>(text);
}
core::Result<ArchiveManifest> decode_archive_manifest(std::string_view text) {
  return decode<ArchiveManifest>(text);
}

}  // namespace schemas
