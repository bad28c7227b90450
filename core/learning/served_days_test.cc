// If this failed, customers would be told of savings that they did not have.
#include <gtest/gtest.h>

#include "core/learning/rules.h"
#include "core/testing/memory_state.h"
#include "core/testing/samples.h"

namespace core::learning {
namespace {

using namespace core::testing;

const Timestamp noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + std::chrono::hours(12);

batch::LaneShare share_of(const ProviderId& provider, std::uint32_t items) {
  batch::LaneShare share;
  share.provider = provider;
  share.model = small_model;
  share.mode = Mode::batch;
  share.succeeded = items;
  share.input_tokens = 1'000;
  share.cached_tokens = 600;
  share.output_tokens = 100;
  share.charged = cents(1);
  return share;
}

TEST(ServedDays, MeasureSavingsByTheSameTokensCachedOnesToo) {
  batch::Batch batch;
  batch.org = acme;
  batch.workflow = "support-digest";
  quote::Route way = route(cents(5), 10);
  way.list_prices = {TokenPrice::from_picos(1'000'000), TokenPrice::from_picos(100'000),
                     TokenPrice::from_picos(4'000'000)};
  MemoryState state;
  settle(state, noon, batch, way, share_of(openai, 3));
  settle(state, noon, batch, way, share_of(openai, 2));
  settle(state, noon, batch, way, share_of(ProviderId("other"), 1));

  ServedDay day;
  day.org = acme;
  day.day = std::chrono::floor<std::chrono::days>(noon);
  day.provider = openai;
  day.model = small_model;
  day.mode = Mode::batch;
  const ServedDay& quoted = *state.find<ServedDay>(day.key());
  EXPECT_EQ(quoted.succeeded, 5u);
  EXPECT_EQ(quoted.fallbacks, 0u);
  EXPECT_EQ(quoted.list, Money::from_nanos(2 * (400 * 1'000 + 600 * 100 + 100 * 4'000)));
  EXPECT_EQ(quoted.charged, cents(2));
  day.provider = ProviderId("other");
  EXPECT_EQ(state.find<ServedDay>(day.key())->fallbacks, 1u);
  EXPECT_EQ(state.find<WorkflowDay>({day.day, "support-digest"})->items_settled, 6u);
}

}  // namespace
}  // namespace core::learning
