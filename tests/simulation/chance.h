// What a history leaves to chance.
#pragma once

#include <cstdint>
#include <iterator>

#include "adapters/simulated/random.h"
#include "core/time.h"

namespace simulation {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  bool happens(double probability) { return probability > 0 && random_.fraction() < probability; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + random_.below(most - least + 1); }
  core::Duration between(core::Duration least, core::Duration most) {
    return least + core::Duration(static_cast<core::Duration::rep>(
                       random_.below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  template <class Range>
  auto& one_of(Range& range) {
    return *std::next(std::begin(range), static_cast<std::ptrdiff_t>(random_.below(std::size(range))));
  }
  std::uint64_t next() { return random_.next(); }

 private:
  adapters::simulated::Random random_;
};

}  // namespace simulation
