#include "core/pricing.h"

#include <algorithm>

namespace core {
namespace {

// Bought for an item that names no limit. Long enough for most answers; unused tokens are released at settlement.
constexpr std::int64_t output_tokens_default = 1'024;

constexpr std::int64_t tokens_max = std::int64_t{1} << 40;

bool countable(std::int64_t tokens) {
  return tokens >= 0 && tokens <= tokens_max;
}

}  // namespace

std::int64_t output_tokens_to_buy(const Model& model, const ManifestItem& item) {
  if (item.operation == Operation::embeddings) return 0;
  return std::min(item.output_tokens_max.value_or(output_tokens_default), model.output_tokens_max);
}

std::optional<Money> price_tokens(const Prices& prices, std::int64_t input_tokens, std::int64_t cached_tokens,
                                  std::int64_t output_tokens) {
  if (!countable(input_tokens) || !countable(cached_tokens) || !countable(output_tokens)) return std::nullopt;
  if (cached_tokens > input_tokens) return std::nullopt;
  return Cost()
      .add(prices.input, input_tokens - cached_tokens)
      .add(prices.cached_input, cached_tokens)
      .add(prices.output, output_tokens)
      .round_up();
}

}  // namespace core
