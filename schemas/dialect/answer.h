// Answers of providers in one normal form, whatever their dialect. Pure functions, lenient where compatible servers
// are.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/catalog.h"

namespace schemas::dialect {

// As the provider counts; absent when it is missing or no whole number from 0. Not checked for plausibility.
struct Usage {
  std::optional<std::int64_t> input_tokens;   // cached ones included
  std::optional<std::int64_t> cached_tokens;  // of the input, read from a cache
  std::optional<std::int64_t> output_tokens;  // reasoning included; 0 for embeddings
  friend bool operator==(const Usage&, const Usage&) = default;
};

struct Answer {
  std::string text;           // UTF-8; embeddings: a JSON array of numbers, or an array of those
  std::string tool_calls;     // JSON array in the form of Chat Completions; empty: none
  std::string finish_reason;  // stop, length, content_filter, tool_calls, refusal, pause; else as sent
  std::string model;          // as the provider names it; may be empty
  Usage usage;
};

// What a provider complains about, in its own words; each may be empty. The message is valid UTF-8 of one line and at
// most provider_message_bytes_max bytes; it may quote the request, so that only its customer may see it.
struct ProviderFault {
  std::string type;
  std::string code;
  std::string message;
};

constexpr std::size_t provider_message_bytes_max = 300;

// Types of our own, for bodies of HTTP 200 that hold neither an answer nor an error.
constexpr std::string_view malformed_answer = "malformed_answer";    // another shape than the dialect's
constexpr std::string_view unfinished_answer = "unfinished_answer";  // its status, as code: queued, in_progress, …

using AnswerResult = boost::system::result<Answer, ProviderFault>;

// The body of an HTTP 200. An error inside of it (`error`, "status":"failed", "type":"error") is a fault.
AnswerResult read_answer(core::Operation dialect, std::string_view body);

// The body of any other status: of OpenAI, Anthropic, their imitations, a proxy's page, nothing.
ProviderFault read_error(std::string_view body);

}  // namespace schemas::dialect
