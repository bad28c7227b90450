#include "adapters/files/disk.h"

#include <utility>

namespace adapters::files {
namespace {

core::Result<void> write_new(Disk& disk, const std::filesystem::path& path, std::string_view bytes) {
  auto file = disk.open(path, Disk::Mode::create_new);
  if (!file) return file.error();
  if (auto written = (*file)->write_at(0, bytes); !written) return written;
  return (*file)->sync();
}

}  // namespace

core::Result<void> write_durably(Disk& disk, const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  if (auto removed = disk.remove(temporary); !removed) return removed;  // what a crash left
  auto done = write_new(disk, temporary, bytes);
  if (done) done = disk.rename(temporary, path);
  if (done) return disk.sync_directory(path.parent_path());
  (void)disk.remove(temporary);
  return done;
}

core::Result<std::string> read_whole(Disk& disk, const std::filesystem::path& path) {
  auto file = disk.open(path, Disk::Mode::read);
  if (!file) return file.error();
  auto size = (*file)->size();
  if (!size) return size.error();
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  auto count = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!count) return count.error();
  bytes.resize(*count);
  return bytes;
}

}  // namespace adapters::files
