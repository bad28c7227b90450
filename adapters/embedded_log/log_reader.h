// Reads an embedded log from outside, beside the service that writes it or without one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/embedded_log/frame_walk.h"
#include "adapters/embedded_log/segment.h"
#include "adapters/files/posix_disk.h"
#include "core/ids.h"
#include "core/result.h"
#include "processors/ports/journal.h"

namespace adapters::embedded_log {

// Every record of every partition, in the order of the files: one pass where LogReader::read would take one a
// partition. Each reading goes on where the one before stopped; when it has met the end, a later one finds what has
// come since. Segments that appear are found; those trimmed away before the first reading are not missed.
// Threading: one thread at a time.
class LogScan {
 public:
  // Returns false to stop reading.
  using Visit = std::function<bool(core::Partition, const processors::StoredRecord&)>;

  LogScan(Disk& disk, const std::filesystem::path& directory) : walk_(disk, directory) {}
  LogScan(Disk& disk, const std::filesystem::path& directory, Place begin) : walk_(disk, directory, begin) {}

  // To the end, or to where `visit` stops it. With `damaged`, damage is told to it and does not stop the reading.
  // Errors: log_corrupt (naming file, byte and where known the record), unavailable (trimmed away before it was read),
  //         storage_failed.
  core::Result<void> read_on(const Visit& visit, const Damaged& damaged = {});

  // Of frames, so far.
  std::uint64_t bytes_read() const { return bytes_read_; }
  // Of the record that was visited last.
  Place place() const { return walk_.place(); }

 private:
  FrameWalk walk_;
  processors::StoredRecord stored_;  // its texts keep their memory from record to record
  std::uint64_t bytes_read_ = 0;
};

// Takes no lock and changes nothing; see FrameWalk for where the log ends and what counts as damage.
// Threading: any thread.
class LogReader final : public processors::JournalReader {
 public:
  // Errors: storage_failed (there is no such directory).
  static core::Result<std::unique_ptr<LogReader>> open(std::filesystem::path directory,
                                                       Disk& disk = files::posix_disk());

  // Where it has none, that of the next one.
  core::Result<core::Offset> first(core::Partition partition) override;
  // Reading on from where the last reading of the partition ended costs no search. Errors: as the port says.
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override;

  LogScan scan() const { return LogScan(disk_, directory_); }
  // From the beginning of the last so many segments; all of the log where there are no more.
  core::Result<LogScan> scan_end(std::size_t segments) const;

  std::size_t segments() const;  // 0 also where they cannot be listed
  // That the segments take on the disk; of the last one a part is not written yet.
  core::Result<std::uint64_t> bytes() const;

 private:
  struct Found {
    core::Offset offset;
    Place place;
  };

  LogReader(Disk& disk, std::filesystem::path directory) : disk_(disk), directory_(std::move(directory)) {}

  core::Error trimmed(core::Partition partition, core::Offset from, core::Offset kept) const;
  core::Result<std::optional<Found>> first_in(FirstSequence segment, bool grows, core::Partition partition);
  core::Result<std::optional<Found>> look_for_first_in(FirstSequence segment, core::Partition partition) const;
  core::Result<std::optional<Found>> find(core::Partition partition, core::Offset from);

  Disk& disk_;
  const std::filesystem::path directory_;
  std::mutex mutex_;  // of what follows: places that were found and stay
  // A partition's first record in a segment; of segments that grow no more also that there is none.
  std::map<std::pair<FirstSequence, core::Partition>, std::optional<Found>> firsts_;
  std::map<core::Partition, Found> ends_;  // where its last reading ended
};

}  // namespace adapters::embedded_log
