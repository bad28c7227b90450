// What an item may cost at most, and what it did cost.
#pragma once

#include <cstdint>
#include <optional>

#include "core/catalog.h"
#include "core/manifest.h"
#include "core/money.h"

namespace core {

// Output tokens to buy for an item: what the customer asked for, else a documented default, never more than the model
// gives. 0 for embeddings.
std::int64_t output_tokens_to_buy(const Model& model, const ManifestItem& item);

// prices × tokens with the one rounding. nullopt when it does not fit or a count is negative or above 2^40.
// cached_tokens are part of input_tokens.
std::optional<Money> price_tokens(const Prices& prices, std::int64_t input_tokens, std::int64_t cached_tokens,
                                  std::int64_t output_tokens);

}  // namespace core
