// The system's own disk.
#pragma once

#include "adapters/files/disk.h"

namespace adapters::files {

// Interrupted and short calls are continued. A directory is locked by flock, on a file that names the process.
class PosixDisk final : public Disk {
 public:
  core::Result<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path, Mode mode) override;
  core::Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  core::Result<void> remove(const std::filesystem::path& path) override;
  core::Result<void> sync_directory(const std::filesystem::path& directory) override;
  core::Result<void> make_directories(const std::filesystem::path& directory) override;
  bool exists(const std::filesystem::path& path) const override;
  core::Result<std::vector<std::string>> list(const std::filesystem::path& directory) const override;
  core::Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) override;
};

// It has no state, so that one is enough for all.
Disk& posix_disk();

}  // namespace adapters::files
