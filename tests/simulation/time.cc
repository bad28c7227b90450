#include "tests/simulation/time.h"

#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "adapters/simulated/random.h"

namespace simulation {

namespace {

constexpr core::Timestamp first_moment = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

core::Timestamp now = first_moment;
adapters::simulated::Random entropy{0};

}  // namespace

void begin_time(std::uint64_t seed) {
  now = first_moment;
  entropy = adapters::simulated::Random(seed ^ 0x656e74726f7079u);
}

void advance_to(core::Timestamp time) {
  now = std::max(now, time);
}

core::Timestamp simulated_now() {
  return now;
}

std::chrono::nanoseconds machine_time() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void fill_with_chance(char* bytes, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t bits = entropy.next();
    const std::size_t some = std::min(count - done, sizeof bits);
    std::memcpy(bytes + done, &bits, some);
    done += some;
  }
}

}  // namespace simulation

// What the C++ and C libraries define is not asked where the program itself has it.
namespace std::chrono {
inline namespace _V2 {

system_clock::time_point system_clock::now() noexcept {
  return time_point_cast<duration>(simulation::simulated_now());
}

steady_clock::time_point steady_clock::now() noexcept {
  return time_point(duration_cast<duration>(simulation::simulated_now().time_since_epoch()));
}

}  // namespace _V2
}  // namespace std::chrono

extern "C" ssize_t getrandom(void* into, size_t count, unsigned) {
  simulation::fill_with_chance(static_cast<char*>(into), count);
  return static_cast<ssize_t>(count);
}
