// Checks the request body of one item as far as every lane would: what only a lane can know is left to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/catalog.h"
#include "schemas/manifest/faults.h"

namespace schemas::manifest {

constexpr std::int64_t output_tokens_asked_max = 1'000'000;
constexpr std::size_t embeddings_inputs_max = 2'048;

struct InputFacts {
  std::int64_t input_tokens = 0;                  // with headroom; 0 when faults were added
  std::optional<std::int64_t> output_tokens_max;  // max_output_tokens, max_completion_tokens or max_tokens
};

// Keeps its memory from one item to the next. Threading: one thread.
class InputReader {
 public:
  InputReader();
  ~InputReader();

  // `json` is compact; `faults` is the scope of the body itself. Without an operation only what all have in common is
  // checked.
  InputFacts read(std::optional<core::Operation> operation, std::string_view json, const FaultScope& faults);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace schemas::manifest
