#include "adapters/embedded_log/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "adapters/embedded_log/base.h"

namespace adapters::embedded_log {

core::Result<void> LogScan::read_on(const Visit& visit, const Damaged& damaged) {
  for (;;) {
    auto frame = walk_.next(damaged);
    if (!frame) return frame.error();
    if (!*frame) return {};
    bytes_read_ += (*frame)->bytes();
    copy(**frame, stored_);
    if (!visit((*frame)->partition, stored_)) return {};
  }
}

core::Result<std::unique_ptr<LogReader>> LogReader::open(std::filesystem::path directory, Disk& disk) {
  if (!disk.exists(directory)) {
    return core::Error{core::ErrorCode::storage_failed,
                       directory.string() + ": there is no such directory, so no log to read"};
  }
  return std::unique_ptr<LogReader>(new LogReader(disk, std::move(directory)));
}

core::Result<LogScan> LogReader::scan_end(std::size_t segments) const {
  auto listed = list_segments(disk_, directory_);
  if (!listed) return listed.error();
  if (listed->size() <= segments) return scan();
  return LogScan(disk_, directory_, {.segment = (*listed)[listed->size() - segments], .position = 0});
}

std::size_t LogReader::segments() const {
  const auto listed = list_segments(disk_, directory_);
  return listed ? listed->size() : 0;
}

core::Result<std::uint64_t> LogReader::bytes() const {
  auto segments = list_segments(disk_, directory_);
  if (!segments) return segments.error();
  std::uint64_t bytes = 0;
  for (const FirstSequence segment : *segments) {
    const auto file = disk_.open(segment_path(directory_, segment), Disk::Mode::read);
    if (!file) continue;  // it was trimmed away just now
    const auto size = (*file)->size();
    if (!size) return size.error();
    bytes += *size;
  }
  return bytes;
}

core::Result<core::Offset> LogReader::first(core::Partition partition) {
  const auto base = read_base(disk_, directory_);
  if (!base) return base.error();
  const auto before = base->partitions.find(partition);
  return before == base->partitions.end() ? core::Offset(0) : before->second.first;
}

core::Error LogReader::trimmed(core::Partition partition, core::Offset from, core::Offset kept) const {
  return {
      core::ErrorCode::log_corrupt,
      fmt::format("{}: partition {} begins at offset {}; the records from {} on were trimmed, and are in the archive "
                  "if there is one",
                  directory_.string(), partition.value(), kept.value(), from.value())};
}

core::Result<core::Offset> LogReader::read(core::Partition partition, core::Offset from, const Visit& visit) {
  auto begin = find(partition, from);
  if (!begin) return begin.error();
  if (!*begin) return from;
  if (const auto kept = first(partition); !kept || from < *kept)
    return kept ? trimmed(partition, from, *kept) : kept.error();
  FrameWalk walk(disk_, directory_, (*begin)->place);
  processors::StoredRecord stored;
  core::Offset next = from;
  for (bool wants_more = true; wants_more;) {
    auto frame = walk.next();
    if (!frame) return frame.error();
    if (!*frame) break;
    if ((*frame)->partition != partition || (*frame)->offset < from) continue;
    if ((*frame)->offset != next) {
      return core::Error{
          core::ErrorCode::log_corrupt,
          fmt::format("{}: the records of partition {} from offset {} to {} are gone; they were trimmed "
                      "away or a file is missing",
                      directory_.string(), partition.value(), next.value(), (*frame)->offset.value() - 1)};
    }
    copy(**frame, stored);
    next = core::Offset(next.value() + 1);
    wants_more = visit(stored);
  }
  const std::scoped_lock lock(mutex_);
  if (const auto end = walk.end()) ends_.insert_or_assign(partition, Found{next, *end});
  return next;
}

// A place from which a walk meets every record of the partition from `from` on. Nothing where there is none at all.
core::Result<std::optional<LogReader::Found>> LogReader::find(core::Partition partition, core::Offset from) {
  auto segments = list_kept_segments(disk_, directory_);
  if (!segments) return segments.error();
  if (segments->empty()) return std::nullopt;
  {
    const std::scoped_lock lock(mutex_);
    const auto end = ends_.find(partition);
    if (end != ends_.end() && end->second.offset == from && end->second.place.segment >= segments->front())
      return end->second;
  }
  for (std::size_t i = segments->size(); i-- > 0 && from.value() > 0;) {
    auto found = first_in((*segments)[i], i + 1 == segments->size(), partition);
    if (!found) return found.error();
    if (*found && (*found)->offset <= from) return found;
  }
  return Found{core::Offset(0), {.segment = segments->front(), .position = 0}};
}

core::Result<std::optional<LogReader::Found>> LogReader::first_in(FirstSequence segment, bool grows,
                                                                  core::Partition partition) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = firsts_.find({segment, partition}); known != firsts_.end()) return known->second;
  }
  auto found = look_for_first_in(segment, partition);
  if (!found || (!*found && grows)) return found;
  const std::scoped_lock lock(mutex_);
  firsts_.insert_or_assign({segment, partition}, *found);
  return found;
}

// Looks at the heads only, up to the partition's first record.
core::Result<std::optional<LogReader::Found>> LogReader::look_for_first_in(FirstSequence segment,
                                                                           core::Partition partition) const {
  SegmentReader reader(disk_, directory_);
  for (Place place{.segment = segment, .position = 0};;) {
    auto head_bytes = reader.bytes_at(place, frame_head_bytes);
    if (!head_bytes) {
      const bool trimmed_away = !disk_.exists(segment_path(directory_, segment));
      if (trimmed_away) return std::nullopt;
      return head_bytes.error();
    }
    const std::optional<FrameHead> head = decode_head(*head_bytes);
    if (!head) return std::nullopt;
    if (head->partition == partition) {
      auto bytes = reader.bytes_at(place, head->frame_bytes);
      if (!bytes) return bytes.error();
      const std::optional<Frame> frame = decode_frame(*bytes);
      if (!frame) return std::nullopt;  // being written, or damage that the walk will name
      return Found{frame->offset, place};
    }
    place.position += head->frame_bytes;
  }
}

}  // namespace adapters::embedded_log
