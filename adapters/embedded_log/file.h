// Files with their failures as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/result.h"

namespace adapters::embedded_log {

// An open file; closed when destroyed.
// Threading: const members from any thread, the others from one at a time. Interrupted and short calls are continued.
// Errors: storage_failed, naming the file and the system's reason.
class File {
 public:
  enum class Mode { read, write, create_new };  // create_new: for writing, and refused when the file is there

  static core::Result<File> open(const std::filesystem::path& path, Mode mode);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  core::Result<std::uint64_t> size() const;
  // Fewer bytes than asked for only at the end of the file.
  core::Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t bytes) const;
  core::Result<void> write_at(std::uint64_t position, std::string_view bytes);

  // Grows the file to at least `bytes`, zeros, with the disk space set aside.
  core::Result<void> allocate(std::uint64_t bytes);
  core::Result<void> truncate(std::uint64_t bytes);

  core::Result<void> sync_data();  // the bytes, when the size has not changed
  core::Result<void> sync();       // the bytes and the size

 private:
  File(std::filesystem::path path, int descriptor);
  core::Error failure(std::string_view what, int error_number) const;

  std::filesystem::path path_;
  int descriptor_;
};

// Creates the directory and those above it where missing, durably.
core::Result<void> ensure_directory(const std::filesystem::path& directory);

// Makes files created in, or removed from, the directory durable.
core::Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace adapters::embedded_log
