#include "adapters/embedded_log/recovery.h"

#include <algorithm>

#include "adapters/embedded_log/base.h"
#include "adapters/embedded_log/frame_walk.h"

namespace adapters::embedded_log {

core::Result<Recovered> recover(Disk& disk, const std::filesystem::path& directory) {
  auto base = read_base(disk, directory);
  if (!base) return base.error();
  Recovered recovered;
  recovered.records = base->segment;
  for (const auto& [partition, before] : base->partitions)
    recovered.partitions.emplace(partition, PartitionLog(before.first, before.newest));
  FrameWalk walk(disk, directory);
  for (;;) {
    auto frame = walk.next();
    if (!frame) return frame.error();
    if (!*frame) break;
    PartitionLog& partition = recovered.partitions[(*frame)->partition];
    partition.assign((*frame)->epoch);
    partition.stored(walk.place());
    ++recovered.records;
    recovered.last_write = (*frame)->synced;
  }
  recovered.end = walk.end();
  if (recovered.end) recovered.last_write = std::min(recovered.last_write, recovered.end->position);
  recovered.torn_tail_bytes = walk.unfinished_bytes();
  return recovered;
}

}  // namespace adapters::embedded_log
