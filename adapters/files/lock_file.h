// One process at a time in a directory.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace adapters::files {

// Held from acquire() to destruction, and let go by the system when the process dies.
class LockFile {
 public:
  // Errors: unavailable, naming the process that holds it; storage_failed.
  static core::Result<LockFile> acquire(const std::filesystem::path& path);

  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int descriptor);

  int descriptor_;
};

}  // namespace adapters::files
