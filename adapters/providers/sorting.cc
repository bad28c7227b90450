#include "adapters/providers/sorting.h"

#include <algorithm>
#include <initializer_list>

#include "adapters/providers/wait_hints.h"

namespace adapters::providers {
namespace {

using processors::Trouble;
using processors::Verdict;
using schemas::dialect::ProviderFault;

constexpr std::size_t searched_bytes_max = 16 << 10;

std::string lower(std::string_view text) {
  std::string result(text.substr(0, searched_bytes_max));
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool contains_one_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return text.find(part) != text.npos; });
}

// Without what stands in quotes: that may be the customer's, and must not pass for the provider's own words.
std::string own_words(std::string_view message) {
  std::string words;
  char quote = 0;
  for (const char letter : lower(message)) {
    if (quote == 0 && (letter == '"' || letter == '`' || (letter == '\'' && (words.empty() || words.back() == ' ')))) {
      quote = letter;
    } else if (letter == quote) {
      quote = 0;
    } else if (quote == 0) {
      words += letter;
    }
  }
  return words;
}

// Texts that speak of us. They come with any status: credit as a 400, quota as a 429, a spend limit as a 403.
bool speaks_of_money(std::string_view words) {
  return contains_one_of(words, {"credit balance is", "insufficient credit", "insufficient_quota", "out of credits",
                                 "exceeded your current quota", "plan and billing", "billing hard limit",
                                 "billing is not active", "spend limit", "spending limit", "specified api usage limits",
                                 "payment required", "insufficient balance", "negative balance"});
}

bool speaks_of_access(std::string_view words) {
  return contains_one_of(words, {"organization must be verified", "does not have access to model",
                                 "not have access to it", "is not available in your region"});
}

bool is_money(std::string_view word) {
  return is_one_of(word, {"insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
                          "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
                          "billing_hard_limit_reached", "billing_not_active", "billing_error",
                          "enforced_spend_limit_reached", "insufficient_credits", "payment_required"});
}

bool is_key(std::string_view word) {
  return is_one_of(
      word, {"invalid_api_key", "authentication_error", "account_deactivated", "key_revoked", "invalid_authentication",
             "mismatched_organization", "mismatched_project", "account_disabled", "ip_not_authorized"});
}

bool is_model(std::string_view word) {
  return is_one_of(word, {"model_not_found", "model_not_available", "permission_error", "permission_denied",
                          "unsupported_country_region_territory", "data_residency_mismatch", "not_found_error",
                          "model_deprecated", "deployment_not_found"});
}

bool is_rate(std::string_view word) {
  return is_one_of(word, {"rate_limit_exceeded", "rate_limit_error", "slow_down", "too_many_requests",
                          "token_limit_exceeded", "requests", "tokens", "concurrency_limit_exceeded"});
}

bool is_overload(std::string_view word) {
  return is_one_of(word, {"server_is_overloaded", "service_unavailable_error", "overloaded_error", "engine_overloaded",
                          "service_unavailable"});
}

bool is_server(std::string_view word) {
  return is_one_of(word, {"server_error", "api_error", "internal_error", "internal_server_error", "timeout_error",
                          "vector_store_timeout", "InternalServerError"});
}

Sorted blocked(std::string code) {
  return {Verdict::lane_fault, Trouble::blocked, std::move(code), "The provider cannot be used at the moment."};
}
Sorted blocked_model(std::string code) {
  return {Verdict::lane_fault, Trouble::blocked_model, std::move(code),
          "The provider cannot be used for this model at the moment."};
}
Sorted busy() {
  return {
      Verdict::transient, Trouble::busy, "rate_limited", "The provider is limiting requests at the moment.", {}, true};
}
Sorted down(std::string code) {
  return {Verdict::transient, Trouble::down, std::move(code), "The provider failed for the moment.", {}, true};
}
Sorted conflict() {
  return {Verdict::transient, Trouble::none, "provider_conflict", "The provider failed for the moment.", {}, true};
}
Sorted outcome_unknown() {
  return {Verdict::unknown, Trouble::down, "outcome_unknown", "The provider's answer was lost."};
}

// What the provider complains of is the customer's to read, unless it may speak of our account.
std::string message_for_customer(const ProviderFault& fault) {
  if (fault.message.empty() || may_name_account(fault.message)) return "The provider refused this request.";
  return "The provider refused this request: " + fault.message;
}

Sorted item(std::string code, const ProviderFault& fault) {
  return {Verdict::item_fault, Trouble::none, std::move(code), message_for_customer(fault)};
}

std::string item_code(int status, const ProviderFault& fault) {
  const std::string message = lower(fault.message);
  if (fault.code == "context_length_exceeded" ||
      contains_one_of(message, {"maximum context length", "prompt is too long", "context window"}))
    return "context_length_exceeded";
  if (status == 413 || fault.type == "request_too_large") return "request_too_large";
  if (is_one_of(fault.code, {"content_policy_violation", "content_filter", "moderation_blocked", "invalid_prompt"}))
    return "content_refused";
  return "invalid_request";
}

// Meant for us or for the server, whatever the status. The code is read before the type: OpenAI has one type for
// every cause that has to do with money.
std::optional<Sorted> sort_words(const ProviderFault& fault) {
  if (is_money(fault.code) || is_money(fault.type) || speaks_of_money(own_words(fault.message)))
    return blocked("provider_billing");
  if (speaks_of_access(own_words(fault.message))) return blocked_model("provider_permission");
  for (const std::string& word : {fault.code, fault.type}) {
    if (is_key(word)) return blocked("provider_authentication");
    if (is_model(word)) return blocked_model("provider_permission");
    if (is_overload(word)) return down("provider_overloaded");
    if (is_rate(word)) return busy();
    if (is_server(word)) return down("provider_error");
  }
  return std::nullopt;
}

bool says_nothing(const ProviderFault& fault) {
  return fault.type.empty() && fault.code.empty() && fault.message.empty();
}

Sorted sort_status(int status, const ProviderFault& fault) {
  switch (status) {
    case 400:
    case 413:
    case 414:
    case 422:
    case 431: return item(item_code(status, fault), fault);
    case 401: return blocked("provider_authentication");
    case 402: return blocked("provider_billing");
    case 403: return blocked_model("provider_permission");
    case 404:
    case 405:
    case 410:
    case 451:
    case 501: return blocked_model("provider_not_found");
    case 408: return down("provider_timeout");
    case 409: return conflict();
    case 429: return busy();
    case 503:
    case 529: return down("provider_overloaded");
    case 504: return outcome_unknown();
    default: return down("provider_error");
  }
}

}  // namespace

bool may_name_account(std::string_view text) {
  return contains_one_of(lower(text), {"org-", "proj_", "sk-", "api key", "api_key", "organization", "organisation",
                                       "account", "workspace", "quota", "credit", "billing"});
}

Sorted sort_fault(int status, const ProviderFault& fault) {
  if (status == 200) {
    if (fault.type == schemas::dialect::malformed_answer) return down("malformed_answer");
    if (fault.type == schemas::dialect::unfinished_answer) return down("unfinished_answer");
  }
  // More tokens than our account may use in a minute: waiting does not help, and the item is not to blame.
  if (status == 429 && lower(fault.message).starts_with("request too large for"))
    return {Verdict::transient, Trouble::none, "request_too_large", "The provider takes no request of this size now."};
  if (status == 504) return outcome_unknown();
  if (const auto sorted = sort_words(fault)) return *sorted;
  if (status != 200) return sort_status(status, fault);
  // Gateways put the status that they got into the body of a success.
  if (fault.code.size() == 3 && fault.code >= "400" && fault.code <= "599")
    return sort_status((fault.code[0] - '0') * 100 + (fault.code[1] - '0') * 10 + (fault.code[2] - '0'), fault);
  return says_nothing(fault) ? down("malformed_answer") : item(item_code(400, fault), fault);
}

Sorted sort_response(int status, const http_client::Headers& headers, std::string_view body, core::Timestamp now) {
  const ProviderFault fault = schemas::dialect::read_error(body);
  Sorted sorted = sort_fault(status, fault);
  // A page instead of an API's error is some proxy's word: no item is at fault for it.
  const auto first = body.find_first_not_of(" \t\r\n");
  const bool page = first == std::string_view::npos || body[first] == '<';
  if (page && sorted.verdict == Verdict::item_fault && status != 413) sorted = down("provider_error");

  sorted.retry_after = retry_after(headers, now);
  for (const auto& [name, value] : headers) {
    if (name != "x-should-retry") continue;
    if (value == "false") sorted.try_again = false;
    if (value == "true" && sorted.verdict == Verdict::item_fault) sorted = down("provider_error");
  }
  return sorted;
}

Sorted sort_failure(const core::Error& error) {
  if (error.code == core::ErrorCode::unavailable) return down("provider_unreachable");
  if (error.code == core::ErrorCode::overloaded)
    return {Verdict::transient, Trouble::none, "overloaded", "Too many requests are under way.", {}, true};
  if (error.code == core::ErrorCode::payload_too_large)
    return {Verdict::unknown, Trouble::none, "answer_too_long", "The provider's answer was too long to be read."};
  if (error.code == core::ErrorCode::invalid_request) return blocked("configuration_invalid");
  return outcome_unknown();
}

}  // namespace adapters::providers
