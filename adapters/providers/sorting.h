// Sorts what providers answer into what it means for the item and for the lane. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http_client/http_client.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/lane.h"
#include "schemas/dialect/answer.h"

namespace adapters::providers {

struct Sorted {
  processors::Verdict verdict = processors::Verdict::transient;
  processors::Trouble trouble = processors::Trouble::none;    // of the lane, when it lasts
  std::string error_code;                                     // stable word
  std::string error_message;                                  // for the customer; never names our account
  std::optional<std::chrono::milliseconds> retry_after = {};  // as the provider asked
  bool try_again = false;  // within this attempt: it was not carried out, and may be soon
};

// An answer that is none: `status` is not 2xx.
Sorted sort_response(int status, const http_client::Headers& headers, std::string_view body, core::Timestamp now);

// What stood in a body or a batch's result line. `status` is 200 when an error came as a success.
Sorted sort_fault(int status, const schemas::dialect::ProviderFault& fault);

// No answer at all. `unknown` unless it is certain that nothing was sent.
Sorted sort_failure(const core::Error& error);

// Whether a text may say something of our account with the provider, so that no customer may see it.
bool may_name_account(std::string_view text);

}  // namespace adapters::providers
