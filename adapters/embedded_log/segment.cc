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

core::Result<std::vector<FirstSequence>> list_segments(const std::filesystem::path& directory) {
  std::vector<FirstSequence> segments;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (const auto segment = parse_name(entry->path().filename().native())) segments.push_back(*segment);
  }
  if (error) {
    return core::Error{core::ErrorCode::storage_failed, directory.string() + ": cannot be listed: " + error.message()};
  }
  std::ranges::sort(segments);
  return segments;
}

core::Result<void> remove_segments(const std::filesystem::path& directory, const std::vector<FirstSequence>& segments) {
  for (const FirstSequence segment : segments) {
    std::error_code error;
    const std::filesystem::path path = segment_path(directory, segment);
    if (std::filesystem::remove(path, error); error) {
      return core::Error{core::ErrorCode::storage_failed, path.string() + ": cannot be removed: " + error.message()};
    }
  }
  return segments.empty() ? core::Result<void>() : sync_directory(directory);
}

core::Result<File> create_segment(const std::filesystem::path& directory, FirstSequence segment, std::uint64_t bytes) {
  auto file = File::open(segment_path(directory, segment), File::Mode::create_new);
  if (!file) return file;
  if (auto allocated = file->allocate(bytes); !allocated) return allocated.error();
  if (auto synced = file->sync(); !synced) return synced.error();
  if (auto synced = sync_directory(directory); !synced) return synced.error();
  return file;
}

SegmentReader::SegmentReader(std::filesystem::path directory) : directory_(std::move(directory)) {}

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
    auto opened = File::open(segment_path(directory_, place.segment), File::Mode::read);
    if (!opened) return opened.error();
    file_.emplace(std::move(*opened));
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
