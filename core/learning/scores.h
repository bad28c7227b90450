// Scores out of what was seen and judged: what routing believes of a lane beside its list price. Pure; times come in.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/learning/state.h"

namespace core::learning {

// Every number that learning is tuned by.
constexpr Duration half_life = std::chrono::days(7);  // after which an outcome counts half
constexpr Duration remembered_for = 10 * half_life;   // beyond, an outcome counts less than a thousandth
constexpr double prior_samples = 20;                  // outcomes that the static prior of a provider is worth
constexpr double samples_min = 50;                    // fewer prove nothing
constexpr double prior_judgements = 200;              // judged items that the static prior of a model is worth

// How a lane fared, each outcome counting the less the older it is.
struct Record {
  double successes = 0;
  double faults = 0;  // of the lane, and answers that failed verification; items at fault themselves count for nothing

  double samples() const { return successes + faults; }
};
void add(Record& record, const LaneDay& day, Timestamp now);

// The mean of a Beta distribution that began at the static prior; nullopt under `samples_min`.
std::optional<double> observed_confidence(double prior, const Record& record);

struct Judged {
  double items = 0;
  double score_sum = 0;  // each score from 0 to 1
};
// The static prior of a model, moved by what an org said of it.
double blended_quality(double prior, const Judged& judged);

// What is known when an item is routed for one org. Outcomes are those of the whole deployment; judgements are the
// org's own, so that nobody can spoil another's routing.
class Scores {
 public:
  void add(const LaneDay& day, Timestamp now);
  void add(const Judgement& judgement);
  // An empty model: all of the provider's in this mode.
  void park(const ProviderId& provider, const ModelSlug& model, Mode mode) { parked_.emplace(provider, model, mode); }

  // All zero where nothing was seen, or judged.
  Record record(const ProviderId& provider, const ModelSlug& model, Mode mode) const;
  Judged judged(Operation operation, const ProviderId& provider, const ModelSlug& model) const;
  bool parked(const ProviderId& provider, const ModelSlug& model, Mode mode) const;

 private:
  // std::less<>: looked up for every item, by references.
  std::map<std::tuple<ProviderId, ModelSlug, Mode>, Record, std::less<>> records_;
  std::map<std::tuple<Operation, ProviderId, ModelSlug>, Judged, std::less<>> judged_;
  std::set<std::tuple<ProviderId, ModelSlug, Mode>, std::less<>> parked_;
};

}  // namespace core::learning
