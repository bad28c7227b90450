#include "adapters/files/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace adapters::files {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

core::Error failure(std::string_view attempt, const std::filesystem::path& path) {
  const std::string reason = std::generic_category().message(errno);
  return {core::ErrorCode::storage_failed,
          std::string(attempt) + " " + path.string() + ": " + reason + "; check the disk and the rights on it"};
}

core::Result<Descriptor> open(const std::filesystem::path& path, int flags, mode_t mode) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (number < 0) return failure("cannot open", path);
  return Descriptor(number);
}

core::Result<Descriptor> open_temporary(const std::filesystem::path& directory, std::filesystem::path& path) {
  std::string name = (directory / (std::string(temporary_prefix) + "XXXXXX")).string();
  const int number = ::mkostemp(name.data(), O_CLOEXEC);
  if (number < 0) return failure("cannot make a temporary file in", directory);
  path = name;
  return Descriptor(number);
}

core::Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

core::Result<std::string> read_at(const Descriptor& file, std::uint64_t offset, std::size_t length,
                                  const std::filesystem::path& path) {
  std::string bytes(length, '\0');
  std::size_t have = 0;
  while (have < length) {
    const ssize_t got = ::pread(file.number(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("cannot read", path);
    if (got == 0) {
      return core::Error{core::ErrorCode::storage_failed, path.string() + " is shorter than it was: restore it"};
    }
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

core::Result<std::uint64_t> size_of(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status;
  if (::fstat(file.number(), &status) != 0) return failure("cannot look at", path);
  return static_cast<std::uint64_t>(status.st_size);
}

core::Result<void> sync(const Descriptor& file, const std::filesystem::path& path) {
  if (::fsync(file.number()) != 0) return failure("cannot make durable", path);
  return {};
}

core::Result<void> sync_directory(const std::filesystem::path& directory) {
  auto file = open(directory, O_RDONLY | O_DIRECTORY);
  if (!file) return file.error();
  return sync(*file, directory);
}

core::Result<void> make_directory(const std::filesystem::path& directory, mode_t mode) {
  const bool was_there = ::mkdir(directory.c_str(), mode) != 0;
  if (was_there && errno != EEXIST) return failure("cannot make directory", directory);
  // Also when it was there: whoever made it may have been killed before its entry was durable.
  const std::filesystem::path parent = directory.has_parent_path() ? directory.parent_path() : ".";
  if (was_there && ::access(parent.c_str(), R_OK) != 0) return {};  // then it was made by somebody else
  return sync_directory(parent);
}

core::Result<void> make_directories(const std::filesystem::path& directory, mode_t mode) {
  if (!directory.has_filename() && directory.has_relative_path())
    return make_directories(directory.parent_path(), mode);
  // Of those that are there only the last one's entry may not be durable: what is above it was made durable before it.
  std::error_code ignored;
  if (directory.has_parent_path() && !std::filesystem::is_directory(directory, ignored)) {
    if (auto made = make_directories(directory.parent_path(), mode); !made) return made;
  }
  return make_directory(directory, mode);
}

namespace {

constexpr auto abandoned_after = std::chrono::hours(24);

// Writes a temporary file beside `path`; `put_in_place(temporary, path)` moves it there, or leaves it and errno.
template <class PutInPlace>
core::Result<void> write_beside(const std::filesystem::path& path, std::string_view bytes, PutInPlace put_in_place) {
  std::filesystem::path temporary;
  auto file = open_temporary(path.parent_path(), temporary);
  if (!file) return file.error();
  auto done = write_all(*file, bytes, temporary);
  if (done) done = sync(*file, temporary);
  if (done && !put_in_place(temporary.c_str(), path.c_str())) done = failure("cannot put in place", path);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_directory(path.parent_path());
}

bool link_unless_there(const char* from, const char* to) {
  if (::link(from, to) != 0 && errno != EEXIST) return false;
  ::unlink(from);
  return true;
}

}  // namespace

core::Result<void> write_durably(const std::filesystem::path& path, std::string_view bytes) {
  return write_beside(path, bytes, [](const char* from, const char* to) { return ::rename(from, to) == 0; });
}

core::Result<void> create_durably(const std::filesystem::path& path, std::string_view bytes) {
  return write_beside(path, bytes, link_unless_there);
}

core::Result<void> remove_temporary_files(const std::filesystem::path& directory, std::chrono::seconds untouched_for) {
  std::error_code error;
  const auto touched_last = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - untouched_for);
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (!path.filename().string().starts_with(temporary_prefix)) continue;
    struct stat status;
    if (untouched_for > std::chrono::seconds(0) &&
        (::stat(path.c_str(), &status) != 0 || status.st_mtime > touched_last))
      continue;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure("cannot remove", path);
  }
  if (error) {
    errno = error.value();
    return failure("cannot list", directory);
  }
  return {};
}

core::Result<Descriptor> join_directory(const std::filesystem::path& directory,
                                        const std::vector<std::filesystem::path>& parts) {
  const std::filesystem::path name = directory / "lock";
  auto lock = open(name, O_RDWR | O_CREAT);
  if (!lock) return lock;
  const bool alone = ::flock(lock->number(), LOCK_EX | LOCK_NB) == 0;
  if (!alone && errno != EWOULDBLOCK) return failure("cannot lock", name);
  // Whoever came before shares the lock, so that nobody is alone; whoever comes now waits below until this is done.
  for (const std::filesystem::path& part : parts) {
    auto removed = remove_temporary_files(part, alone ? std::chrono::seconds(0) : abandoned_after);
    if (!removed) return removed.error();
  }
  int locked = -1;
  do {
    locked = ::flock(lock->number(), LOCK_SH);
  } while (locked != 0 && errno == EINTR);
  if (locked != 0) return failure("cannot lock", name);
  return lock;
}

core::Result<std::string> read_whole(const std::filesystem::path& path) {
  auto file = open(path, O_RDONLY);
  if (!file) return file.error();
  auto size = size_of(*file, path);
  if (!size) return size.error();
  return read_at(*file, 0, static_cast<std::size_t>(*size), path);
}

}  // namespace adapters::files
