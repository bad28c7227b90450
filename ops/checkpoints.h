// The checkpoints that the service writes, and reading them again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/signer.h"
#include "processors/ports/state_store.h"

namespace ops {

// A line for each partition that has moved, whenever it is asked; a file for each day. The state's position is what is
// known to be durable in the journal, and its chain covers all that came before.
//
// Threading: one thread at a time. Durability: what write() answered for is on the disk.
class Checkpoints {
 public:
  // Makes the directory and its first file, so that whoever finds keys and no checkpoints knows that they were removed:
  // to be called before the signer's keys are made. Errors: storage_failed.
  static core::Result<void> prepare(const std::filesystem::path& directory, core::Timestamp now);

  // What is borrowed must outlive it.
  Checkpoints(std::filesystem::path directory, const processors::Signer& signer, const processors::StateStore& store,
              std::uint32_t partitions, std::function<core::Timestamp()> now);

  // How many lines were written. Errors: storage_failed, log_corrupt (the last line cannot be read); it may be called
  // again.
  core::Result<std::size_t> write();

 private:
  core::Result<void> find_end();
  core::Result<std::string> lines(core::Timestamp now, std::map<core::Partition, core::Offset>& written);
  core::Result<void> append(const std::string& text, core::Timestamp now);

  const std::filesystem::path directory_;
  const processors::Signer& signer_;
  const processors::StateStore& store_;
  const std::uint32_t partitions_;
  const std::function<core::Timestamp()> now_;

  bool found_ = false;  // where the files end
  std::string newest_;  // name of the newest file
  std::uint64_t number_ = 0;
  std::string before_;  // digest of the last line
  std::map<core::Partition, core::Offset> written_;
};

struct CheckpointFile {
  std::string name;
  std::string text;
};
// In order. No directory is as no file. Errors: storage_failed.
core::Result<std::vector<CheckpointFile>> read_checkpoint_files(const std::filesystem::path& directory);

}  // namespace ops
