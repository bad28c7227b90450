// What the simulated provider answers: a pure function of model and item.
#pragma once

#include <string>

#include "core/ids.h"
#include "processors/ports/lane.h"

namespace adapters::simulated {

// The answer to one item: `succeeded`, or `item_fault` when the vendor would refuse its body. Text and embeddings
// depend on model and input only; `provider_body` is shaped as the vendor's own and marked "simulated". Several
// embeddings in one item: the text is an array of arrays.
processors::LaneAnswer answer_item(const core::ModelSlug& model, const processors::LaneItem& item);

// An answer that is none, its body shaped as the vendor's errors.
processors::LaneAnswer fault_answer(const processors::LaneItem& item, processors::Verdict verdict, std::string code,
                                    std::string message);

}  // namespace adapters::simulated
