// Payloads: manifests, work units, results. Events carry only digests and counts of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"

namespace processors {

// A stored object being read. Threading: one thread at a time.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::uint64_t size() const = 0;  // bytes
  // Up to `length` bytes from `offset`; fewer only at the end. Errors: storage_failed.
  virtual core::Result<std::string> read(std::uint64_t offset, std::size_t length) const = 0;
};

// A blob being written; nothing is visible before finish(). Destroyed unfinished: forgotten.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual core::Result<void> append(std::string_view bytes) = 0;
  // Makes the bytes durable under their SHA-256 and answers it.
  virtual core::Result<core::Digest> finish() = 0;
};

// Bytes on their way in, read again later and then forgotten. Not durable; destroyed: gone.
class Spool : public BlobReader {
 public:
  virtual core::Result<void> append(std::string_view bytes) = 0;
};

// A file that grows by whole lines and keeps what was synced. One writer at a time per name.
class Segment {
 public:
  virtual ~Segment() = default;
  virtual std::uint64_t size() const = 0;  // bytes, unsynced ones included
  virtual core::Result<void> append(std::string_view lines) = 0;
  virtual core::Result<void> sync() = 0;
  // Cuts the file back, durably: after a crash, to the last row that is whole everywhere.
  virtual core::Result<void> truncate(std::uint64_t size) = 0;
};

// Threading: every member from any thread.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Of the service itself: snapshots, archives.
  virtual core::Result<std::unique_ptr<BlobWriter>> create() = 0;
  // Errors: blob_not_found, storage_failed.
  virtual core::Result<std::unique_ptr<BlobReader>> open(const core::Digest& digest) const = 0;

  // What an org handed over: it belongs to the org alone, and goes with it. The same content of two orgs is two blobs,
  // so that neither has to ask for the other. Nothing can be written for an org that was erased.
  virtual core::Result<std::unique_ptr<BlobWriter>> create(const core::OrgId& owner) = 0;
  virtual core::Result<std::unique_ptr<BlobReader>> open(const core::OrgId& owner,
                                                         const core::Digest& digest) const = 0;
  // Removes all of them, durably and for good. Once more is fine. Errors: storage_failed.
  virtual core::Result<void> erase(const core::OrgId& owner) = 0;

  // For a request body that arrives in chunks.
  virtual core::Result<std::unique_ptr<Spool>> create_spool() = 0;

  // `name` is a path of [a-z0-9_.] words with slashes between them. Opens or creates.
  virtual core::Result<std::unique_ptr<Segment>> open_segment(const std::string& name) = 0;
  virtual core::Result<std::unique_ptr<BlobReader>> read_segment(const std::string& name) const = 0;

  // A small object under a name of the same form, read with read_segment(): whole or not there, and durable. Takes the
  // place of one that is there.
  virtual core::Result<void> put(const std::string& name, std::string_view bytes) = 0;
  // Names of segments and objects below a name ("archive/p00003" has "archive/p00003/1" below it), in order.
  virtual core::Result<std::vector<std::string>> list(const std::string& below) const = 0;
  // Durably; what is not there is no error. Who reads one keeps what it has open.
  virtual core::Result<void> remove(const std::string& name) = 0;
  virtual core::Result<void> remove_blob(const core::Digest& digest) = 0;
};

}  // namespace processors
