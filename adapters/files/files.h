// Files as this project needs them: failures are values, and what must survive a crash says so.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  int release() { return std::exchange(number_, -1); }  // for whoever closes it from now on

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

// Whole and durable under its name, or not there at all. A crash may leave a file of another name, which starts with
// temporary_prefix, in the same directory.
core::Result<void> write_durably(const std::filesystem::path& path, std::string_view bytes);  // replaces what was there
// Leaves what was there: of several processes that try, one makes the file, and all find its content.
core::Result<void> create_durably(const std::filesystem::path& path, std::string_view bytes);
constexpr std::string_view temporary_prefix = ".tmp-";

// Those that nobody has written to for so long.
core::Result<void> remove_temporary_files(const std::filesystem::path& directory,
                                          std::chrono::seconds untouched_for = std::chrono::seconds(0));

// Takes part in a directory that several processes may use at once, and removes what a crash left in `parts` of it.
// Whoever comes alone removes all temporary files; beside others, whose files they may be, only those a day old.
// Hold what is returned for as long as the directory is used. Waits while another process removes files.
core::Result<Descriptor> join_directory(const std::filesystem::path& directory,
                                        const std::vector<std::filesystem::path>& parts);

core::Result<std::string> read_whole(const std::filesystem::path& path);

}  // namespace adapters::files
