// Which items of a manifest ask for the same: same operation, models, input and limits. Metadata and the customer's id
// may differ.
//
// Memory: 40 bytes an item while they are added, then 16 for each item that equals an earlier one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/manifest.h"
#include "core/result.h"
#include "processors/ports/blob_store.h"

namespace processors {

class EqualItems {
 public:
  // Of one item; the next one that equals it is asked again. Their rows are written together.
  static constexpr std::size_t equals_max = 1'000;

  // Where an item's line stands in the spool.
  struct Place {
    std::uint32_t number = 0;
    std::uint32_t bytes = 0;
    std::uint64_t offset = 0;
  };

  void add(const core::ManifestItem& item, const Place& place);
  void finish();

  // Whether it equals one with a lower number.
  bool equals_earlier(std::uint32_t number) const { return number < is_equal_.size() && is_equal_[number]; }
  // Those that equal it and have higher numbers, in order.
  std::vector<Place> equals_of(std::uint32_t number) const;

 private:
  struct Asked {
    std::array<std::uint64_t, 2> digest{};
    Place place;
  };
  struct Equal {
    std::uint32_t original = 0;
    Place place;
  };

  std::vector<Asked> asked_;
  std::vector<Equal> equals_;  // by original, then by number
  std::vector<bool> is_equal_;
};

}  // namespace processors
