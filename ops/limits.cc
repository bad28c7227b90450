#include "ops/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

namespace ops {

namespace {

constexpr std::uint64_t descriptors_kept = 512;  // for the state's files (256 at most), the journal, payloads, lanes
constexpr std::uintmax_t room_bytes_min = 16u << 20;  // below it the node calls itself not ready

}  // namespace

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
