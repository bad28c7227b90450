// A state that a subcommand folds into.
#pragma once

#include <filesystem>
#include <memory>

#include "adapters/rocksdb/state.h"
#include "core/result.h"

namespace ops::brctl {

class ScratchState {
 public:
  // In a directory for temporary files, and gone with this object. Errors: storage_failed.
  static core::Result<ScratchState> make(std::uint32_t partitions);
  // To be kept. Errors: also configuration_invalid (there is something in the directory).
  static core::Result<ScratchState> make_in(const std::filesystem::path& directory, std::uint32_t partitions);

  ScratchState(ScratchState&&) noexcept;
  ScratchState& operator=(ScratchState&&) = delete;
  ~ScratchState();

  adapters::rocksdb::RocksdbState& state() { return *state_; }

 private:
  ScratchState() = default;

  std::filesystem::path temporary_;  // empty: kept
  std::unique_ptr<adapters::rocksdb::RocksdbState> state_;
};

}  // namespace ops::brctl
