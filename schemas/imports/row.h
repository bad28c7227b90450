// What happened to one request of a provider's batch, read from the files that the provider hands out. Pure functions.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/catalog.h"
#include "core/result.h"
#include "core/time.h"
#include "schemas/dialect/answer.h"

namespace schemas::imports {

// Whose batches are imported.
enum class Provider { openai, anthropic };

std::string_view to_string(Provider provider);
std::optional<Provider> provider_from_string(std::string_view text);

// Why a line cannot be taken.
struct RowFault {
  std::string code;       // stable word: malformed_json, missing_field, …
  std::string pointer;    // JSON pointer into the line
  std::string custom_id;  // empty when unknown
  std::string message;    // what is wrong; nothing of the customer's texts
};
template <class Row>
using RowResult = boost::system::result<Row, RowFault>;

// A request as the provider took it.
struct Request {
  std::string custom_id;
  core::Operation operation = core::Operation::responses;
  std::string model;  // as the provider names it
  std::string input;  // the body without its model, compact
};

// OpenAI: {custom_id, method, url, body}; Anthropic: {custom_id, params}.
RowResult<Request> read_request(Provider provider, std::string_view json);

// As the provider ended it.
enum class Ending {
  succeeded,
  rejected,   // the provider says that the request is wrong
  failed,     // by a fault of the provider, or not in time
  cancelled,  // by the customer, before it was answered
};

struct Outcome {
  std::string custom_id;
  Ending ending = Ending::failed;
  std::optional<core::Timestamp> occurred_at;  // where the line tells it
  std::string code;                            // of what did not succeed: the provider's own word; never empty then
  std::string model;                           // as the provider names it; may be empty
  std::optional<core::Operation> operation;    // as the answer's shape tells
  std::string body;                            // of what succeeded: the answer, in the operation's dialect
};

// OpenAI: {custom_id, response: {status_code, body}, error}; Anthropic: {custom_id, result: {type, message or error}}.
// A line may carry `occurred_at`, RFC 3339 or Unix seconds: Anthropic's answers tell no time.
RowResult<Outcome> read_outcome(Provider provider, std::string_view json);

// When a batch was done, from the object that the provider shows for it; nullopt when it says nothing.
// Errors: malformed_json, invalid_request (not a batch of this provider).
core::Result<std::optional<core::Timestamp>> read_batch_time(Provider provider, std::string_view json);

}  // namespace schemas::imports
