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
#include "adapters/files/lock_file.h"
#include "processors/ports/journal.h"

namespace adapters::embedded_log {

struct Settings {
  static constexpr std::uint32_t segment_bytes_max = 1u << 30;

  std::filesystem::path directory;
  std::uint32_t segment_bytes = 64u << 20;         // set aside at once; a larger record gets a larger segment
  std::size_t pending_bytes_max = 32u << 20;       // not durable yet; beyond it appends are overloaded
  std::function<void(std::string)> on_fatal = {};  // once, from the writer thread, when a write failed
};

// All partitions share one sequence of segments, so that one fdatasync confirms records of all of them.
//
// Threading:  every member from any thread. `confirmed` runs on the writer thread, or at once on the caller's for a
//             refusal; it must not call open() or stop(). `visit` runs on the caller's thread.
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

  ~EmbeddedLog() override;  // as stop()

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

  EmbeddedLog(Settings settings, files::LockFile lock, SegmentWriter segments, Recovered recovered);

  std::optional<core::Error> refusal(core::Partition partition, const processors::JournalRecord& record) const;

  // How many of the first segments nobody needs. Requires every segment there is.
  std::size_t given_up(const std::vector<FirstSequence>& segments) const;
  Base base_behind(FirstSequence segment, FirstSequence kept) const;

  core::Offset durable_end(core::Partition partition) const;
  core::Result<Stretch> stretch_with(core::Partition partition, core::Offset from) const;

  void write_until_stopped();
  core::Result<std::size_t> write_some(std::span<Pending> group);
  void settle(std::span<Pending> written);
  void fail(const core::Error& cause, std::span<Pending> unwritten);

  const Settings settings_;
  const files::LockFile lock_;
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

  SegmentWriter segments_;  // these two of the writer thread alone
  std::string buffer_;

  std::mutex trim_mutex_;
  std::mutex stop_mutex_;
  std::thread writer_;  // last: it uses everything above
};

}  // namespace adapters::embedded_log
