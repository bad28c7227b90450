#include "ops/brctl/scratch_state.h"

#include <stdlib.h>

#include <system_error>
#include <utility>

#include "adapters/files/files.h"

namespace ops::brctl {

namespace {

using adapters::rocksdb::RocksdbState;

// There is nobody else who would need the memory.
constexpr adapters::rocksdb::Settings settings{.block_cache_bytes = 128u << 20, .write_buffer_bytes = 256u << 20};

}  // namespace

core::Result<ScratchState> ScratchState::make(std::uint32_t partitions) {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "brctl-replay-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) return adapters::files::failure("cannot make a directory like", name);
  ScratchState scratch;
  scratch.temporary_ = name;
  auto state = RocksdbState::open_state(scratch.temporary_, partitions, settings);
  if (!state) return state.error();
  scratch.state_ = std::move(*state);
  return scratch;
}

core::Result<ScratchState> ScratchState::make_in(const std::filesystem::path& directory, std::uint32_t partitions) {
  std::error_code error;
  if (std::filesystem::exists(directory, error) && !std::filesystem::is_empty(directory, error)) {
    return core::Error{core::ErrorCode::configuration_invalid,
                       directory.string() + " is not empty; name a directory for this state alone"};
  }
  auto state = RocksdbState::open_state(directory, partitions, settings);
  if (!state) return state.error();
  ScratchState scratch;
  scratch.state_ = std::move(*state);
  return scratch;
}

ScratchState::ScratchState(ScratchState&& other) noexcept
    : temporary_(std::exchange(other.temporary_, {})), state_(std::move(other.state_)) {}

ScratchState::~ScratchState() {
  state_.reset();
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
}

}  // namespace ops::brctl
