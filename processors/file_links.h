// Signed links to files: whoever has one may read that one file until it expires.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "processors/artifacts.h"
#include "processors/ports/vault.h"

namespace processors {

struct FileReference {
  core::OrgId org;
  core::BatchId batch;
  std::optional<Artifact> artifact = Artifact::output;  // none: the route receipt, which is made when it is read
};
// Its last word: an artifact's name, or "route".
std::string_view kind_of(const FileReference& file);

class FileLinks {
 public:
  // `public_url` has no slash at its end. `vault` must outlive this.
  FileLinks(const Vault& vault, std::string public_url) : vault_(&vault), public_url_(std::move(public_url)) {}

  // file_<ulid of the org>_<ulid of the batch>_<kind>
  static std::string file_id(const FileReference& file);
  static std::optional<FileReference> parse_file_id(std::string_view text);

  // {public_url}/v1/files/{id}?expires={seconds}&signature={hex}; the same for the same arguments.
  std::string link(const FileReference& file, core::Timestamp expires_at) const;
  // Errors: signature_invalid, signature_expired.
  core::Result<void> check(std::string_view file_id, std::string_view expires, std::string_view signature,
                           core::Timestamp now) const;

 private:
  std::string signature(std::string_view file_id, std::string_view expires) const;

  const Vault* vault_;
  std::string public_url_;
};

}  // namespace processors
