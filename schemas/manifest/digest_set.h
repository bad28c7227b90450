// A set of 128-bit digests, for a million ids in little memory: 16 bytes each at load 0.4 to 0.8, so at most 40.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace schemas::manifest {

using Digest128 = std::array<std::uint8_t, 16>;

// Open addressing in 256 tables, so that while one of them grows the others stay as they are. The digests must come
// from a cryptographic hash: their own bytes choose the slots. Threading: one thread.
class DigestSet {
 public:
  // False when it was there before.
  bool insert(const Digest128& digest) {
    if (digest == Digest128{}) return !std::exchange(zero_, true);  // the mark of a free slot
    Table& table = tables_[digest[0]];
    if (table.used * 5 >= table.slots.size() * 4) grow(table);
    Digest128& slot = slot_of(table.slots, digest);
    if (slot == digest) return false;
    slot = digest;
    ++table.used;
    return true;
  }

 private:
  struct Table {
    std::vector<Digest128> slots;  // a power of two, never full
    std::size_t used = 0;
  };

  // Where the digest is, or the free slot where it goes.
  static Digest128& slot_of(std::vector<Digest128>& slots, const Digest128& digest) {
    std::size_t position = 0;
    std::memcpy(&position, digest.data() + sizeof(position), sizeof(position));
    while (true) {
      Digest128& slot = slots[position++ & (slots.size() - 1)];
      if (slot == digest || slot == Digest128{}) return slot;
    }
  }

  static void grow(Table& table) {
    std::vector<Digest128> larger(std::max<std::size_t>(8, table.slots.size() * 2));
    for (const Digest128& digest : table.slots) {
      if (digest != Digest128{}) slot_of(larger, digest) = digest;
    }
    table.slots = std::move(larger);
  }

  std::array<Table, 256> tables_;
  bool zero_ = false;
};

}  // namespace schemas::manifest
