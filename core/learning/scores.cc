#include "core/learning/scores.h"

#include <algorithm>
#include <cmath>

namespace core::learning {

namespace {

double weight_at(Timestamp day, Timestamp now) {
  // A day fades once it is over: while it lasts, its outcomes are news.
  const Duration age = std::max(Duration{}, now - (day + std::chrono::days(1)));
  return std::exp2(-static_cast<double>(age.count()) / static_cast<double>(half_life.count()));
}

}  // namespace

void add(Record& record, const LaneDay& day, Timestamp now) {
  const double weight = weight_at(day.day, now);
  record.successes += weight * static_cast<double>(day.succeeded);
  record.faults += weight * static_cast<double>(day.lane_faults + day.invalid);
}

std::optional<double> observed_confidence(double prior, const Record& record) {
  if (record.samples() < samples_min) return std::nullopt;
  return (prior * prior_samples + record.successes) / (prior_samples + record.samples());
}

double blended_quality(double prior, const Judged& judged) {
  return (prior * prior_judgements + judged.score_sum) / (prior_judgements + judged.items);
}

void Scores::add(const LaneDay& day, Timestamp now) {
  learning::add(records_[{day.provider, day.model, day.mode}], day, now);
}

void Scores::add(const Judgement& judgement) {
  Judged& judged = judged_[{judgement.operation, judgement.provider, judgement.model}];
  judged.items += static_cast<double>(judgement.items);
  judged.score_sum += static_cast<double>(judgement.permille_sum) / 1'000;
}

Record Scores::record(const ProviderId& provider, const ModelSlug& model, Mode mode) const {
  const auto found = records_.find(std::tie(provider, model, mode));
  return found == records_.end() ? Record{} : found->second;
}

Judged Scores::judged(Operation operation, const ProviderId& provider, const ModelSlug& model) const {
  const auto found = judged_.find(std::tie(operation, provider, model));
  return found == judged_.end() ? Judged{} : found->second;
}

bool Scores::parked(const ProviderId& provider, const ModelSlug& model, Mode mode) const {
  return parked_.contains(std::tie(provider, model, mode)) ||
         parked_.contains(std::make_tuple(provider, ModelSlug(), mode));
}

}  // namespace core::learning
