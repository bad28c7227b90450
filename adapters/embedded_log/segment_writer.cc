#include "adapters/embedded_log/segment_writer.h"

#include <algorithm>
#include <utility>

#include "core/invariant.h"
#include "processors/fault_point.h"

namespace adapters::embedded_log {
namespace {

core::Result<File> reopen(const std::filesystem::path& directory, std::uint64_t segment_bytes, Place end,
                          std::uint64_t torn_tail_bytes) {
  auto file = File::open(segment_path(directory, end.segment), File::Mode::write);
  if (!file) return file;
  if (torn_tail_bytes > 0) {
    if (auto cut = file->truncate(end.position); !cut) return cut.error();
  }
  if (auto allocated = file->allocate(segment_bytes); !allocated) return allocated.error();
  if (auto synced = file->sync(); !synced) return synced.error();
  if (auto synced = sync_directory(directory); !synced) return synced.error();
  return file;
}

}  // namespace

core::Result<SegmentWriter> SegmentWriter::resume(std::filesystem::path directory, std::uint64_t segment_bytes,
                                                  const Recovered& recovered) {
  auto file = recovered.end ? reopen(directory, segment_bytes, *recovered.end, recovered.torn_tail_bytes)
                            : create_segment(directory, 0, segment_bytes);
  if (!file) return file.error();
  auto size = file->size();
  if (!size) return size.error();
  return SegmentWriter(std::move(directory), segment_bytes, std::move(*file), *size,
                       recovered.end.value_or(Place{.segment = 0, .position = 0}), recovered.records);
}

SegmentWriter::SegmentWriter(std::filesystem::path directory, std::uint64_t segment_bytes, File file,
                             std::uint64_t segment_size, Place end, std::uint64_t records)
    : directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      file_(std::move(file)),
      segment_size_(segment_size),
      end_(end),
      records_(records) {}

core::Result<void> SegmentWriter::make_room(std::size_t frame_bytes) {
  if (frame_bytes <= room()) return {};
  const std::uint64_t size = std::max<std::uint64_t>(segment_bytes_, frame_bytes);
  if (end_.position == 0) {  // an empty segment, and it already has the name of the next one
    if (auto allocated = file_.allocate(size); !allocated) return allocated;
    if (auto synced = file_.sync(); !synced) return synced;
  } else {
    auto created = create_segment(directory_, records_, size);
    if (!created) return created.error();
    file_ = std::move(*created);
    end_ = {.segment = records_, .position = 0};
  }
  segment_size_ = size;
  return {};
}

core::Result<void> SegmentWriter::write(std::string_view frames, std::size_t count) {
  INVARIANT(frames.size() <= room());
  if (auto written = file_.write_at(end_.position, frames); !written) return written;
  FAULT_POINT(F02);
  if (auto synced = file_.sync_data(); !synced) return synced;
  end_.position += frames.size();
  records_ += count;
  return {};
}

}  // namespace adapters::embedded_log
