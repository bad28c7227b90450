#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/files/files.h"
#include "processors/ports/blob_store.h"

namespace adapters::blobs {

class Shelves;

// Payloads in a local directory:
//
//   sha256/ab/<digest>   a blob of the service under its SHA-256; the same content is one file
//   orgs/<org>/<digest>  a blob of an org; for one that was erased "orgs/<org>" is a file, so that nothing on its way
//                        can be put there any more
//   segments/<name>      segments and small objects, by name
//   incoming/            blobs being written; what a crash left is removed by open() (files::join_directory)
//   spool/               request bodies; files without a name, so a crash leaves nothing
//   lock                 shared while the store is open, by as many processes as like
//
// Processes:  any number on one directory. A blob is the same whoever writes it; a segment's name belongs to one of
//             them at a time, which is for its callers to arrange.
// Threading:  every member from any thread; what it hands out, one thread at a time.
// Lifetime:   outlives what it hands out.
// Durability: a finished blob and a synced segment survive a crash of the machine, their names included. A write that
//             could not be made durable fails its writer or segment for good: what the disk holds is then in doubt,
//             and for a segment to be settled with truncate() after opening it again.
class LocalBlobs final : public processors::BlobStore {
 public:
  // Makes the directory when missing. Errors: storage_failed.
  static core::Result<std::unique_ptr<LocalBlobs>> open(const std::filesystem::path& directory);
  // For reading what others have written: nothing is made, removed or locked. Errors: storage_failed (not there).
  static core::Result<std::unique_ptr<LocalBlobs>> open_existing(const std::filesystem::path& directory);
  ~LocalBlobs() override;

  core::Result<std::unique_ptr<processors::BlobWriter>> create() override;
  core::Result<std::unique_ptr<processors::BlobReader>> open(const core::Digest& digest) const override;
  core::Result<std::unique_ptr<processors::Spool>> create_spool() override;

  // Blobs of orgs were kept with those of the service once: there they are found, but not erased.
  core::Result<std::unique_ptr<processors::BlobWriter>> create(const core::OrgId& owner) override;
  core::Result<std::unique_ptr<processors::BlobReader>> open(const core::OrgId& owner,
                                                             const core::Digest& digest) const override;
  core::Result<void> erase(const core::OrgId& owner) override;

  // Errors: invalid_request (no such name can be), storage_failed.
  core::Result<std::unique_ptr<processors::Segment>> open_segment(const std::string& name) override;
  // Reads what is there now; what is appended later needs a new reader. Errors: also blob_not_found.
  core::Result<std::unique_ptr<processors::BlobReader>> read_segment(const std::string& name) const override;

  core::Result<void> put(const std::string& name, std::string_view bytes) override;
  core::Result<std::vector<std::string>> list(const std::string& below) const override;
  core::Result<void> remove(const std::string& name) override;
  core::Result<void> remove_blob(const core::Digest& digest) override;

 private:
  core::Result<std::filesystem::path> make_place(const std::string& name);

  LocalBlobs(std::filesystem::path directory, files::Descriptor membership);

  const std::unique_ptr<Shelves> shelves_;
  const std::filesystem::path orgs_;
  const std::filesystem::path segments_;
  const std::filesystem::path incoming_;
  const std::filesystem::path spool_;
  files::Descriptor membership_;
};

}  // namespace adapters::blobs
