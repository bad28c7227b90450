#include "tests/simulation/disk_journal.h"

#include <utility>

namespace simulation {

namespace {

constexpr std::uint32_t segment_bytes = 48u << 10;  // small, so that the log goes on in another one now and then
constexpr core::Duration sync_max = std::chrono::milliseconds(30);

}  // namespace

core::Result<std::unique_ptr<DiskJournal>> DiskJournal::open(adapters::files::SimulatedDisk& disk, Agenda& agenda,
                                                             Chance& chance, std::function<void()> broken) {
  std::unique_ptr<DiskJournal> journal(new DiskJournal(agenda, chance));
  journal->disk_ = disk.mount();
  adapters::embedded_log::Settings settings{.directory = "/data/journal", .disk = *journal->disk_};
  settings.segment_bytes = segment_bytes;
  settings.on_fatal = [broken = std::move(broken)](const std::string&) { broken(); };
  settings.writer = adapters::embedded_log::Writer::caller;
  auto log = adapters::embedded_log::EmbeddedLog::open_log(std::move(settings));
  if (log.has_error()) return log.error();
  journal->log_ = std::move(*log);
  return journal;
}

core::Result<core::Offset> DiskJournal::open(core::Partition partition, Lost lost) {
  if (*dead_) return core::Error{core::ErrorCode::unavailable, "the process is gone"};
  opening_.insert(partition);
  return log_->open(partition, std::move(lost));
}

void DiskJournal::close(core::Partition partition) {
  if (!*dead_) log_->close(partition);
}

// What comes while a write is planned goes with it. A partition's first record is waited for, and written at once.
void DiskJournal::append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) {
  // Of a process that is gone somebody may still wait, in the middle of a call.
  const core::Error gone{core::ErrorCode::unavailable, "the process is gone"};
  if (*dead_) return confirmed(gone);
  log_->append(partition, std::move(record), [dead = dead_, gone, confirmed = std::move(confirmed)](auto offset) {
    if (*dead) return confirmed(gone);
    confirmed(std::move(offset));
  });
  if (opening_.erase(partition) > 0) {
    write();
    return;
  }
  if (std::exchange(write_planned_, true)) return;
  agenda_.later(chance_.between(core::Duration(0), sync_max), [this, dead = dead_] {
    if (*dead) return;
    write_planned_ = false;
    write();
  });
}

// One step writes what fits into the segment.
void DiskJournal::write() {
  while (!*dead_ && log_->write_waiting()) continue;
}

}  // namespace simulation
