// Reads one item of a manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/manifest.h"
#include "schemas/manifest/faults.h"
#include "schemas/manifest/input.h"

namespace schemas::manifest {

constexpr std::size_t models_max = 16;  // of model_options
constexpr std::size_t model_bytes_max = 128;

// Keeps its memory from one item to the next. Threading: one thread. Lifetime: `faults` outlives this.
class ItemReader {
 public:
  explicit ItemReader(FaultList& faults) : faults_(faults) {}

  // `json` is compact. nullopt: faults were added, in the order of the item's members, then what is missing.
  // `customer_item_id` becomes the item's id whenever that is good, whatever else is not; else empty.
  std::optional<core::ManifestItem> read(std::uint32_t number, std::string_view json, std::string& customer_item_id);

 private:
  FaultList& faults_;
  InputReader inputs_;
};

}  // namespace schemas::manifest
