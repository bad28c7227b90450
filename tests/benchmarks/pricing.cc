// What pricing one item costs: three token counts times three prices, rounded once.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "core/money.h"

namespace {

struct Usage {
  std::int64_t input_tokens;
  std::int64_t cached_tokens;
  std::int64_t output_tokens;
};

constexpr std::array<Usage, 4> usages = {
    {{1, 0, 1}, {1'337, 512, 219}, {98'765, 0, 4'321}, {1'000'000, 999'999, 64'000}}};
constexpr std::int64_t input_picos = 750'000;
constexpr std::int64_t cached_picos = 75'001;  // does not divide by 1,000: the rounding has work to do
constexpr std::int64_t output_picos = 4'500'000;

void price_item(benchmark::State& state) {
  std::int64_t nanos = 0;
  std::int64_t expected = 0;
  for (const Usage& usage : usages) {
    const std::int64_t picos =
        usage.input_tokens * input_picos + usage.cached_tokens * cached_picos + usage.output_tokens * output_picos;
    expected += (picos + 999) / 1'000;
  }
  for (auto _ : state) {
    nanos = 0;
    for (Usage usage : usages) {
      benchmark::DoNotOptimize(usage);
      core::Cost cost;
      cost.add(core::TokenPrice::from_picos(input_picos), usage.input_tokens);
      cost.add(core::TokenPrice::from_picos(cached_picos), usage.cached_tokens);
      cost.add(core::TokenPrice::from_picos(output_picos), usage.output_tokens);
      nanos += cost.round_up().value().nanos();
    }
    if (nanos != expected) {
      state.SkipWithError("the prices are wrong");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(usages.size()));
}
BENCHMARK(price_item);

}  // namespace
