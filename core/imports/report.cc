#include "core/imports/report.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/imports/vendor_model.h"
#include "core/manifest.h"
#include "core/pricing.h"

namespace core::imports {
namespace {

using learning::ServedDay;
using std::chrono::days;

constexpr Duration one_day = days(1);
constexpr Duration days_shown_max = days(31);
constexpr Duration weeks_shown_max = days(26 * 7);

Timestamp begin_of(Timestamp day, Bucket bucket) {
  const std::chrono::sys_days date = std::chrono::floor<days>(day);
  switch (bucket) {
    case Bucket::day: return date;
    case Bucket::week: return date - (std::chrono::weekday(date) - std::chrono::Monday);
    case Bucket::month: {
      const std::chrono::year_month_day parts(date);
      return std::chrono::sys_days(parts.year() / parts.month() / 1);
    }
  }
  return date;
}

Bucket bucket_for(Duration span) {
  if (span <= days_shown_max) return Bucket::day;
  return span <= weeks_shown_max ? Bucket::week : Bucket::month;
}

// False when a sum does not fit.
bool add(Money& sum, Money amount) {
  const std::optional<Money> added = checked_add(sum, amount);
  if (added) sum = *added;
  return added.has_value();
}

bool add(Totals& sum, const Totals& totals) {
  const std::optional<Totals> added = checked_add(sum, totals);
  if (added) sum = *added;
  return added.has_value();
}

bool is_simulated(const Catalog& catalog, const ProviderId& id) {
  const Provider* provider = catalog.provider(id);
  return provider != nullptr && provider->simulated;
}

bool add(Served& sum, const ServedDay& day, const Catalog& catalog) {
  const bool simulated = is_simulated(catalog, day.provider);
  sum.items += day.succeeded + day.failed;
  if (simulated) sum.simulated_items += day.succeeded + day.failed;
  sum.succeeded += day.succeeded;
  sum.fallbacks += day.fallbacks;
  sum.asked += day.asked;
  sum.invalid += day.invalid;
  sum.lane_faults += day.lane_faults;
  if (!add(sum.charged, day.charged)) return false;
  if (day.list == Money{}) return true;
  sum.comparable_items += day.succeeded;
  if (simulated) sum.comparable_simulated_items += day.succeeded;
  return add(sum.comparable_charged, day.charged) && add(sum.comparable_list, day.list);
}

// A time in two halves, by whole days.
struct Halves {
  Timestamp from;
  Timestamp middle;
  Timestamp to;
};

template <class Day>
std::optional<Halves> halves_of(const std::vector<Day>& rows) {
  if (rows.empty()) return std::nullopt;
  const auto [first, last] =
      std::minmax_element(rows.begin(), rows.end(), [](const Day& a, const Day& b) { return a.day < b.day; });
  const Timestamp to = last->day + one_day;
  return Halves{first->day, std::chrono::ceil<days>(first->day + (to - first->day) / 2), to};
}

Drift drift_of(const ProviderId& provider, Evidence evidence, const Halves& halves) {
  Drift drift;
  drift.provider = provider;
  drift.evidence = evidence;
  drift.from = halves.from;
  drift.middle = halves.middle;
  drift.to = halves.to;
  return drift;
}

void count(Drift& drift, Timestamp day, std::uint64_t items, std::uint64_t faulty) {
  Sample& half = day < drift.middle ? drift.first : drift.last;
  half.items += items;
  half.faulty += faulty;
}

// What the customer got wrong, or called back, says nothing of the provider.
std::vector<Drift> drifts_of(const ReportBasis& basis) {
  std::vector<Drift> drifts;
  if (const auto halves = halves_of(basis.imported)) {
    drifts.push_back(drift_of(basis.import_provider, Evidence::imported, *halves));
    for (const ImportDay& row : basis.imported)
      count(drifts.back(), row.day, row.totals.succeeded + row.totals.failed, row.totals.invalid + row.totals.failed);
  }
  std::map<ProviderId, std::vector<ServedDay>> by_provider;
  for (const ServedDay& row : basis.served) {
    if (row.asked > 0) by_provider[row.provider].push_back(row);
  }
  for (const auto& [provider, rows] : by_provider) {
    drifts.push_back(drift_of(provider, Evidence::served, *halves_of(rows)));
    for (const ServedDay& row : rows) count(drifts.back(), row.day, row.asked, row.invalid + row.lane_faults);
  }
  for (Drift& drift : drifts) drift.verdict = compare(drift.first, drift.last);
  return drifts;
}

// --- what to change -------------------------------------------------------------------------------------------------

std::vector<ModelSlug> models_of_class(const Catalog& catalog, const Model& model, Operation operation) {
  std::vector<ModelSlug> models;
  for (const Model& other : catalog.models()) {
    const bool speaks =
        std::find(other.operations.begin(), other.operations.end(), operation) != other.operations.end();
    // One vendor's vectors cannot be compared with another's.
    const bool like = operation == Operation::embeddings
                          ? other.slug == model.slug
                          : other.quality_score >= model.quality_score - quality_loss_max;
    if (speaks && like) models.push_back(other.slug);
  }
  return models;
}

std::optional<RouteChange> best_change(const ReportBasis& basis, const ReportMarket& market, const ModelSlug& slug,
                                       Operation operation, const Totals& totals) {
  const Model* model = market.catalog.model(slug);
  const std::uint64_t priced = totals.succeeded - std::min(totals.succeeded, totals.unpriced);
  if (model == nullptr || priced < sample_items_min) return std::nullopt;
  const auto of_each = [&](std::int64_t tokens) { return tokens / static_cast<std::int64_t>(priced); };
  RouteRequest request;
  request.models = models_of_class(market.catalog, *model, operation);
  request.operation = operation;
  request.allowed_regions = {"global"};
  request.slack = sla_window(SlaTier::standard);
  request.batch_expectation = market.batch_expectation;
  request.input_tokens = of_each(totals.input_tokens);
  request.output_tokens_max = of_each(totals.output_tokens);

  std::optional<RouteChange> best;
  for (const RouteCandidate& candidate : route(market.catalog, market.lanes, request, market.scores).ranked) {
    const Offering& offering = market.catalog.offerings()[candidate.offering];
    const bool own_cache = offering.provider == basis.import_provider;
    const std::optional<Money> expected =
        Cost()
            .add(offering.prices.input, totals.input_tokens - (own_cache ? totals.cached_tokens : 0))
            .add(offering.prices.cached_input, own_cache ? totals.cached_tokens : 0)
            .add(offering.prices.output, totals.output_tokens)
            .round_up();
    if (!expected || (best && best->expected <= *expected)) continue;
    best = RouteChange{slug,           operation,
                       offering.model, offering.provider,
                       offering.mode,  is_simulated(market.catalog, offering.provider),
                       priced,         totals.paid,
                       *expected};
  }
  if (!best || best->expected >= best->paid) return std::nullopt;
  if ((best->paid - best->expected).nanos() / saving_permille_min < best->paid.nanos() / 1'000) return std::nullopt;
  return best;
}

// The one that saves most.
Result<std::optional<RouteChange>> recommend(const ReportBasis& basis, const ReportMarket& market) {
  std::map<std::pair<ModelSlug, Operation>, Totals> slices;
  for (const ImportDay& row : basis.imported) {
    if (!add(slices[{row.model, row.operation}], row.totals))
      return Error{ErrorCode::amount_out_of_range, "the imported totals do not fit"};
  }
  std::optional<RouteChange> best;
  for (const auto& [slice, totals] : slices) {
    const std::optional<RouteChange> change = best_change(basis, market, slice.first, slice.second, totals);
    if (change && (!best || change->paid - change->expected > best->paid - best->expected)) best = change;
  }
  return best;
}

}  // namespace

std::string_view to_string(Bucket bucket) {
  switch (bucket) {
    case Bucket::day: return "day";
    case Bucket::week: return "week";
    case Bucket::month: return "month";
  }
  return "";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::insufficient_data: return "insufficient_data";
    case Verdict::no_significant_change: return "no_significant_change";
    case Verdict::improved: return "improved";
    case Verdict::worsened: return "worsened";
  }
  return "";
}

std::string_view to_string(Evidence evidence) {
  switch (evidence) {
    case Evidence::imported: return "imported";
    case Evidence::served: return "served";
  }
  return "";
}

// z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)) with p over both.
Verdict compare(const Sample& first, const Sample& last) {
  if (first.items < sample_items_min || last.items < sample_items_min) return Verdict::insufficient_data;
  const auto n1 = static_cast<double>(first.items);
  const auto n2 = static_cast<double>(last.items);
  const double change = static_cast<double>(last.faulty) / n2 - static_cast<double>(first.faulty) / n1;
  const double both = static_cast<double>(first.faulty + last.faulty) / (n1 + n2);
  const double deviation = std::sqrt(both * (1 - both) * (1 / n1 + 1 / n2));
  if (std::abs(change) <= significant_z * deviation) return Verdict::no_significant_change;
  return change > 0 ? Verdict::worsened : Verdict::improved;
}

Result<Report> make_report(const ReportBasis& basis, const ReportMarket& market) {
  Report report;
  const auto see = [&](Timestamp day) {
    report.from = std::min(report.from.value_or(day), day);
    report.to = std::max(report.to, day + one_day);
  };
  for (const ImportDay& row : basis.imported) see(row.day);
  for (const ServedDay& row : basis.served) see(row.day);
  if (!report.from) return report;
  report.bucket = bucket_for(report.to - *report.from);

  std::map<Timestamp, TrendPoint> trend;
  const auto point = [&](Timestamp day) -> TrendPoint& {
    TrendPoint& found = trend[begin_of(day, report.bucket)];
    found.from = begin_of(day, report.bucket);
    return found;
  };
  bool fits = true;
  for (const ImportDay& row : basis.imported) {
    fits = fits && add(point(row.day).imported, row.totals) && add(report.imported, row.totals);
    if (market.catalog.model(row.model) == nullptr) report.unknown_models[row.model] += row.totals.items;
  }
  for (const ServedDay& row : basis.served)
    fits = fits && add(point(row.day).served, row, market.catalog) && add(report.served, row, market.catalog);
  Result<std::optional<RouteChange>> recommended = recommend(basis, market);
  if (!fits || recommended.has_error())
    return Error{ErrorCode::amount_out_of_range, "what was imported and served adds up to more than can be kept"};
  for (const auto& [from, one] : trend) report.trend.push_back(one);
  report.drifts = drifts_of(basis);
  for (Drift& drift : report.drifts)
    drift.simulated = drift.evidence == Evidence::served && is_simulated(market.catalog, drift.provider);
  report.recommended = std::move(*recommended);
  return report;
}

}  // namespace core::imports
