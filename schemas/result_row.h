// How an item ended, as the rows that customers download. Each item has one row in `output` or in `error`, and one in
// `raw`; one that was charged has one in `receipt`; one that a person should look at has one in `review`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"

namespace schemas {

enum class ItemOutcome {
  succeeded,
  failed,     // at fault itself
  exhausted,  // every attempt met trouble that was not its own
  cancelled,
  expired,
  discarded,  // an answer that was found wanting; the item is asked again. Only `raw` has a row of it, and our cost.
};
std::string_view to_string(ItemOutcome outcome);

struct ItemResult {
  std::uint32_t number = 0;  // in the manifest, from 0
  std::string customer_item_id;
  std::string metadata;  // JSON object; empty: none
  core::Operation operation = core::Operation::responses;
  ItemOutcome outcome = ItemOutcome::succeeded;
  std::string text;        // assistant's text; for embeddings a JSON array
  std::string tool_calls;  // JSON array as Chat Completions has it; empty: none
  std::string finish_reason;
  std::string review_reason;  // stable word; empty: nothing to look at
  core::ProviderId provider;
  core::ModelSlug model;
  core::Mode mode = core::Mode::sync;
  bool simulated = false;
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  core::Money cost;           // charged
  core::Money provider_cost;  // to us
  std::string duplicate_of;   // the customer's id of the equal item that was asked instead; empty: it was asked itself
  std::uint32_t attempts = 0;
  std::string error_code;  // stable word, unless succeeded
  std::string error_message;
  std::string provider_body;  // JSON; empty: none
};

// Each a line with its newline; empty where the item has no such row.
struct ResultRows {
  std::string output;
  std::string error;
  std::string receipt;
  std::string review;
  std::string raw;
};
ResultRows render_rows(const ItemResult& result);

// What a row of `raw` says of the others: enough to take up the work after a crash.
struct RawRow {
  std::uint32_t number = 0;
  ItemOutcome outcome = ItemOutcome::succeeded;
  bool charged = false;   // has a row in `receipt`
  bool reviewed = false;  // has a row in `review`
  core::Money cost;
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  core::ProviderId provider;  // empty: not asked
  core::ModelSlug model;
  std::optional<core::Mode> mode;            // absent in rows from before there were fallbacks
  std::optional<core::Money> provider_cost;  // likewise
};
// Errors: blob_corrupt.
core::Result<RawRow> parse_raw_row(std::string_view line);

// Puts the provider's body of a `raw` row into a copy of the `output` or `error` row of the same item, as "raw".
std::string with_raw_body(std::string_view row, std::string_view raw_row);

}  // namespace schemas
