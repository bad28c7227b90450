// For tests: lets RocksDB keep its files on any files::Disk, so on one that loses power.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/files/disk.h"

namespace adapters::rocksdb {

using ::rocksdb::IODebugContext;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;

inline IOStatus status_of(const core::Result<void>& done) {
  if (done) return IOStatus::OK();
  const std::string& detail = done.error().detail;
  if (detail.find("No space") != std::string::npos) return IOStatus::NoSpace(detail);
  if (detail.find("No such") != std::string::npos) return IOStatus::PathNotFound(detail);
  return IOStatus::IOError(detail);
}

inline IOStatus read_at(const files::DiskFile& file, std::uint64_t position, std::size_t bytes,
                        ::rocksdb::Slice* result, char* scratch) {
  const auto count = file.read_at(position, scratch, bytes);
  *result = ::rocksdb::Slice(scratch, count ? *count : 0);
  return count ? IOStatus::OK() : status_of(count.error());
}

// RocksDB ends directories with a slash where it likes, and doubles it.
inline std::filesystem::path path_of(const std::string& name) {
  return (std::filesystem::path(name) / "").lexically_normal().parent_path();
}

class DiskSequentialFile final : public ::rocksdb::FSSequentialFile {
 public:
  explicit DiskSequentialFile(std::unique_ptr<files::DiskFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::size_t bytes, const IOOptions&, ::rocksdb::Slice* result, char* scratch,
                IODebugContext*) override {
    const IOStatus status = read_at(*file_, position_, bytes, result, scratch);
    position_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t bytes) override {
    position_ += bytes;
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<files::DiskFile> file_;
  std::uint64_t position_ = 0;
};

class DiskRandomAccessFile final : public ::rocksdb::FSRandomAccessFile {
 public:
  explicit DiskRandomAccessFile(std::unique_ptr<files::DiskFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::uint64_t position, std::size_t bytes, const IOOptions&, ::rocksdb::Slice* result, char* scratch,
                IODebugContext*) const override {
    return read_at(*file_, position, bytes, result, scratch);
  }

 private:
  const std::unique_ptr<files::DiskFile> file_;
};

class DiskWritableFile final : public ::rocksdb::FSWritableFile {
 public:
  explicit DiskWritableFile(std::unique_ptr<files::DiskFile> file) : file_(std::move(file)) {}

  using FSWritableFile::Append;
  IOStatus Append(const ::rocksdb::Slice& bytes, const IOOptions&, IODebugContext*) override {
    const IOStatus status = status_of(file_->write_at(end_, {bytes.data(), bytes.size()}));
    if (status.ok()) end_ += bytes.size();
    return status;
  }
  IOStatus Truncate(std::uint64_t bytes, const IOOptions&, IODebugContext*) override {
    const IOStatus status = status_of(file_->truncate(bytes));
    if (status.ok()) end_ = bytes;
    return status;
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  // fdatasync() brings the size along where a file has grown, which DiskFile::sync_data() does not promise.
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(file_->sync()); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return end_; }

 private:
  const std::unique_ptr<files::DiskFile> file_;
  std::uint64_t end_ = 0;
};

class DiskDirectory final : public ::rocksdb::FSDirectory {
 public:
  DiskDirectory(files::Disk& disk, std::filesystem::path path) : disk_(disk), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return status_of(disk_.sync_directory(path_)); }

 private:
  files::Disk& disk_;
  const std::filesystem::path path_;
};

class DiskFileLock final : public ::rocksdb::FileLock {
 public:
  explicit DiskFileLock(std::unique_ptr<files::DiskLock> lock) : lock_(std::move(lock)) {}

 private:
  const std::unique_ptr<files::DiskLock> lock_;
};

class SilentLogger final : public ::rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// RocksDB waits a second after each failure in the background, which would be all the time that tests take.
class ImpatientEnv final : public ::rocksdb::EnvWrapper {
 public:
  explicit ImpatientEnv(std::unique_ptr<Env> environment) : EnvWrapper(std::move(environment)) {}
  void SleepForMicroseconds(int) override { std::this_thread::yield(); }
};

// Threading: any thread. Lifetime: the disk outlives it.
class DiskFileSystem final : public ::rocksdb::FileSystem {
 public:
  explicit DiskFileSystem(files::Disk& disk) : disk_(disk) {}

  const char* Name() const override { return "DiskFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const ::rocksdb::FileOptions&,
                             std::unique_ptr<::rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    return open<DiskSequentialFile>(path, files::Disk::Mode::read, *result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const ::rocksdb::FileOptions&,
                               std::unique_ptr<::rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    return open<DiskRandomAccessFile>(path, files::Disk::Mode::read, *result);
  }
  IOStatus NewWritableFile(const std::string& path, const ::rocksdb::FileOptions&,
                           std::unique_ptr<::rocksdb::FSWritableFile>* result, IODebugContext*) override {
    if (const auto removed = disk_.remove(path_of(path)); !removed) return status_of(removed);
    return open<DiskWritableFile>(path, files::Disk::Mode::create_new, *result);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<::rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    *result = std::make_unique<DiskDirectory>(disk_, path_of(path));
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_.exists(path_of(path)) ? IOStatus::OK() : IOStatus::NotFound(path);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    auto names = disk_.list(path_of(path));
    if (!names) return status_of(names.error());
    *result = std::move(*names);
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    if (!disk_.exists(path_of(path))) return IOStatus::PathNotFound(path);
    return status_of(disk_.remove(path_of(path)));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* context) override {
    return CreateDirIfMissing(path, options, context);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(disk_.make_directories(path_of(path)));
  }
  IOStatus DeleteDir(const std::string&, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* result, IODebugContext*) override {
    const auto file = disk_.open(path_of(path), files::Disk::Mode::read);
    if (!file) return status_of(file.error());
    const auto size = (*file)->size();
    if (!size) return status_of(size.error());
    *result = *size;
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* result,
                                   IODebugContext*) override {
    *result = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return status_of(disk_.rename(path_of(from), path_of(to)));
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, ::rocksdb::FileLock** result, IODebugContext*) override {
    auto lock = disk_.lock(path_of(path));
    if (!lock) return status_of(lock.error());
    *result = new DiskFileLock(std::move(*lock));
    return IOStatus::OK();
  }
  IOStatus UnlockFile(::rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* result, IODebugContext*) override {
    *result = "/";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<::rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result, IODebugContext*) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* result, IODebugContext*) override {
    *result = std::uint64_t{1} << 40;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* result, IODebugContext*) override {
    *result = disk_.list(path_of(path)).has_value();
    return IOStatus::OK();
  }

 private:
  template <class File, class Result>
  IOStatus open(const std::string& path, files::Disk::Mode mode, Result& result) {
    auto file = disk_.open(path_of(path), mode);
    if (!file) return status_of(file.error());
    result = std::make_unique<File>(std::move(*file));
    return IOStatus::OK();
  }

  files::Disk& disk_;
};

}  // namespace adapters::rocksdb
