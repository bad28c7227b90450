#include "processors/file_links.h"

#include <charconv>

#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace processors {

namespace {

constexpr std::string_view file_prefix = "file_";
constexpr std::string_view org_prefix = "org_";
constexpr std::string_view batch_prefix = "bat_";
constexpr std::string_view route_receipt = "route";

std::int64_t seconds_of(core::Timestamp time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string_view kind_of(const FileReference& file) {
  return file.artifact ? to_string(*file.artifact) : route_receipt;
}

std::string FileLinks::file_id(const FileReference& file) {
  return std::string(file_prefix) + file.org.value().substr(org_prefix.size()) + "_" +
         file.batch.value().substr(batch_prefix.size()) + "_" + std::string(kind_of(file));
}

std::optional<FileReference> FileLinks::parse_file_id(std::string_view text) {
  if (!text.starts_with(file_prefix)) return std::nullopt;
  text.remove_prefix(file_prefix.size());
  if (text.size() < 2 * schemas::ulid_digits + 2) return std::nullopt;
  const std::string_view org = text.substr(0, schemas::ulid_digits);
  const std::string_view batch = text.substr(schemas::ulid_digits + 1, schemas::ulid_digits);
  const std::string_view kind = text.substr(2 * schemas::ulid_digits + 2);
  const std::optional<Artifact> artifact = artifact_from_string(kind);
  if (text[schemas::ulid_digits] != '_' || text[2 * schemas::ulid_digits + 1] != '_' ||
      (!artifact && kind != route_receipt) || !schemas::ulid_well_formed(org) || !schemas::ulid_well_formed(batch))
    return std::nullopt;
  return FileReference{core::OrgId(std::string(org_prefix).append(org)),
                       core::BatchId(std::string(batch_prefix).append(batch)), artifact};
}

std::string FileLinks::signature(std::string_view file_id, std::string_view expires) const {
  return vault_->mac("file_link", std::string(file_id).append("\n").append(expires)).value();
}

std::string FileLinks::link(const FileReference& file, core::Timestamp expires_at) const {
  const std::string id = file_id(file);
  const std::string expires = std::to_string(seconds_of(expires_at));
  return public_url_ + "/v1/files/" + id + "?expires=" + expires + "&signature=" + signature(id, expires);
}

core::Result<void> FileLinks::check(std::string_view file_id, std::string_view expires, std::string_view given,
                                    core::Timestamp now) const {
  if (!schemas::equal_constant_time(signature(file_id, expires), given))
    return core::Error{
        core::ErrorCode::signature_invalid,
        "this link is not one of ours or was changed; ask for a new one with GET /v1/batches/{id}/artifact-url",
        "signature"};
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  if (seconds_of(now) >= until)
    return core::Error{core::ErrorCode::signature_expired,
                       "this link has expired; ask for a new one with GET /v1/batches/{id}/artifact-url", "expires"};
  return {};
}

}  // namespace processors
