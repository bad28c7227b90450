// Deterministic chance: the same on every machine, which the standard library's hashes and distributions are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace adapters::simulated {

// FNV-1a, 64 bits.
constexpr std::uint64_t hash(std::string_view text, std::uint64_t from = 0xcbf29ce484222325u) {
  for (const char byte : text) from = (from ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return from;
}

// SplitMix64.
class Random {
 public:
  constexpr explicit Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    std::uint64_t bits = state_ += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
  }
  // 0 to limit - 1; limit must not be 0.
  constexpr std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  // 0 to 1, 1 excluded.
  constexpr double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace adapters::simulated
