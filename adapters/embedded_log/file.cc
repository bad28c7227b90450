#include "adapters/embedded_log/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace adapters::embedded_log {
namespace {

core::Error failure_at(const std::filesystem::path& path, std::string_view what, int error_number) {
  return core::Error{core::ErrorCode::storage_failed, path.string() + ": " + std::string(what) + ": " +
                                                          std::generic_category().message(error_number) +
                                                          "; check the disk, then start again"};
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto answer = call();
  while (answer == -1 && errno == EINTR) answer = call();
  return answer;
}

int open_flags(File::Mode mode) {
  switch (mode) {
    case File::Mode::read: return O_RDONLY | O_CLOEXEC;
    case File::Mode::write: return O_RDWR | O_CLOEXEC;
    case File::Mode::create_new: return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

}  // namespace

core::Result<File> File::open(const std::filesystem::path& path, Mode mode) {
  const int descriptor = uninterrupted([&] { return ::open(path.c_str(), open_flags(mode), 0640); });
  if (descriptor < 0) return failure_at(path, "cannot be opened", errno);
  return File(path, descriptor);
}

File::File(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

File::File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

core::Result<std::uint64_t> File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return failure("its size cannot be read", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

core::Result<std::size_t> File::read_at(std::uint64_t position, char* into, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t count = uninterrupted(
        [&] { return ::pread(descriptor_, into + done, bytes - done, static_cast<off_t>(position + done)); });
    if (count < 0) return failure("cannot be read", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

core::Result<void> File::write_at(std::uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        uninterrupted([&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(position)); });
    if (count < 0) return failure("cannot be written", errno);
    position += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

core::Result<void> File::allocate(std::uint64_t bytes) {
  int error_number = EINTR;
  while (error_number == EINTR) error_number = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
  if (error_number != 0) return failure("disk space cannot be set aside", error_number);
  return {};
}

core::Result<void> File::truncate(std::uint64_t bytes) {
  if (uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(bytes)); }) != 0) {
    return failure("cannot be truncated", errno);
  }
  return {};
}

core::Result<void> File::sync_data() {
  if (::fdatasync(descriptor_) != 0) return failure("cannot be synced", errno);
  return {};
}

core::Result<void> File::sync() {
  if (::fsync(descriptor_) != 0) return failure("cannot be synced", errno);
  return {};
}

core::Error File::failure(std::string_view what, int error_number) const {
  return failure_at(path_, what, error_number);
}

core::Result<void> ensure_directory(const std::filesystem::path& directory) {
  const std::filesystem::path absolute = std::filesystem::absolute(directory).lexically_normal();
  std::filesystem::path made;
  for (const std::filesystem::path& name : absolute) {
    const std::filesystem::path parent = made;
    made /= name;
    if (::mkdir(made.c_str(), 0750) == 0) {
      if (auto synced = sync_directory(parent); !synced) return synced;
    } else if (errno != EEXIST) {
      return failure_at(made, "cannot be created", errno);
    }
  }
  return {};
}

core::Result<void> sync_directory(const std::filesystem::path& directory) {
  auto file = File::open(directory, File::Mode::read);
  if (!file) return file.error();
  return file->sync();
}

}  // namespace adapters::embedded_log
