#include "processors/imports/history_totals.h"

#include <utility>

#include "core/imports/vendor_model.h"
#include "core/pricing.h"
#include "schemas/manifest/fields.h"

namespace processors {

namespace {

using core::imports::Totals;
using schemas::dialect::Usage;

constexpr std::int64_t row_tokens_max = std::int64_t{1} << 24;  // beyond the context of any model
constexpr std::size_t model_bytes_max = 128;
constexpr std::size_t unknown_models_max = 100;  // named; the rest are "other"

// The day of `sla_tier: standard`, under which history is re-quoted.
constexpr core::SlaTier sla_tier = core::SlaTier::standard;

bool plausible(const Usage& usage) {
  const std::int64_t input = usage.input_tokens.value_or(0);
  const std::int64_t cached = usage.cached_tokens.value_or(0);
  return input > 0 && input <= row_tokens_max && cached <= input && usage.output_tokens &&
         *usage.output_tokens <= row_tokens_max;
}

}  // namespace

HistoryTotals::HistoryTotals(const core::Catalog& catalog, const std::vector<core::ConfiguredLane>& lanes,
                             const core::learning::Scores& scores, Terms terms)
    : catalog_(catalog), lanes_(lanes), scores_(scores), terms_(std::move(terms)) {}

core::ModelSlug HistoryTotals::slug_of(std::string_view model) {
  if (const core::Model* known = core::imports::vendor_model(catalog_, model)) return known->slug;
  if (model.empty()) return core::ModelSlug("unknown");
  if (model.size() > model_bytes_max || schemas::manifest::has_control_character(model))
    return core::ModelSlug("other");
  if (unknown_models_.find(model) == unknown_models_.end()) {
    if (unknown_models_.size() == unknown_models_max) return core::ModelSlug("other");
    unknown_models_.emplace(model);
  }
  return core::ModelSlug(std::string(model));
}

Totals& HistoryTotals::totals_of(core::Timestamp at, std::string_view model, core::Operation operation) {
  const std::tuple key(core::Timestamp(std::chrono::floor<std::chrono::days>(at)), slug_of(model), operation);
  const auto found = days_.find(key);
  if (found != days_.end()) return found->second;
  too_many_days_ = too_many_days_ || days_.size() == core::imports::import_days_max;
  return too_many_days_ ? left_over_ : days_[key];
}

void HistoryTotals::add_money(core::Money& sum, core::Money amount) {
  const std::optional<core::Money> added = core::checked_add(sum, amount);
  overflow_ = overflow_ || !added;
  if (added) sum = *added;
}

void HistoryTotals::add_answered(core::Timestamp at, std::string_view model, core::Operation operation,
                                 AnswerQuality quality, const Usage& usage) {
  Totals& totals = totals_of(at, model, operation);
  ++totals.items;
  ++totals.succeeded;
  if (quality == AnswerQuality::invalid) ++totals.invalid;
  if (!plausible(usage)) {
    ++totals.unpriced;
    return;
  }
  totals.input_tokens += *usage.input_tokens;
  totals.cached_tokens += usage.cached_tokens.value_or(0);
  totals.output_tokens += *usage.output_tokens;
  const core::Model* known = core::imports::vendor_model(catalog_, model);
  if (known == nullptr)
    ++totals.unpriced;
  else
    price(*known, operation, usage, totals);
}

// The same tokens three times: as paid, as the synchronous list has them, and on the route that we would have taken.
void HistoryTotals::price(const core::Model& model, core::Operation operation, const Usage& usage, Totals& totals) {
  const std::int64_t input = *usage.input_tokens;
  const std::int64_t cached = usage.cached_tokens.value_or(0);
  const std::int64_t output = *usage.output_tokens;
  const auto at = [&](core::Mode mode) -> std::optional<core::Money> {
    const core::Offering* offering = core::imports::offering_at(catalog_, terms_.provider, model.slug, mode);
    return offering == nullptr ? std::nullopt : core::price_tokens(offering->prices, input, cached, output);
  };
  const std::optional<core::Money> paid = at(core::Mode::batch);
  const std::optional<core::Money> list = at(core::Mode::sync);
  if (!paid || !list) {
    ++totals.unpriced;
    return;
  }
  core::RouteRequest request;
  request.models = {model.slug};
  request.operation = operation;
  request.allowed_regions = {"global"};
  request.slack = core::sla_window(sla_tier);
  request.batch_expectation = terms_.batch_expectation;
  request.input_tokens = input;
  request.output_tokens_max = output;
  const core::RouteDecision decision = core::route(catalog_, lanes_, request, scores_);
  std::optional<core::Money> optimized;
  if (!decision.ranked.empty()) {
    const core::Offering& chosen = catalog_.offerings()[decision.ranked.front().offering];
    // A cache is its provider's: elsewhere nothing can be counted on to lie in one.
    optimized = core::price_tokens(chosen.prices, input, chosen.provider == terms_.provider ? cached : 0, output);
  }
  if (!optimized) ++totals.unrouted;
  add_money(totals.paid, *paid);
  add_money(totals.list, *list);
  add_money(totals.optimized, optimized.value_or(*paid));
}

void HistoryTotals::add_ended(core::Timestamp at, std::string_view model, core::Operation operation,
                              schemas::imports::Ending ending) {
  Totals& totals = totals_of(at, model, operation);
  ++totals.items;
  switch (ending) {
    case schemas::imports::Ending::succeeded: ++totals.succeeded; break;
    case schemas::imports::Ending::rejected: ++totals.rejected; break;
    case schemas::imports::Ending::failed: ++totals.failed; break;
    case schemas::imports::Ending::cancelled: ++totals.unanswered; break;
  }
}

core::Result<void> HistoryTotals::check() const {
  if (too_many_days_)
    return core::Error{core::ErrorCode::import_too_large,
                       "an import may have at most " + std::to_string(core::imports::import_days_max) +
                           " days times models times operations; import it in parts"};
  if (overflow_)
    return core::Error{core::ErrorCode::amount_out_of_range,
                       "the prices of these rows add up to more than can be kept"};
  return {};
}

core::Result<std::vector<core::imports::DayTotals>> HistoryTotals::days() const {
  if (const auto kept = check(); kept.has_error()) return kept.error();
  std::vector<core::imports::DayTotals> days;
  days.reserve(days_.size());
  for (const auto& [key, totals] : days_)
    days.push_back(
        {std::get<core::Timestamp>(key), std::get<core::ModelSlug>(key), std::get<core::Operation>(key), totals});
  return days;
}

}  // namespace processors
