// The journal as files of this process: no broker, and one fdatasync for whatever waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "adapters/embedded_log/base.h"
#include "adapters/embedded_log/partition_log.h"
#include "adapters/embedded_log/recovery.h"
#include "adapters/embedded_log/segment_writer.h"
#include "adapters/files/disk.h"
#include "adapters/files/posix_disk.h"
#include "processors/ports/journal.h"

namespace adapters::embedded_log {

// Who writes what was appended: a thread of the log's own, or whoever calls write_waiting().
enum class Writer { thread, caller };

struct Settings {
  static constexpr std::uint32_t segment_bytes_max = 1u << 30;

  std::filesystem::path directory;
  std::uint32_t segment_bytes = 64u << 20;         // set aside at once; a larger record gets a larger segment
  std::size_t pending_bytes_max = 32u << 20;       // not durable yet; beyond it appends are overloaded
  std::function<void(std::string)> on_fatal = {};  // once, from the writer, when a write failed
  Disk& disk = files::posix_disk();
  Writer writer = Writer::thread;
};

// All partitions share one sequence of segments, so that one fdatasync confirms records of all of them.
//
// Threading:  every member from any thread. `confirmed` runs on the writer thread, or at once on the caller's for a
//             refusal; it must not call open(), close() or stop(). `visit` runs on the caller's thread.
//             With Writer::caller there is no thread: everything from one thread, and what waits is written by
//             write_waiting(), and by open(), close() and stop() instead of waiting.
// Durability: whatever arrived during the last fdatasync is written with one write and made durable with one fdatasync;
//             only then is it visible to read(), and then confirmed.
// Failure:    a write or sync that failed is final, since the system may drop the bytes and report it only once.
//             Nothing is written any more, every append answers storage_failed; start again to recover from the disk.
// Fencing:    an append with an older epoch than one before it in its partition is refused and not written.
// Ownership:  one process at a time, by a lock on the directory.
class EmbeddedLog final : public processors::Journal {
 public:
  // Checks the whole log, cuts off a torn tail and starts the writer thread.
  // Errors: unavailable (in use, naming the process), log_corrupt (naming file and position), storage_failed,
  //         configuration_invalid.
  static core::Result<std::unique_ptr<EmbeddedLog>> open_log(Settings settings);

  // As stop(); with Writer::caller what still waits is neither written nor answered.
  ~EmbeddedLog() override;

  // Waits until what was appended before is durable.
  core::Result<core::Offset> open(core::Partition partition, Lost lost) override;
  // Waits until what was appended before is durable and answered.
  void close(core::Partition partition) override;
  void append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) override;
  core::Result<core::Offset> first(core::Partition partition) override;
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override;

  // Removes the oldest segments in which every record of every partition was given up, by a trim since the log was
  // opened. Says first where the log begins from now on, durably: after a crash in between, opening it goes on.
  core::Result<void> trim(core::Partition partition, core::Offset before) override;

  // One step of the writer: one write and one fdatasync for what waits, or for as much of it as fits into the segment,
  // and then the answers. False when nothing waited. Requires Writer::caller, and no call from within `confirmed`.
  bool write_waiting();

  // Makes what is pending durable and answers it; refuses later appends with unavailable. Idempotent.
  void stop();

  // Bytes of unfinished writes that were cut off at the start; nobody had been told of them.
  std::uint64_t torn_tail_bytes() const { return torn_tail_bytes_; }

 private:
  struct Pending {
    core::Partition partition;
    core::Offset offset;
    processors::JournalRecord record;
    Confirmed confirmed;
    Place place = {};  // once written
  };

  EmbeddedLog(Settings settings, std::unique_ptr<files::DiskLock> lock, SegmentWriter segments, Recovered recovered);

  std::optional<core::Error> refusal(core::Partition partition, const processors::JournalRecord& record) const;

  // How many of the first segments nobody needs. Requires every segment there is.
  std::size_t given_up(const std::vector<FirstSequence>& segments) const;
  Base base_behind(FirstSequence segment, FirstSequence kept) const;

  core::Offset durable_end(core::Partition partition) const;
  core::Result<Stretch> stretch_with(core::Partition partition, core::Offset from) const;

  void settle(core::Partition partition);
  void write_until_stopped();
  void write_all();
  bool write_step();
  core::Result<std::size_t> write_some(std::span<Pending> group);
  void confirm(std::span<Pending> written);
  void fail(const core::Error& cause, std::span<Pending> unwritten);

  const Settings settings_;
  const std::unique_ptr<files::DiskLock> lock_;
  const std::uint64_t torn_tail_bytes_;

  mutable std::mutex mutex_;  // of what follows, up to the writer's own
  std::condition_variable work_arrived_;
  std::condition_variable work_settled_;
  std::map<core::Partition, PartitionLog> partitions_;
  std::map<core::Partition, core::Offset> given_up_;  // records before it, by trim()
  std::vector<Pending> waiting_;
  std::size_t pending_bytes_ = 0;  // waiting or being written
  std::optional<core::Error> failure_;
  bool stopping_ = false;

  SegmentWriter segments_;  // from here on of the writer alone
  std::string buffer_;
  std::vector<Pending> group_;
  std::span<Pending> rest_;  // of the group, not written yet

  std::mutex trim_mutex_;
  std::mutex stop_mutex_;
  std::thread writer_;  // last: it uses everything above
};

}  // namespace adapters::embedded_log
