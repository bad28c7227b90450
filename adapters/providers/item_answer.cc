#include "adapters/providers/item_answer.h"

#include <utility>

#include "schemas/dialect/answer.h"

namespace adapters::providers {
namespace {

using processors::LaneAnswer;
using processors::LaneItem;
using processors::Verdict;

constexpr std::size_t provider_body_bytes_max = 1 << 20;  // of a longer one none is kept: half of one is no JSON
constexpr std::int64_t tokens_max = 100'000'000;          // more than any model's context

processors::Usage plausible_usage(const schemas::dialect::Usage& usage, const LaneItem& item) {
  const bool embeds = item.operation == core::Operation::embeddings;
  if (!usage.input_tokens || (!usage.output_tokens && !embeds)) return {};
  const processors::Usage tokens{*usage.input_tokens, usage.cached_tokens.value_or(0), usage.output_tokens.value_or(0)};
  const bool possible = tokens.input_tokens > 0 && tokens.input_tokens <= tokens_max && tokens.cached_tokens >= 0 &&
                        tokens.cached_tokens <= tokens.input_tokens && tokens.output_tokens >= 0 &&
                        (embeds ? tokens.output_tokens == 0 : tokens.output_tokens <= item.output_tokens_max);
  return possible ? tokens : processors::Usage{};
}

std::string capped(std::string body) {
  return body.size() <= provider_body_bytes_max ? std::move(body) : std::string();
}

}  // namespace

LaneAnswer fault_answer(std::uint32_t number, const Sorted& sorted, std::string provider_body) {
  LaneAnswer answer;
  answer.number = number;
  answer.verdict = sorted.verdict;
  answer.error_code = sorted.error_code;
  answer.error_message = sorted.error_message;
  // What a provider says of anything but the item may be about us.
  if (sorted.verdict == Verdict::item_fault && !may_name_account(provider_body))
    answer.provider_body = capped(std::move(provider_body));
  return answer;
}

ItemAnswer read_item_answer(const LaneItem& item, core::Operation dialect, std::string body) {
  schemas::dialect::AnswerResult read = schemas::dialect::read_answer(dialect, body);
  ItemAnswer result;
  if (read && read->finish_reason == "pause")
    read = schemas::dialect::ProviderFault{std::string(schemas::dialect::unfinished_answer), "pause", ""};
  if (read.has_error()) {
    result.sorted = sort_fault(200, read.error());
    result.answer = fault_answer(item.number, result.sorted, std::move(body));
    return result;
  }
  LaneAnswer& answer = result.answer;
  answer.number = item.number;
  answer.verdict = Verdict::succeeded;
  answer.text = std::move(read->text);
  answer.tool_calls = std::move(read->tool_calls);
  answer.finish_reason = std::move(read->finish_reason);
  answer.usage = plausible_usage(read->usage, item);
  answer.provider_body = capped(std::move(body));
  return result;
}

}  // namespace adapters::providers
