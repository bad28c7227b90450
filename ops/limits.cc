#include "ops/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <latch>
#include <string>
#include <thread>

namespace ops {

namespace {

constexpr rlim_t address_space_min = 1u << 30;   // threads' stacks and heaps, most of it never touched
constexpr std::uint64_t descriptors_kept = 512;  // for the state's files (256 at most), the journal, payloads, lanes
constexpr std::uintmax_t room_bytes_min = 16u << 20;  // below it the node calls itself not ready

}  // namespace

core::Result<void> check_threads(std::size_t threads) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < address_space_min)
    return core::Error{core::ErrorCode::configuration_invalid,
                       "the address space of this process is limited to " + std::to_string(limit.rlim_cur >> 20) +
                           " MiB, and it takes " + std::to_string(address_space_min >> 20) + "; raise ulimit -v"};
  std::latch tried(1);
  std::vector<std::thread> trial;
  core::Result<void> had;
  try {
    while (trial.size() < threads) trial.emplace_back([&tried] { tried.wait(); });
  } catch (const std::exception& exception) {
    had = core::Error{core::ErrorCode::configuration_invalid,
                      "this process may have " + std::to_string(trial.size()) + " threads, and it takes " +
                          std::to_string(threads) + " (" + exception.what() + "); raise ulimit -u, or pids.max"};
  }
  tried.count_down();
  for (std::thread& thread : trial) thread.join();
  return had;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return RLIM_INFINITY;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

std::size_t connections_that_fit(std::size_t wanted, std::uint64_t descriptors) {
  const bool few = descriptors < 2 * descriptors_kept;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(wanted, few ? descriptors / 4 : descriptors - descriptors_kept));
}

std::optional<core::Error> room_fault(const std::vector<std::filesystem::path>& directories) {
  for (const std::filesystem::path& directory : directories) {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(directory, error);
    if (error || space.available >= room_bytes_min) continue;
    return core::Error{core::ErrorCode::storage_failed,
                       directory.string() + " has " + std::to_string(space.available >> 10) +
                           " KiB left: make room, or the service ends when the journal can grow no more"};
  }
  return std::nullopt;
}

}  // namespace ops
