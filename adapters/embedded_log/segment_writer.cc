#include "adapters/embedded_log/segment_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/invariant.h"
#include "processors/fault_point.h"

namespace adapters::embedded_log {
namespace {

// Bytes whose sync failed may read well from the page cache and yet be written by no later sync, unless they change.
core::Result<void> write_again(DiskFile& file, std::uint64_t begin, std::uint64_t end) {
  std::string bytes(end - begin, '\0');
  auto count = file.read_at(begin, bytes.data(), bytes.size());
  if (!count) return count.error();
  return file.write_at(begin, bytes);
}

core::Result<std::unique_ptr<DiskFile>> reopen(Disk& disk, const std::filesystem::path& directory,
                                               std::uint64_t segment_bytes, const Recovered& recovered) {
  const Place end = *recovered.end;
  auto file = disk.open(segment_path(directory, end.segment), Disk::Mode::write);
  if (!file) return file;
  if (auto written = write_again(**file, recovered.last_write, end.position); !written) return written.error();
  if (recovered.torn_tail_bytes > 0) {
    if (auto cut = (*file)->truncate(end.position); !cut) return cut.error();
  }
  if (auto allocated = (*file)->allocate(segment_bytes); !allocated) return allocated.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (auto synced = disk.sync_directory(directory); !synced) return synced.error();
  return file;
}

}  // namespace

core::Result<SegmentWriter> SegmentWriter::resume(Disk& disk, std::filesystem::path directory,
                                                  std::uint64_t segment_bytes, const Recovered& recovered) {
  auto file = recovered.end ? reopen(disk, directory, segment_bytes, recovered)
                            : create_segment(disk, directory, 0, segment_bytes);
  if (!file) return file.error();
  auto size = (*file)->size();
  if (!size) return size.error();
  return SegmentWriter(disk, std::move(directory), segment_bytes, std::move(*file), *size,
                       recovered.end.value_or(Place{.segment = 0, .position = 0}), recovered.records);
}

SegmentWriter::SegmentWriter(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes,
                             std::unique_ptr<DiskFile> file, std::uint64_t segment_size, Place end,
                             std::uint64_t records)
    : disk_(&disk),
      directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      file_(std::move(file)),
      segment_size_(segment_size),
      end_(end),
      records_(records) {}

core::Result<void> SegmentWriter::make_room(std::size_t frame_bytes) {
  if (frame_bytes <= room()) return {};
  const std::uint64_t size = std::max<std::uint64_t>(segment_bytes_, frame_bytes);
  if (end_.position == 0) {  // an empty segment, and it already has the name of the next one
    if (auto allocated = file_->allocate(size); !allocated) return allocated;
    if (auto synced = file_->sync(); !synced) return synced;
  } else {
    auto created = create_segment(*disk_, directory_, records_, size);
    if (!created) return created.error();
    file_ = std::move(*created);
    end_ = {.segment = records_, .position = 0};
  }
  segment_size_ = size;
  return {};
}

core::Result<void> SegmentWriter::write(std::string_view frames, std::size_t count) {
  INVARIANT(frames.size() <= room());
  if (auto written = file_->write_at(end_.position, frames); !written) return written;
  FAULT_POINT(F02);
  if (auto synced = file_->sync_data(); !synced) return synced;
  end_.position += frames.size();
  records_ += count;
  return {};
}

}  // namespace adapters::embedded_log
