// If this failed: an item would go where its owner forbade it, or to a dearer lane than needed.
#include "core/routing.h"

#include <gtest/gtest.h>

#include <optional>

namespace core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Prices usd_per_million(std::int64_t input, std::int64_t output) {
  return {TokenPrice::from_picos(input * 1'000'000), TokenPrice::from_picos(input * 100'000),
          TokenPrice::from_picos(output * 1'000'000)};
}

// Two models; offering 0 dear and prompt, 1 its batch at half the price, 2 private in Europe, 3 a better model.
Catalog catalog() {
  const std::vector<Operation> chat = {Operation::responses, Operation::chat_completions};
  return Catalog(
      "test", {{ProviderId("acme"), "Acme", 0.9, false}, {ProviderId("basement"), "Basement", 0.8, false}},
      {{ModelSlug("small"), "Small", ProviderId("acme"), chat, 10'000, 2'000, 0.5},
       {ModelSlug("large"), "Large", ProviderId("acme"), chat, 10'000, 2'000, 0.9}},
      {{ProviderId("acme"),
        ModelSlug("small"),
        Mode::sync,
        usd_per_million(2, 8),
        PrivacyTier::no_training,
        {"global"}},
       {ProviderId("acme"), ModelSlug("small"), Mode::batch, usd_per_million(1, 4), PrivacyTier::standard, {"global"}},
       {ProviderId("basement"),
        ModelSlug("small"),
        Mode::sync,
        usd_per_million(3, 9),
        PrivacyTier::zero_retention,
        {"eu"}},
       {ProviderId("acme"),
        ModelSlug("large"),
        Mode::sync,
        usd_per_million(5, 20),
        PrivacyTier::no_training,
        {"us", "eu"}}});
}

const std::vector<ConfiguredLane> lanes = {{ProviderId("acme"), Mode::sync, true},
                                           {ProviderId("acme"), Mode::batch, true},
                                           {ProviderId("basement"), Mode::sync, false}};

RouteRequest request() {
  RouteRequest request;
  request.models = {ModelSlug("small")};
  request.allowed_regions = {"global"};
  request.slack = hours(72);
  request.input_tokens = 1'000;
  request.output_tokens_max = 100;
  return request;
}

std::vector<std::size_t> ranking(const RouteDecision& decision) {
  std::vector<std::size_t> offerings;
  for (const RouteCandidate& candidate : decision.ranked) offerings.push_back(candidate.offering);
  return offerings;
}

std::optional<RejectionReason> reason(const RouteDecision& decision, const char* provider, Mode mode = Mode::sync) {
  for (const Rejection& rejection : decision.rejected) {
    if (rejection.provider == ProviderId(provider) && rejection.mode == mode) return rejection.reason;
  }
  return std::nullopt;
}

using Offerings = std::vector<std::size_t>;

TEST(Routing, cheapest_ranks_by_ceiling) {
  const RouteDecision decision = route(catalog(), lanes, request());
  EXPECT_EQ(ranking(decision), (Offerings{1, 0, 2}));
  EXPECT_EQ(decision.ranked[0].ceiling, Money::from_nanos(1'400'000));  // 1,000 × 1 + 100 × 4 USD per million
  EXPECT_TRUE(decision.rejected.empty());
}

TEST(Routing, looks_at_every_model_named) {
  RouteRequest both = request();
  both.models = {ModelSlug("large"), ModelSlug("small"), ModelSlug("unheard")};
  const RouteDecision decision = route(catalog(), lanes, both);
  EXPECT_EQ(ranking(decision), (Offerings{1, 0, 2, 3}));
  ASSERT_EQ(decision.rejected.size(), 1u);
  EXPECT_EQ(decision.rejected[0].model, ModelSlug("unheard"));
  EXPECT_EQ(decision.rejected[0].reason, RejectionReason::model_unknown);
}

TEST(Routing, model_wide_reasons_are_given_once) {
  RouteRequest messages = request();
  messages.operation = Operation::messages;
  const RouteDecision unsupported = route(catalog(), lanes, messages);
  ASSERT_EQ(unsupported.rejected.size(), 1u);
  EXPECT_EQ(unsupported.rejected[0].reason, RejectionReason::operation_not_supported);
  EXPECT_TRUE(unsupported.ranked.empty());
}

TEST(Routing, context_holds_input_and_output_together) {
  RouteRequest exact = request();
  exact.input_tokens = 9'900;
  EXPECT_FALSE(route(catalog(), lanes, exact).ranked.empty());
  exact.input_tokens = 9'901;
  const RouteDecision decision = route(catalog(), lanes, exact);
  EXPECT_TRUE(decision.ranked.empty());
  ASSERT_EQ(decision.rejected.size(), 1u);
  EXPECT_EQ(decision.rejected[0].reason, RejectionReason::context_too_small);
}

TEST(Routing, only_configured_lanes_are_used) {
  const RouteDecision decision = route(catalog(), {{ProviderId("acme"), Mode::batch, true}}, request());
  EXPECT_EQ(ranking(decision), (Offerings{1}));
  EXPECT_EQ(reason(decision, "acme"), RejectionReason::lane_not_configured);
  EXPECT_EQ(reason(decision, "basement"), RejectionReason::lane_not_configured);
}

TEST(Routing, public_only_leaves_out_private_servers) {
  RouteRequest public_only = request();
  public_only.routing_mode = RoutingMode::public_only;
  const RouteDecision decision = route(catalog(), lanes, public_only);
  EXPECT_EQ(ranking(decision), (Offerings{1, 0}));
  EXPECT_EQ(reason(decision, "basement"), RejectionReason::not_public);
}

TEST(Routing, a_stricter_privacy_tier_meets_a_laxer_one) {
  RouteRequest no_training = request();
  no_training.privacy_tier = PrivacyTier::no_training;
  const RouteDecision decision = route(catalog(), lanes, no_training);
  EXPECT_EQ(ranking(decision), (Offerings{0, 2}));
  EXPECT_EQ(reason(decision, "acme", Mode::batch), RejectionReason::privacy_tier_not_met);
}

TEST(Routing, an_offering_must_stay_within_the_allowed_regions) {
  RouteRequest eu = request();
  eu.models = {ModelSlug("small"), ModelSlug("large")};
  eu.allowed_regions = {"eu"};
  EXPECT_EQ(ranking(route(catalog(), lanes, eu)), (Offerings{2}));
  EXPECT_EQ(reason(route(catalog(), lanes, eu), "acme"), RejectionReason::region_not_allowed);
  eu.allowed_regions = {"eu", "us"};
  EXPECT_EQ(ranking(route(catalog(), lanes, eu)), (Offerings{2, 3}));
}

TEST(Routing, batch_lanes_need_half_a_day_and_sync_lanes_a_minute) {
  RouteRequest tight = request();
  tight.slack = hours(12);
  EXPECT_EQ(ranking(route(catalog(), lanes, tight)), (Offerings{1, 0, 2}));
  tight.slack = hours(12) - seconds(1);
  EXPECT_EQ(ranking(route(catalog(), lanes, tight)), (Offerings{0, 2}));
  tight.slack = minutes(1) - seconds(1);
  EXPECT_TRUE(route(catalog(), lanes, tight).ranked.empty());
  EXPECT_EQ(reason(route(catalog(), lanes, tight), "acme"), RejectionReason::sla_too_tight);
}

TEST(Routing, the_first_reason_in_order_is_the_one_given) {
  RouteRequest strict = request();
  strict.routing_mode = RoutingMode::public_only;
  strict.privacy_tier = PrivacyTier::zero_retention;
  strict.allowed_regions = {"us"};
  strict.slack = hours(1);
  const RouteDecision decision = route(catalog(), lanes, strict);
  EXPECT_EQ(reason(decision, "basement"), RejectionReason::not_public);
  EXPECT_EQ(reason(decision, "acme"), RejectionReason::privacy_tier_not_met);
  EXPECT_EQ(reason(decision, "acme", Mode::batch), RejectionReason::privacy_tier_not_met);
}

TEST(Routing, sla_aware_prefers_sync_lanes_only_when_time_is_short) {
  RouteRequest aware = request();
  aware.routing_mode = RoutingMode::sla_aware;
  aware.slack = hours(24);
  EXPECT_EQ(ranking(route(catalog(), lanes, aware)), (Offerings{1, 0, 2}));
  aware.slack = hours(24) - seconds(1);
  EXPECT_EQ(ranking(route(catalog(), lanes, aware)), (Offerings{0, 2, 1}));
}

TEST(Routing, quality_weighs_reliability_before_price) {
  RouteRequest quality = request();
  quality.models = {ModelSlug("small"), ModelSlug("large")};
  quality.routing_mode = RoutingMode::quality;
  EXPECT_EQ(ranking(route(catalog(), lanes, quality)), (Offerings{3, 1, 0, 2}));
}

// Outcomes of today.
learning::LaneDay outcomes(const char* provider, Mode mode, std::uint64_t succeeded, std::uint64_t lane_faults) {
  learning::LaneDay day;
  day.provider = ProviderId(provider);
  day.model = ModelSlug("small");
  day.mode = mode;
  day.succeeded = succeeded;
  day.lane_faults = lane_faults;
  return day;
}

learning::Scores scores(const std::vector<learning::LaneDay>& days) {
  learning::Scores scores;
  for (const learning::LaneDay& day : days) scores.add(day, day.day);
  return scores;
}

TEST(Routing, a_lane_is_trusted_by_its_prior_until_it_has_been_seen_at_work) {
  const RouteDecision decision = route(catalog(), lanes, request(), scores({outcomes("acme", Mode::batch, 40, 9)}));
  EXPECT_EQ(decision.ranked[0].observed_confidence_score, std::nullopt);
  EXPECT_EQ(observed_confidence_basis(decision.ranked[0].observed_confidence_score), "none");
  EXPECT_EQ(decision.ranked[0].trust_score, 0.9);

  const RouteDecision seen = route(catalog(), lanes, request(), scores({outcomes("acme", Mode::batch, 480, 20)}));
  EXPECT_EQ(ranking(seen), (Offerings{1, 0, 2}));
  EXPECT_NEAR(*seen.ranked[0].observed_confidence_score, 0.9577, 0.0001);
  EXPECT_EQ(observed_confidence_basis(seen.ranked[0].observed_confidence_score), "routing_outcomes");
  EXPECT_EQ(seen.ranked[0].trust_score, *seen.ranked[0].observed_confidence_score);
  EXPECT_EQ(seen.ranked[0].reliability_prior_score, 0.9);
}

TEST(Routing, a_lane_that_fails_half_of_its_items_is_left_out_and_the_reason_says_so) {
  const RouteDecision decision = route(catalog(), lanes, request(), scores({outcomes("acme", Mode::batch, 250, 250)}));
  EXPECT_EQ(ranking(decision), (Offerings{0, 2}));
  EXPECT_EQ(reason(decision, "acme", Mode::batch), RejectionReason::confidence_too_low);
}

TEST(Routing, where_no_lane_is_trusted_all_are_kept) {
  RouteRequest sync_only = request();
  sync_only.slack = hours(1);
  const RouteDecision decision =
      route(catalog(), lanes, sync_only,
            scores({outcomes("acme", Mode::sync, 100, 400), outcomes("basement", Mode::sync, 250, 250)}));
  EXPECT_EQ(ranking(decision), (Offerings{2, 0}));  // 3.9 / 0.51 comes to less than 2.8 / 0.23
  EXPECT_EQ(reason(decision, "acme"), std::nullopt);
}

TEST(Routing, a_cheap_lane_must_be_cheap_for_each_answer) {
  RouteRequest sync_only = request();
  sync_only.slack = hours(1);
  EXPECT_EQ(ranking(route(catalog(), lanes, sync_only)), (Offerings{0, 2}));
  // 2.8 / 0.71 is more than 3.9 / 0.99.
  EXPECT_EQ(ranking(route(catalog(), lanes, sync_only,
                          scores({outcomes("acme", Mode::sync, 350, 150), outcomes("basement", Mode::sync, 900, 0)}))),
            (Offerings{2, 0}));
}

TEST(Routing, an_orgs_judgements_move_quality_for_that_operation) {
  RouteRequest quality = request();
  quality.models = {ModelSlug("small"), ModelSlug("large")};
  quality.routing_mode = RoutingMode::quality;
  learning::Judgement bad;
  bad.provider = ProviderId("acme");
  bad.model = ModelSlug("large");
  bad.operation = Operation::responses;
  bad.items = 300;
  learning::Scores judged;
  judged.add(bad);
  const RouteDecision decision = route(catalog(), lanes, quality, judged);
  EXPECT_EQ(ranking(decision), (Offerings{1, 0, 2, 3}));
  EXPECT_DOUBLE_EQ(decision.ranked.back().quality_score, 0.9 * 200 / 500);
  quality.operation = Operation::chat_completions;
  EXPECT_EQ(ranking(route(catalog(), lanes, quality, judged)), (Offerings{3, 1, 0, 2}));
}

TEST(Routing, a_parked_lane_is_left_out_while_there_is_another) {
  learning::Scores parked;
  parked.park(ProviderId("acme"), ModelSlug(), Mode::batch);
  const RouteDecision decision = route(catalog(), lanes, request(), parked);
  EXPECT_EQ(ranking(decision), (Offerings{0, 2}));
  EXPECT_EQ(reason(decision, "acme", Mode::batch), RejectionReason::lane_parked);
  const std::vector<ConfiguredLane> alone = {{ProviderId("acme"), Mode::batch, true}};
  EXPECT_EQ(ranking(route(catalog(), alone, request(), parked)), (Offerings{1}));
}

TEST(Routing, a_provider_is_asked_in_the_items_dialect_or_in_one_that_can_say_the_same) {
  const auto speaking = [](std::vector<Operation> dialects) {
    Provider provider{ProviderId("x"), "X", 0.9};
    provider.dialects = std::move(dialects);
    return Catalog(
        "test", {provider},
        {{ModelSlug("a"), "A", ProviderId("x"), {Operation::responses, Operation::embeddings}, 9'999, 9, 0.5}},
        {{ProviderId("x"), ModelSlug("a"), Mode::sync, usd_per_million(1, 1), PrivacyTier::standard, {}}});
  };
  RouteRequest any = request();
  any.models = {ModelSlug("a")};
  any.not_expressible = {{Operation::messages, "n above 1"}};
  const auto routed = [&](std::vector<Operation> dialects) {
    return route(speaking(std::move(dialects)), {{ProviderId("x"), Mode::sync, true}}, any);
  };
  using enum Operation;
  EXPECT_EQ(routed({}).ranked.at(0).dialect, responses);
  EXPECT_EQ(routed({chat_completions, responses}).ranked.at(0).dialect, responses);
  EXPECT_EQ(routed({messages, chat_completions}).ranked.at(0).dialect, chat_completions);
  const RouteDecision refused = routed({embeddings, messages});
  EXPECT_TRUE(refused.ranked.empty());
  EXPECT_EQ(reason(refused, "x"), RejectionReason::not_translatable);
  EXPECT_EQ(refused.rejected.at(0).detail, "n above 1");
  any.operation = embeddings;
  EXPECT_EQ(reason(routed({chat_completions}), "x"), RejectionReason::not_translatable);
}

TEST(Routing, ties_are_broken_by_catalog_order) {
  const Catalog twins(
      "test", {}, {{ModelSlug("a"), "A", ProviderId("x"), {Operation::responses}, 9'999, 999, 0.5}},
      {{ProviderId("x"), ModelSlug("a"), Mode::sync, usd_per_million(1, 1), PrivacyTier::standard, {}},
       {ProviderId("y"), ModelSlug("a"), Mode::sync, usd_per_million(1, 1), PrivacyTier::standard, {}}});
  RouteRequest any = request();
  any.models = {ModelSlug("a")};
  const std::vector<ConfiguredLane> both = {{ProviderId("y"), Mode::sync, true}, {ProviderId("x"), Mode::sync, true}};
  EXPECT_EQ(ranking(route(twins, both, any)), (Offerings{0, 1}));
}

}  // namespace
}  // namespace core
