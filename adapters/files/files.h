// Files as this project needs them: failures are values, and what must survive a crash says so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace adapters::files {

// Owns an open file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  int number() const { return number_; }

 private:
  int number_ = -1;
};

// storage_failed: what was tried, on which file, and what the system said (errno).
core::Error failure(std::string_view attempt, const std::filesystem::path& path);

// `flags` and `mode` as of open(2); O_CLOEXEC is added.
core::Result<Descriptor> open(const std::filesystem::path& path, int flags, mode_t mode = 0600);

// A new file in `directory`, readable and writable by its owner; `path` receives its name.
core::Result<Descriptor> open_temporary(const std::filesystem::path& directory, std::filesystem::path& path);

// At the file's position. On failure a part may have been written.
core::Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path);

// Exactly `length` bytes; a file that ends before them has failed.
core::Result<std::string> read_at(const Descriptor& file, std::uint64_t offset, std::size_t length,
                                  const std::filesystem::path& path);
core::Result<std::uint64_t> size_of(const Descriptor& file, const std::filesystem::path& path);

core::Result<void> sync(const Descriptor& file, const std::filesystem::path& path);  // data and metadata
core::Result<void> sync_directory(const std::filesystem::path& directory);

// Makes one directory, unless it is there, and its entry durable.
core::Result<void> make_directory(const std::filesystem::path& directory, mode_t mode = 0700);
// Makes every missing one of the path.
core::Result<void> make_directories(const std::filesystem::path& directory, mode_t mode = 0700);

// Whole and durable under its name, or not there at all; replaces what was there. A crash may leave a file of another
// name, which starts with temporary_prefix, in the same directory.
core::Result<void> write_durably(const std::filesystem::path& path, std::string_view bytes);
constexpr std::string_view temporary_prefix = ".tmp-";

core::Result<void> remove_temporary_files(const std::filesystem::path& directory);

core::Result<std::string> read_whole(const std::filesystem::path& path);

}  // namespace adapters::files
