// What moving a provider's batches here has brought and would bring, computed from what was imported and what was
// served. Pure: nothing is estimated that is not said to be, and what too few items stand behind is left open.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/imports/state.h"
#include "core/learning/scores.h"
#include "core/learning/state.h"
#include "core/routing.h"

namespace core::imports {

// Every number that the report is tuned by.
constexpr std::uint64_t sample_items_min = 100;   // behind a rate, and in each half of a comparison
constexpr double significant_z = 2.576;           // two-sided, one chance in a hundred
constexpr std::int64_t saving_permille_min = 10;  // of what was paid: less is no reason to change anything
constexpr double quality_loss_max = 0.02;         // of the quality score, within one class of models

// Work done here, in any grouping.
struct Served {
  std::uint64_t items = 0;            // settled
  std::uint64_t simulated_items = 0;  // of these
  std::uint64_t succeeded = 0;
  std::uint64_t fallbacks = 0;
  std::uint64_t asked = 0;  // of lanes, an item counting once in each attempt
  std::uint64_t invalid = 0;
  std::uint64_t lane_faults = 0;
  Money charged;
  // Of those that succeeded, where the list price of the day is known; a saving can be told only there.
  std::uint64_t comparable_items = 0;
  std::uint64_t comparable_simulated_items = 0;
  Money comparable_charged;
  Money comparable_list;
};

enum class Bucket { day, week, month };  // UTC; weeks begin on Monday
std::string_view to_string(Bucket bucket);

struct TrendPoint {
  Timestamp from;
  Totals imported;
  Served served;
};

enum class Verdict { insufficient_data, no_significant_change, improved, worsened };
std::string_view to_string(Verdict verdict);

// Answers that were missing or wanting, of a provider's whole.
struct Sample {
  std::uint64_t items = 0;
  std::uint64_t faulty = 0;
};
// Whether a share has changed: the z test of two proportions.
Verdict compare(const Sample& first, const Sample& last);

enum class Evidence { imported, served };
std::string_view to_string(Evidence evidence);

// The first half of a time against its last one.
struct Drift {
  ProviderId provider;
  Evidence evidence = Evidence::imported;
  Timestamp from;
  Timestamp middle;  // where the last half begins
  Timestamp to;      // behind the last day
  Sample first;
  Sample last;
  Verdict verdict = Verdict::insufficient_data;
  bool simulated = false;  // the provider is
};

// What to send elsewhere from now on.
struct RouteChange {
  ModelSlug from_model;
  Operation operation = Operation::responses;
  ModelSlug model;
  ProviderId provider;
  Mode mode = Mode::batch;
  bool simulated = false;
  std::uint64_t items = 0;  // of the history that it is computed from
  Money paid;               // for them
  Money expected;           // for the same tokens on the new route
};

struct Report {
  std::optional<Timestamp> from;  // the first day; nothing: there is no data at all
  Timestamp to;                   // behind the last day
  Bucket bucket = Bucket::day;
  std::vector<TrendPoint> trend;  // those with anything, in order of time
  Totals imported;
  Served served;
  std::vector<Drift> drifts;
  std::map<ModelSlug, std::uint64_t> unknown_models;  // items of models that the catalog does not know
  std::optional<RouteChange> recommended;
};

struct ReportBasis {
  ProviderId import_provider;
  std::vector<ImportDay> imported;          // of that provider
  std::vector<learning::ServedDay> served;  // all of the org's
};

// What routes are open now.
struct ReportMarket {
  const Catalog& catalog;
  const std::vector<ConfiguredLane>& lanes;
  const learning::Scores& scores;
  Duration batch_expectation{};
};

// Errors: amount_out_of_range.
Result<Report> make_report(const ReportBasis& basis, const ReportMarket& market);

}  // namespace core::imports
