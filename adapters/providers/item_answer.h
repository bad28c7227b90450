// One item's answer, from what the provider sent for it.
#pragma once

#include <string>

#include "adapters/providers/sorting.h"
#include "core/catalog.h"
#include "processors/ports/lane.h"

namespace adapters::providers {

// No answer, for the reason that was sorted out.
processors::LaneAnswer fault_answer(std::uint32_t number, const Sorted& sorted, std::string provider_body);

struct ItemAnswer {
  processors::LaneAnswer answer;
  Sorted sorted;  // of an error that came as a success; otherwise means nothing
};

// The body of a 200. Usage that cannot be true becomes zeros, for the caller to estimate.
ItemAnswer read_item_answer(const processors::LaneItem& item, core::Operation dialect, std::string body);

}  // namespace adapters::providers
