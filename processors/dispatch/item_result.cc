#include "processors/dispatch/item_result.h"

#include <algorithm>

#include "core/mutant.h"
#include "core/pricing.h"
#include "core/tokens.h"

namespace processors {

namespace {

constexpr std::string_view review_usage = "usage_implausible";
constexpr std::int64_t item_tokens_max = std::int64_t{1} << 24;  // beyond the context of any model

bool plausible(const Usage& usage) {
  if (MUTANT(17)) return true;
  return usage.input_tokens > 0 && usage.output_tokens >= 0 && usage.cached_tokens >= 0 &&
         usage.cached_tokens <= usage.input_tokens && usage.input_tokens <= item_tokens_max &&
         usage.output_tokens <= item_tokens_max;
}

// The one rule for usage that is missing or cannot be: what we estimated of the input, and what we count of the output.
Usage estimated_usage(const schemas::WorkItem& work, const LaneAnswer& answer) {
  const bool embedding = work.item.operation == core::Operation::embeddings;
  return {work.item.input_tokens, 0, embedding ? 0 : core::count_tokens(answer.text)};
}

// Finished as asked, or something for a person to look at.
std::string review_reason(const LaneAnswer& answer, core::Operation operation) {
  if (operation == core::Operation::embeddings) return {};
  if (answer.finish_reason == "length") return "truncated";
  if (answer.finish_reason == "content_filter" || answer.finish_reason == "refusal") return answer.finish_reason;
  return {};
}

schemas::ItemResult begin(const schemas::WorkItem& work, core::AttemptNumber attempt) {
  schemas::ItemResult result;
  result.number = work.item.number;
  result.customer_item_id = work.item.customer_item_id;
  result.metadata = work.item.metadata;
  result.operation = work.item.operation;
  result.attempts = attempt.value();
  return result;
}

}  // namespace

std::optional<schemas::ItemResult> result_of(const schemas::WorkItem& work, const LaneAnswer& answer,
                                             const core::quote::Route& route, const AnsweringLane& lane,
                                             core::AttemptNumber attempt) {
  schemas::ItemResult result = begin(work, attempt);
  result.provider = lane.lane.provider;
  result.model = lane.lane.model;
  result.mode = lane.lane.mode;
  result.simulated = lane.simulated;
  result.finish_reason = answer.finish_reason;
  result.provider_body = answer.provider_body;
  switch (answer.verdict) {
    case Verdict::transient:
    case Verdict::lane_fault:
    case Verdict::unknown: return std::nullopt;
    case Verdict::item_fault:
      result.outcome = schemas::ItemOutcome::failed;
      result.error_code = answer.error_code;
      result.error_message = answer.error_message;
      return result;
    case Verdict::succeeded: break;
  }
  result.outcome = schemas::ItemOutcome::succeeded;
  result.text = answer.text;
  result.tool_calls = answer.tool_calls;
  result.review_reason = review_reason(answer, work.item.operation);
  Usage usage = answer.usage;
  if (!plausible(usage)) {
    usage = estimated_usage(work, answer);
    result.review_reason = review_usage;
  }
  result.input_tokens = usage.input_tokens;
  result.cached_tokens = usage.cached_tokens;
  result.output_tokens = usage.output_tokens;
  // The lock binds: what lies above the ceiling is ours to bear.
  const core::Money price =
      core::price_tokens(route.prices, usage.input_tokens, usage.cached_tokens, usage.output_tokens)
          .value_or(work.ceiling);
  result.cost = MUTANT(11) ? price : std::min(price, work.ceiling);
  result.provider_cost =
      core::price_tokens(lane.lane.prices, usage.input_tokens, usage.cached_tokens, usage.output_tokens)
          .value_or(result.cost);
  return result;
}

std::optional<std::string> fault_of_output(const schemas::ItemResult& result,
                                           const std::optional<schemas::dialect::OutputContract>& contract) {
  if (result.outcome != schemas::ItemOutcome::succeeded) return std::nullopt;
  // Cut off or refused: asking again would end the same way. The customer gets it, to be looked at.
  if (!result.review_reason.empty() && result.review_reason != review_usage) return std::nullopt;
  if (!result.tool_calls.empty()) return std::nullopt;
  if (result.text.empty()) return "empty_output";
  if (contract) return schemas::dialect::check_output(*contract, result.text);
  return std::nullopt;
}

schemas::ItemResult discarded(schemas::ItemResult result) {
  result.outcome = schemas::ItemOutcome::discarded;
  result.cost = core::Money{};
  result.review_reason.clear();
  return result;
}

schemas::ItemResult failed_verification(schemas::ItemResult result, const std::string& fault) {
  result.outcome = schemas::ItemOutcome::failed;
  result.cost = core::Money{};
  result.review_reason.clear();
  result.error_code = fault;
  result.error_message =
      "The model's answer was checked and found wanting, more than once. It was not charged; kind=raw has it.";
  return result;
}

schemas::ItemResult result_of_equal(const schemas::WorkItem& work, const schemas::ItemResult& original) {
  schemas::ItemResult result = original;
  result.number = work.item.number;
  result.customer_item_id = work.item.customer_item_id;
  result.metadata = work.item.metadata;
  result.duplicate_of = original.customer_item_id;
  result.input_tokens = result.cached_tokens = result.output_tokens = 0;
  result.cost = result.provider_cost = core::Money{};
  result.provider_body.clear();
  return result;
}

schemas::ItemResult result_without_answer(const schemas::WorkItem& work, schemas::ItemOutcome outcome,
                                          core::AttemptNumber attempt) {
  schemas::ItemResult result = begin(work, attempt);
  result.outcome = outcome;
  switch (outcome) {
    case schemas::ItemOutcome::cancelled:
      result.error_code = "batch_cancelled";
      result.error_message = "The batch was cancelled before this item was answered.";
      break;
    case schemas::ItemOutcome::expired:
      result.error_code = "batch_expired";
      result.error_message = "The deadline passed before this item was answered.";
      break;
    case schemas::ItemOutcome::exhausted:
    case schemas::ItemOutcome::failed:
    case schemas::ItemOutcome::succeeded:
    case schemas::ItemOutcome::discarded:
      result.error_code = "attempts_exhausted";
      result.error_message =
          "No lane could answer this item. It was not charged; run it again with POST /v1/batches/{id}/retry.";
      break;
  }
  return result;
}

}  // namespace processors
