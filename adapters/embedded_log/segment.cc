#include "adapters/embedded_log/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace adapters::embedded_log {
namespace {

constexpr std::size_t read_bytes = 1u << 20;
constexpr std::size_t name_digits = 20;
constexpr std::string_view extension = ".log";

std::optional<FirstSequence> parse_name(std::string_view name) {
  if (name.size() != name_digits + extension.size() || !name.ends_with(extension)) return std::nullopt;
  name.remove_suffix(extension.size());
  FirstSequence segment = 0;
  const auto [end, error] = std::from_chars(name.begin(), name.end(), segment);
  if (error != std::errc() || end != name.end()) return std::nullopt;
  return segment;
}

}  // namespace

std::filesystem::path segment_path(const std::filesystem::path& directory, FirstSequence segment) {
  return directory / fmt::format("{:020}{}", segment, extension);
}

core::Result<std::vector<FirstSequence>> list_segments(Disk& disk, const std::filesystem::path& directory) {
  const auto names = disk.list(directory);
  if (!names) return names.error();
  std::vector<FirstSequence> segments;
  for (const std::string& name : *names) {
    if (const auto segment = parse_name(name)) segments.push_back(*segment);
  }
  std::ranges::sort(segments);
  return segments;
}

core::Result<void> remove_segments(Disk& disk, const std::filesystem::path& directory,
                                   const std::vector<FirstSequence>& segments) {
  for (const FirstSequence segment : segments) {
    if (auto removed = disk.remove(segment_path(directory, segment)); !removed) return removed;
  }
  return segments.empty() ? core::Result<void>() : disk.sync_directory(directory);
}

core::Result<std::unique_ptr<DiskFile>> create_segment(Disk& disk, const std::filesystem::path& directory,
                                                       FirstSequence segment, std::uint64_t bytes) {
  auto file = disk.open(segment_path(directory, segment), Disk::Mode::create_new);
  if (!file) return file;
  if (auto allocated = (*file)->allocate(bytes); !allocated) return allocated.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (auto synced = disk.sync_directory(directory); !synced) return synced.error();
  return file;
}

SegmentReader::SegmentReader(Disk& disk, std::filesystem::path directory)
    : disk_(disk), directory_(std::move(directory)) {}

core::Result<std::string_view> SegmentReader::bytes_at(Place place, std::size_t length) {
  const bool buffered = file_ && place.segment == buffered_.segment && place.position >= buffered_.position &&
                        place.position + length <= buffered_.position + buffer_bytes_;
  if (!buffered) {
    if (auto filled = fill(place, length); !filled) return filled.error();
  }
  const std::size_t begin = place.position - buffered_.position;
  return std::string_view(buffer_.get() + begin, std::min(length, buffer_bytes_ - begin));
}

core::Result<void> SegmentReader::fill(Place place, std::size_t length) {
  if (!file_ || place.segment != buffered_.segment) {
    file_.reset();
    auto opened = disk_.open(segment_path(directory_, place.segment), Disk::Mode::read);
    if (!opened) return opened.error();
    file_ = std::move(*opened);
  }
  const std::size_t wanted = std::max(length, read_bytes);
  if (wanted > buffer_capacity_) {
    buffer_ = std::make_unique_for_overwrite<char[]>(wanted);
    buffer_capacity_ = wanted;
  }
  buffered_ = place;
  buffer_bytes_ = 0;
  auto count = file_->read_at(place.position, buffer_.get(), wanted);
  if (!count) return count.error();
  buffer_bytes_ = *count;
  return {};
}

}  // namespace adapters::embedded_log
