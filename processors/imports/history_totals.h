// Sums up what happened to imported requests: by day, model and operation.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/catalog.h"
#include "core/imports/state.h"
#include "core/routing.h"
#include "schemas/dialect/answer.h"
#include "schemas/imports/row.h"

namespace processors {

// What an answered request is worth, beside its tokens.
enum class AnswerQuality { good, invalid };

// Threading: one thread. Lifetime: all that is borrowed outlives this.
class HistoryTotals {
 public:
  struct Terms {
    core::ProviderId provider;  // whose list prices were paid
    core::Duration batch_expectation{};
  };

  HistoryTotals(const core::Catalog& catalog, const std::vector<core::ConfiguredLane>& lanes,
                const core::learning::Scores& scores, Terms terms);

  // One request and how it ended. `model` is the vendor's name.
  void add_answered(core::Timestamp at, std::string_view model, core::Operation operation, AnswerQuality quality,
                    const schemas::dialect::Usage& usage);
  void add_ended(core::Timestamp at, std::string_view model, core::Operation operation,
                 schemas::imports::Ending ending);

  // Whether all of it can still be kept. Errors: import_too_large (more than core::imports::import_days_max days), and
  // amount_out_of_range.
  core::Result<void> check() const;
  // In order of day, model, operation. Errors: those of check().
  core::Result<std::vector<core::imports::DayTotals>> days() const;

 private:
  core::imports::Totals& totals_of(core::Timestamp at, std::string_view model, core::Operation operation);
  void price(const core::Model& model, core::Operation operation, const schemas::dialect::Usage& usage,
             core::imports::Totals& totals);
  void add_money(core::Money& sum, core::Money amount);
  core::ModelSlug slug_of(std::string_view model);

  const core::Catalog& catalog_;
  const std::vector<core::ConfiguredLane>& lanes_;
  const core::learning::Scores& scores_;
  const Terms terms_;
  std::map<std::tuple<core::Timestamp, core::ModelSlug, core::Operation>, core::imports::Totals> days_;
  std::set<std::string, std::less<>> unknown_models_;
  core::imports::Totals left_over_;  // of what no day is kept for
  bool too_many_days_ = false;
  bool overflow_ = false;
};

}  // namespace processors
