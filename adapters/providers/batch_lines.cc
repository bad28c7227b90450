#include "adapters/providers/batch_lines.h"

#include <utility>

#include "adapters/providers/item_answer.h"
#include "adapters/providers/marks.h"
#include "schemas/dialect/request.h"

namespace adapters::providers {
namespace {

using core::Operation;
using processors::LaneItem;
using processors::Trouble;
using processors::Verdict;

constexpr std::int64_t canary_output_tokens_max = 64;

// Where another dialect than the batch's could say it, the item is not at fault.
processors::LaneAnswer refusal(const LaneItem& item, const Wire& wire, Operation dialect, const core::Error& error) {
  const Operation own = wire.dialect_for(item.operation);
  if (own != dialect && schemas::dialect::can_write(item.operation, item.input, own)) {
    return fault_answer(item.number, {Verdict::transient, Trouble::none, "mixed_dialects", "Another try will be made."},
                        {});
  }
  return fault_answer(item.number,
                      {Verdict::item_fault, Trouble::none, "unsupported_request",
                       "This model's provider cannot be asked this: " + error.detail},
                      {});
}

}  // namespace

Operation batch_dialect(const processors::Attempt& attempt, const Wire& wire) {
  std::optional<Operation> dialect;
  for (const LaneItem& item : attempt.items) {
    const Operation own = wire.dialect_for(item.operation);
    if (dialect && *dialect != own) return wire.dialect_for(Operation::chat_completions);
    dialect = own;
  }
  return dialect.value_or(wire.dialect_for(Operation::chat_completions));
}

BatchLines write_batch_lines(const processors::Attempt& attempt, const Wire& wire, std::size_t canary_items_min) {
  BatchLines written;
  written.dialect = batch_dialect(attempt, wire);
  const std::string intent = intent_of(attempt);
  const CustomIds ids(intent);
  for (const LaneItem& item : attempt.items) {
    core::Result<std::string> body = schemas::dialect::write_request(
        item.operation, item.input,
        {written.dialect, attempt.provider_model, item.output_tokens_max, wire.chat_limit()});
    if (body) written.lines.push_back({ids.of(item.number), std::move(*body)});
    if (body.has_error()) written.refused.push_back(refusal(item, wire, written.dialect, body.error()));
  }
  if (written.dialect == Operation::embeddings || written.lines.size() < canary_items_min) return written;

  const Canary canary(intent);
  core::Result<std::string> body = schemas::dialect::write_request(
      Operation::chat_completions, canary.input,
      {written.dialect, attempt.provider_model, canary_output_tokens_max, wire.chat_limit()});
  if (!body) return written;
  const auto place = static_cast<std::ptrdiff_t>(canary.place_seed % (written.lines.size() + 1));
  written.lines.insert(written.lines.begin() + place, {ids.canary(), std::move(*body)});
  return written;
}

}  // namespace adapters::providers
