// A disk as those see it who must be tested on one that loses power and breaks (testing/simulated_disk.h). That of the
// system is posix_disk.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace adapters::files {

// An open file; closed when destroyed.
// Threading: const members from any thread, the others from one at a time.
// Errors: storage_failed, naming the file and the reason. What a failed write or sync leaves is unknown.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  virtual core::Result<std::uint64_t> size() const = 0;
  // Fewer bytes than asked for only at the end of the file.
  virtual core::Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t bytes) const = 0;
  virtual core::Result<void> write_at(std::uint64_t position, std::string_view bytes) = 0;

  // Grows the file to at least `bytes`, zeros, with the disk space set aside.
  virtual core::Result<void> allocate(std::uint64_t bytes) = 0;
  virtual core::Result<void> truncate(std::uint64_t bytes) = 0;

  virtual core::Result<void> sync_data() = 0;  // the bytes, when the size has not changed
  virtual core::Result<void> sync() = 0;       // the bytes and the size
};

// Held until destroyed, and let go when the process dies.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

// Threading: any thread. Lifetime: outlives its files and locks. Errors: storage_failed, naming the path and the
// reason.
class Disk {
 public:
  enum class Mode { read, write, create_new };  // create_new: for writing, and refused when the file is there

  virtual ~Disk() = default;

  virtual core::Result<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path, Mode mode) = 0;

  // A new or removed name, or one that a rename moved within a directory, is durable after the directory's next sync.
  virtual core::Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual core::Result<void> remove(const std::filesystem::path& path) = 0;  // fine when it is not there
  virtual core::Result<void> sync_directory(const std::filesystem::path& directory) = 0;
  // Where missing, with those above it; durable whoever made it.
  virtual core::Result<void> make_directories(const std::filesystem::path& directory) = 0;

  virtual bool exists(const std::filesystem::path& path) const = 0;
  virtual core::Result<std::vector<std::string>> list(const std::filesystem::path& directory) const = 0;  // names

  // One holder at a time, this process or another. Errors: also unavailable, naming the holder.
  virtual core::Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) = 0;
};

// The file's bytes, whole and durable under its name, or what was there before.
core::Result<void> write_durably(Disk& disk, const std::filesystem::path& path, std::string_view bytes);

core::Result<std::string> read_whole(Disk& disk, const std::filesystem::path& path);

}  // namespace adapters::files
