// Texts as keys of tables, and ids that are only remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace processors::audit {

struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): found by a view, without a copy
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

inline std::uint64_t fingerprint(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

// Ids that must not come again, by 64 bits of each: an id that comes again is always seen, and among a hundred million
// different ones two are taken for one in less than one log of three thousand.
class SeenIds {
 public:
  // Whether it is new.
  bool insert(std::string_view id) { return insert(fingerprint(id)); }
  bool insert(std::uint64_t print) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    std::uint64_t& slot = slot_of(slots_, key_of(print));
    if (slot != empty) return false;
    slot = key_of(print);
    ++count_;
    return true;
  }
  bool contains(std::string_view id) const {
    return !slots_.empty() && slot_of(const_cast<Slots&>(slots_), key_of(fingerprint(id))) != empty;
  }

 private:
  using Slots = std::vector<std::uint64_t>;
  static constexpr std::uint64_t empty = 0;

  static std::uint64_t key_of(std::uint64_t print) { return print == empty ? 1 : print; }
  static std::uint64_t& slot_of(Slots& slots, std::uint64_t key) {
    std::size_t at = key & (slots.size() - 1);
    while (slots[at] != empty && slots[at] != key) at = (at + 1) & (slots.size() - 1);
    return slots[at];
  }
  void grow() {
    Slots larger(slots_.empty() ? 64 : 2 * slots_.size());
    for (const std::uint64_t key : slots_) {
      if (key != empty) slot_of(larger, key) = key;
    }
    slots_ = std::move(larger);
  }

  Slots slots_;  // a power of two of them
  std::size_t count_ = 0;
};

}  // namespace processors::audit
