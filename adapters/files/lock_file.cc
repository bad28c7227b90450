#include "adapters/files/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace adapters::files {
namespace {

core::Error failure(const std::filesystem::path& path, int error_number) {
  return core::Error{core::ErrorCode::storage_failed,
                     path.string() + ": cannot be locked: " + std::generic_category().message(error_number)};
}

// What the holder wrote into it: a process id, or nothing yet.
std::string holder(int descriptor) {
  std::array<char, 20> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  pid.resize(std::min(pid.size(), pid.find_first_not_of("0123456789")));
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

core::Result<LockFile> LockFile::acquire(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) return failure(path, errno);
  LockFile lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failure(path, errno);
    return core::Error{core::ErrorCode::unavailable, path.parent_path().string() + " is in use by process " +
                                                         holder(descriptor) +
                                                         "; stop it first, or choose another data directory"};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0) return failure(path, errno);
  if (::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) return failure(path, errno);
  return lock;
}

LockFile::LockFile(int descriptor) : descriptor_(descriptor) {}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace adapters::files
