#include "adapters/embedded_log/embedded_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "adapters/embedded_log/frame.h"
#include "adapters/embedded_log/frame_walk.h"
#include "core/invariant.h"
#include "processors/fault_point.h"

namespace adapters::embedded_log {
namespace {

core::Error stopped_writing(const core::Error& cause) {
  return core::Error{core::ErrorCode::storage_failed,
                     "the journal stopped writing and the outcome of this record is unknown: " + cause.detail};
}

// Segments that a trim had given up when the process was killed.
core::Result<void> remove_left_behind(Disk& disk, const std::filesystem::path& directory) {
  const auto base = read_base(disk, directory);
  if (!base) return base.error();
  auto segments = list_segments(disk, directory);
  if (!segments) return segments.error();
  std::erase_if(*segments, [&](FirstSequence segment) { return segment >= base->segment; });
  if (segments->empty()) return {};
  // The base first: that process may have been killed before its name was durable.
  if (auto synced = disk.sync_directory(directory); !synced) return synced;
  return remove_segments(disk, directory, *segments);
}

// Walks the records of one partition, over those of the others.
class PartitionReader {
 public:
  PartitionReader(Disk& disk, const std::filesystem::path& directory, core::Partition partition)
      : directory_(directory), partition_(partition), reader_(disk, directory) {}

  // Visits the records of the stretch from `next` on and moves `next` behind each. False when the visitor has enough.
  core::Result<bool> visit(const Stretch& stretch, core::Offset& next, const processors::Journal::Visit& visit) {
    Place place = stretch.begin;
    for (std::int64_t offset = stretch.first.value(); offset < stretch.end.value();) {
      auto head_bytes = reader_.bytes_at(place, frame_head_bytes);
      if (!head_bytes) return head_bytes.error();
      const std::optional<FrameHead> head = decode_head(*head_bytes);
      if (!head) return corrupt_at(directory_, place, fmt::format("no frame before offset {}", offset));
      if (head->partition == partition_) {
        if (offset >= next.value()) {
          auto bytes = reader_.bytes_at(place, head->frame_bytes);
          if (!bytes) return bytes.error();
          const std::optional<Frame> frame = decode_frame(*bytes);
          if (!frame || frame->offset.value() != offset) {
            return corrupt_at(directory_, place, fmt::format("not the whole frame of offset {}", offset));
          }
          copy(*frame, stored_);
          next = core::Offset(offset + 1);
          if (!visit(stored_)) return false;
        }
        ++offset;
      }
      place.position += head->frame_bytes;
    }
    return true;
  }

 private:
  const std::filesystem::path& directory_;
  const core::Partition partition_;
  SegmentReader reader_;
  processors::StoredRecord stored_;  // its texts keep their memory from record to record
};

}  // namespace

core::Result<std::unique_ptr<EmbeddedLog>> EmbeddedLog::open_log(Settings settings) {
  if (settings.segment_bytes == 0 || settings.segment_bytes > Settings::segment_bytes_max) {
    return core::Error{core::ErrorCode::configuration_invalid, fmt::format("journal segments must have 1 to {} bytes",
                                                                           std::uint32_t{Settings::segment_bytes_max})};
  }
  Disk& disk = settings.disk;
  if (auto created = disk.make_directories(settings.directory); !created) return created.error();
  auto lock = disk.lock(settings.directory / "lock");
  if (!lock) return lock.error();
  auto recovered = recover(disk, settings.directory);
  if (!recovered) return recovered.error();
  if (auto removed = remove_left_behind(disk, settings.directory); !removed) return removed.error();
  auto segments = SegmentWriter::resume(disk, settings.directory, settings.segment_bytes, *recovered);
  if (!segments) return segments.error();
  return std::unique_ptr<EmbeddedLog>(
      new EmbeddedLog(std::move(settings), std::move(*lock), std::move(*segments), std::move(*recovered)));
}

EmbeddedLog::EmbeddedLog(Settings settings, std::unique_ptr<files::DiskLock> lock, SegmentWriter segments,
                         Recovered recovered)
    : settings_(std::move(settings)),
      lock_(std::move(lock)),
      torn_tail_bytes_(recovered.torn_tail_bytes),
      partitions_(std::move(recovered.partitions)),
      segments_(std::move(segments)) {
  if (settings_.writer == Writer::thread) writer_ = std::thread([this] { write_until_stopped(); });
}

EmbeddedLog::~EmbeddedLog() {
  if (settings_.writer == Writer::thread) stop();
}

void EmbeddedLog::stop() {
  const std::scoped_lock one_at_a_time(stop_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    work_arrived_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
  if (settings_.writer == Writer::caller) write_all();
}

core::Result<core::Offset> EmbeddedLog::open(core::Partition partition, Lost /*never: the directory is locked*/) {
  settle(partition);
  const std::scoped_lock lock(mutex_);
  if (failure_) return stopped_writing(*failure_);
  return partitions_[partition].next();
}

// Nothing is kept for a partition in use, but for what waits to be durable.
void EmbeddedLog::close(core::Partition partition) {
  settle(partition);
}

// What was appended to the partition so far is durable, or nothing ever will be.
void EmbeddedLog::settle(core::Partition partition) {
  if (settings_.writer == Writer::caller) return write_all();
  std::unique_lock lock(mutex_);
  PartitionLog& log = partitions_[partition];
  const core::Offset next = log.next();
  work_settled_.wait(lock, [&] { return failure_ || log.durable_end() >= next; });
}

void EmbeddedLog::append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) {
  std::optional<core::Error> refused;
  {
    const std::scoped_lock lock(mutex_);
    refused = refusal(partition, record);
    if (!refused) {
      pending_bytes_ += frame_bytes(record);
      const core::Offset offset = partitions_[partition].assign(record.epoch);
      waiting_.push_back({partition, offset, std::move(record), std::move(confirmed)});
      work_arrived_.notify_one();
    }
  }
  if (refused) confirmed(*std::move(refused));
}

std::optional<core::Error> EmbeddedLog::refusal(core::Partition partition,
                                                const processors::JournalRecord& record) const {
  if (failure_) return stopped_writing(*failure_);
  if (stopping_) return core::Error{core::ErrorCode::unavailable, "the journal is stopping; try again after a restart"};
  if (record.value.size() > record_bytes_max) {
    return core::Error{core::ErrorCode::payload_too_large,
                       fmt::format("a journal record of {} bytes, where {} are allowed; split the group",
                                   record.value.size(), std::size_t{record_bytes_max})};
  }
  const auto known = partitions_.find(partition);
  if (known != partitions_.end() && known->second.fences(record.epoch)) {
    return core::Error{core::ErrorCode::fenced,
                       fmt::format("partition {} belongs to epoch {}, no longer to {}", partition.value(),
                                   known->second.newest_epoch().value(), record.epoch.value())};
  }
  if (pending_bytes_ > 0 && pending_bytes_ + frame_bytes(record) > settings_.pending_bytes_max) {
    return core::Error{core::ErrorCode::overloaded,
                       fmt::format("{} bytes wait to be durable; try again", pending_bytes_)};
  }
  return std::nullopt;
}

core::Offset EmbeddedLog::durable_end(core::Partition partition) const {
  const std::scoped_lock lock(mutex_);
  const auto known = partitions_.find(partition);
  return known == partitions_.end() ? core::Offset(0) : known->second.durable_end();
}

core::Result<Stretch> EmbeddedLog::stretch_with(core::Partition partition, core::Offset from) const {
  const std::scoped_lock lock(mutex_);
  const PartitionLog& log = partitions_.at(partition);
  if (from >= log.first()) return log.stretch_with(from);
  return core::Error{core::ErrorCode::log_corrupt,
                     fmt::format("partition {} of the journal begins at offset {}: the records from {} on were "
                                 "trimmed, and are in the archive if there is one",
                                 partition.value(), log.first().value(), from.value())};
}

core::Result<core::Offset> EmbeddedLog::first(core::Partition partition) {
  const std::scoped_lock lock(mutex_);
  const auto known = partitions_.find(partition);
  return known == partitions_.end() ? core::Offset(0) : known->second.first();
}

core::Result<void> EmbeddedLog::trim(core::Partition partition, core::Offset before) {
  const std::scoped_lock one_at_a_time(trim_mutex_);
  auto segments = list_segments(settings_.disk, settings_.directory);
  if (!segments) return segments.error();
  Base base;
  {
    const std::scoped_lock lock(mutex_);
    core::Offset& known = given_up_[partition];
    known = std::max(known, before);
    const std::size_t count = given_up(*segments);
    if (count == 0) return {};
    const FirstSequence kept = segments->at(count);
    segments->resize(count);
    base = base_behind(segments->back(), kept);
  }
  if (auto written = write_base(settings_.disk, settings_.directory, base); !written) return written;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [number, log] : partitions_) log.forget(segments->back());
  }
  return remove_segments(settings_.disk, settings_.directory, *segments);
}

// Never the last one, which is written to. In those before it everything is durable.
std::size_t EmbeddedLog::given_up(const std::vector<FirstSequence>& segments) const {
  std::size_t count = 0;
  for (; count + 1 < segments.size(); ++count) {
    for (const auto& [partition, log] : partitions_) {
      const auto trimmed = given_up_.find(partition);
      const core::Offset kept = trimmed == given_up_.end() ? log.first() : std::max(log.first(), trimmed->second);
      if (log.first_behind(segments[count]) > kept) return count;
    }
  }
  return count;
}

Base EmbeddedLog::base_behind(FirstSequence segment, FirstSequence kept) const {
  Base base;
  base.segment = kept;
  for (const auto& [partition, log] : partitions_) {
    const core::Offset first = log.first_behind(segment);
    if (first > core::Offset(0)) base.partitions[partition] = {first, log.newest_epoch()};
  }
  return base;
}

core::Result<core::Offset> EmbeddedLog::read(core::Partition partition, core::Offset from, const Visit& visit) {
  // Fixed before the first byte is read: whatever lies before this end is durable and changes no more.
  const core::Offset end = durable_end(partition);
  PartitionReader reader(settings_.disk, settings_.directory, partition);
  core::Offset next = from;
  while (next < end) {
    auto stretch = stretch_with(partition, next);
    if (!stretch) return stretch.error();
    stretch->end = std::min(stretch->end, end);
    auto wants_more = reader.visit(*stretch, next, visit);
    if (!wants_more) {
      const auto still_there = stretch_with(partition, next);
      return still_there ? wants_more.error() : still_there.error();
    }
    if (!*wants_more) break;
  }
  return next;
}

void EmbeddedLog::write_until_stopped() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
    }
    write_all();
  }
}

void EmbeddedLog::write_all() {
  while (write_step()) continue;
}

bool EmbeddedLog::write_waiting() {
  INVARIANT(settings_.writer == Writer::caller);
  return write_step();
}

bool EmbeddedLog::write_step() {
  if (rest_.empty()) {
    const std::scoped_lock lock(mutex_);
    group_.swap(waiting_);
    rest_ = group_;
  }
  if (rest_.empty()) return false;
  const auto written = write_some(rest_);
  if (written) {
    confirm(rest_.first(*written));
    rest_ = rest_.subspan(*written);
  } else {
    fail(written.error(), std::exchange(rest_, {}));
  }
  if (rest_.empty()) group_.clear();
  return true;
}

// Makes as many records durable as fit into one segment, one at least. Answers how many.
core::Result<std::size_t> EmbeddedLog::write_some(std::span<Pending> group) {
  if (auto made = segments_.make_room(frame_bytes(group.front().record)); !made) return made.error();
  const Place begin = segments_.end();
  buffer_.clear();
  std::size_t count = 0;
  for (Pending& pending : group) {
    if (buffer_.size() + frame_bytes(pending.record) > segments_.room()) break;
    pending.place = {.segment = begin.segment, .position = begin.position + buffer_.size()};
    encode_frame(buffer_, pending.partition, pending.offset, static_cast<std::uint32_t>(begin.position),
                 pending.record);
    ++count;
  }
  if (auto written = segments_.write(buffer_, count); !written) return written.error();
  return count;
}

void EmbeddedLog::confirm(std::span<Pending> written) {
  FAULT_POINT(F03);
  {
    const std::scoped_lock lock(mutex_);
    for (const Pending& pending : written) {
      partitions_[pending.partition].stored(pending.place);
      pending_bytes_ -= frame_bytes(pending.record);
    }
    work_settled_.notify_all();
  }
  for (const Pending& pending : written) pending.confirmed(pending.offset);
}

void EmbeddedLog::fail(const core::Error& cause, std::span<Pending> unwritten) {
  std::vector<Pending> waiting;
  {
    const std::scoped_lock lock(mutex_);
    failure_ = cause;
    waiting.swap(waiting_);
    work_settled_.notify_all();
  }
  for (const Pending& pending : unwritten) pending.confirmed(stopped_writing(cause));
  for (const Pending& pending : waiting) pending.confirmed(stopped_writing(cause));
  if (settings_.on_fatal) settings_.on_fatal(cause.detail);
}

}  // namespace adapters::embedded_log
