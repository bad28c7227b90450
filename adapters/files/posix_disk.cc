#include "adapters/files/posix_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "adapters/files/files.h"
#include "adapters/files/lock_file.h"

namespace adapters::files {
namespace {

core::Error failure(const std::filesystem::path& path, std::string_view what, int error_number) {
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

int open_flags(Disk::Mode mode) {
  switch (mode) {
    case Disk::Mode::read: return O_RDONLY | O_CLOEXEC;
    case Disk::Mode::write: return O_RDWR | O_CLOEXEC;
    case Disk::Mode::create_new: return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

class PosixFile final : public DiskFile {
 public:
  PosixFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(descriptor_); }

  core::Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return failure(path_, "its size cannot be read", errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  core::Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t bytes) const override {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t count = uninterrupted(
          [&] { return ::pread(descriptor_, into + done, bytes - done, static_cast<off_t>(position + done)); });
      if (count < 0) return failure(path_, "cannot be read", errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  core::Result<void> write_at(std::uint64_t position, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted(
          [&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(position)); });
      if (count < 0) return failure(path_, "cannot be written", errno);
      position += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  core::Result<void> allocate(std::uint64_t bytes) override {
    int error_number = EINTR;
    while (error_number == EINTR) error_number = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (error_number != 0) return failure(path_, "disk space cannot be set aside", error_number);
    return {};
  }

  core::Result<void> truncate(std::uint64_t bytes) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(bytes)); }) != 0)
      return failure(path_, "cannot be truncated", errno);
    return {};
  }

  core::Result<void> sync_data() override {
    if (::fdatasync(descriptor_) != 0) return failure(path_, "cannot be synced", errno);
    return {};
  }

  core::Result<void> sync() override {
    if (::fsync(descriptor_) != 0) return failure(path_, "cannot be synced", errno);
    return {};
  }

 private:
  const std::filesystem::path path_;
  const int descriptor_;
};

class PosixLock final : public DiskLock {
 public:
  explicit PosixLock(files::LockFile file) : file_(std::move(file)) {}

 private:
  const files::LockFile file_;
};

}  // namespace

core::Result<std::unique_ptr<DiskFile>> PosixDisk::open(const std::filesystem::path& path, Mode mode) {
  const int descriptor = uninterrupted([&] { return ::open(path.c_str(), open_flags(mode), 0640); });
  if (descriptor < 0) return failure(path, "cannot be opened", errno);
  return std::make_unique<PosixFile>(path, descriptor);
}

core::Result<void> PosixDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure(from, "cannot be renamed", errno);
  return {};
}

core::Result<void> PosixDisk::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(path, "cannot be removed", errno);
  return {};
}

core::Result<void> PosixDisk::sync_directory(const std::filesystem::path& directory) {
  auto file = open(directory, Mode::read);
  if (!file) return file.error();
  return (*file)->sync();
}

core::Result<void> PosixDisk::make_directories(const std::filesystem::path& directory) {
  return files::make_directories(directory, 0750);
}

bool PosixDisk::exists(const std::filesystem::path& path) const {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

core::Result<std::vector<std::string>> PosixDisk::list(const std::filesystem::path& directory) const {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) return failure(directory, "cannot be listed", error.value());
  return names;
}

core::Result<std::unique_ptr<DiskLock>> PosixDisk::lock(const std::filesystem::path& path) {
  auto file = files::LockFile::acquire(path);
  if (!file) return file.error();
  return std::make_unique<PosixLock>(std::move(*file));
}

Disk& posix_disk() {
  static PosixDisk disk;
  return disk;
}

}  // namespace adapters::files
