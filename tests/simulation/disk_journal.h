// A process's journal on a disk of its own: the embedded log as it is, written to step by step.
#pragma once

#include <memory>
#include <set>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/files/testing/simulated_disk.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/process.h"

namespace simulation {

class DiskJournal final : public ProcessJournal {
 public:
  // `broken` is called when the log can write no more: nothing goes on in that process.
  // Errors: as EmbeddedLog::open_log.
  static core::Result<std::unique_ptr<DiskJournal>> open(adapters::files::SimulatedDisk& disk, Agenda& agenda,
                                                         Chance& chance, std::function<void()> broken);

  void die() override { *dead_ = true; }

  core::Result<core::Offset> open(core::Partition partition, Lost lost) override;
  void close(core::Partition partition) override;
  void append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) override;
  core::Result<core::Offset> first(core::Partition partition) override { return log_->first(partition); }
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override {
    return log_->read(partition, from, visit);
  }
  core::Result<void> trim(core::Partition partition, core::Offset before) override {
    return log_->trim(partition, before);
  }

  std::uint64_t torn_tail_bytes() const { return log_->torn_tail_bytes(); }

 private:
  DiskJournal(Agenda& agenda, Chance& chance) : agenda_(agenda), chance_(chance) {}

  void write();

  Agenda& agenda_;  // of the world
  Chance& chance_;
  std::unique_ptr<adapters::files::Disk> disk_;
  std::shared_ptr<bool> dead_ = std::make_shared<bool>(false);
  std::set<core::Partition> opening_;  // opened, and not appended to yet
  bool write_planned_ = false;
  std::unique_ptr<adapters::embedded_log::EmbeddedLog> log_;  // first to go
};

}  // namespace simulation
