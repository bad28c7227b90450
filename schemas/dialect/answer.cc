#include "schemas/dialect/answer.h"

#include <utility>
#include <vector>

#include "schemas/dialect/embeddings.h"
#include "schemas/dialect/json.h"

namespace schemas::dialect {
namespace {

AnswerResult malformed(std::string message) {
  return ProviderFault{std::string(malformed_answer), {}, std::move(message)};
}

std::optional<std::int64_t> token_count(Json value) {
  const std::optional<std::int64_t> count = value.whole_number();
  return count && *count >= 0 ? count : std::nullopt;
}

// What a model says, collected from its parts.
struct Speech {
  std::string text;
  std::string refusal;
  std::vector<std::string> tool_calls;
};

std::string function_call(std::string_view id, Json name, std::string_view arguments) {
  return object_text({{"id", id},
                      {"type", R"("function")"},
                      {"function", object_text({{"name", name.text()}, {"arguments", arguments}})}});
}

std::string string_or_empty(Json value) {
  return value.is_string() ? std::string(value.text()) : R"("")";
}

// Some servers send the arguments as the object itself.
std::string arguments_text(Json arguments) {
  if (arguments.is_string()) return std::string(arguments.text());
  return arguments.is_null() ? R"("{}")" : quoted(arguments.text());
}

// `reason` is what the provider says, already in our words.
void finish(Speech speech, std::string reason, Answer& answer) {
  if (!speech.tool_calls.empty()) {
    answer.tool_calls = array_text(speech.tool_calls);
    if (reason == "stop") reason = "tool_calls";
  }
  if (!speech.refusal.empty() && reason == "stop") reason = "refusal";
  answer.text = speech.text.empty() ? std::move(speech.refusal) : std::move(speech.text);
  answer.finish_reason = std::move(reason);
}

// Our words for those of the vendors and of compatible servers; null stands for an end like any other.
std::string finish_word(Json reason) {
  static constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"eos", "stop"},
      {"eos_token", "stop"},
      {"end_turn", "stop"},
      {"stop_sequence", "stop"},
      {"max_tokens", "length"},
      {"max_output_tokens", "length"},
      {"model_context_window_exceeded", "length"},
      {"function_call", "tool_calls"},
      {"tool_use", "tool_calls"},
      {"pause_turn", "pause"},
  };
  const std::string sent = reason.string();
  if (sent.empty()) return "stop";
  for (const auto& [theirs, ours] : words) {
    if (sent == theirs) return std::string(ours);
  }
  return sent;
}

void read_chat_part(const Object& part, Speech& speech) {
  speech.text += part["text"].string();
  speech.refusal += part["refusal"].string();
}

AnswerResult read_chat_completions(const Object& body, Answer answer) {
  const std::vector<Json> choices = body["choices"].elements();
  if (choices.empty()) return malformed("an answer without choices");
  const Object choice(choices.front());
  if (choice["error"].is_object()) return read_error(choice["error"].text());
  const Object message(choice["message"]);
  if (!choice["message"].is_object()) return malformed("a choice without a message");
  Speech speech;
  speech.text = message["content"].string();
  for (const Json part : message["content"].elements()) read_chat_part(Object(part), speech);
  speech.refusal += message["refusal"].string();
  for (const Json json : message["tool_calls"].elements()) {
    const Object call(json);
    const Object function(call["function"]);
    speech.tool_calls.push_back(
        call["type"].equals("custom")
            ? std::string(json.text())
            : function_call(string_or_empty(call["id"]), function["name"], arguments_text(function["arguments"])));
  }
  if (message["function_call"].is_object()) {
    const Object function(message["function_call"]);
    speech.tool_calls.push_back(function_call(R"("")", function["name"], arguments_text(function["arguments"])));
  }
  const Object usage(body["usage"]);
  answer.usage.input_tokens = token_count(usage["prompt_tokens"]);
  answer.usage.cached_tokens = token_count(Object(usage["prompt_tokens_details"])["cached_tokens"]);
  answer.usage.output_tokens = token_count(usage["completion_tokens"]);
  finish(std::move(speech), finish_word(choice["finish_reason"]), answer);
  return answer;
}

void read_output_item(const Object& item, Speech& speech) {
  if (item["type"].equals("message")) {
    for (const Json json : item["content"].elements()) {
      const Object part(json);
      if (part["type"].equals("output_text")) speech.text += part["text"].string();
      if (part["type"].equals("refusal")) speech.refusal += part["refusal"].string();
    }
  } else if (item["type"].equals("function_call")) {
    speech.tool_calls.push_back(
        function_call(string_or_empty(item["call_id"]), item["name"], arguments_text(item["arguments"])));
  } else if (item["type"].equals("custom_tool_call")) {
    speech.tool_calls.push_back(
        object_text({{"id", string_or_empty(item["call_id"])},
                     {"type", R"("custom")"},
                     {"custom", object_text({{"name", item["name"].text()}, {"input", item["input"].text()}})}}));
  }
}

AnswerResult read_responses(const Object& body, Answer answer) {
  const std::string status = body["status"].string();
  if (status == "failed") return ProviderFault{"failed", "failed", "the provider gives no reason"};
  if (status == "queued" || status == "in_progress" || status == "cancelled")
    return ProviderFault{std::string(unfinished_answer), status, "the answer is " + status};
  if (!body["output"].is_array()) return malformed("an answer without output");
  Speech speech;
  for (const Json item : body["output"].elements()) read_output_item(Object(item), speech);
  const Object usage(body["usage"]);
  answer.usage.input_tokens = token_count(usage["input_tokens"]);
  answer.usage.cached_tokens = token_count(Object(usage["input_tokens_details"])["cached_tokens"]);
  answer.usage.output_tokens = token_count(usage["output_tokens"]);
  const Json reason = Object(body["incomplete_details"])["reason"];
  const bool complete = status.empty() || status == "completed";
  // Incomplete for no reason given: whatever it was, the answer is cut.
  finish(std::move(speech), complete ? "stop" : reason.is_string() ? finish_word(reason) : "length", answer);
  return answer;
}

// Anthropic counts what it wrote to and read from its cache beside the input.
Usage read_anthropic_usage(const Object& usage) {
  Usage read;
  read.output_tokens = token_count(usage["output_tokens"]);
  read.cached_tokens = token_count(usage["cache_read_input_tokens"]);
  read.input_tokens = token_count(usage["input_tokens"]);
  for (const std::string_view name : {"cache_creation_input_tokens", "cache_read_input_tokens"}) {
    if (!read.input_tokens || usage[name].is_null()) continue;
    const std::optional<std::int64_t> count = token_count(usage[name]);
    std::int64_t sum = 0;
    if (!count || __builtin_add_overflow(*read.input_tokens, *count, &sum)) {
      read.input_tokens.reset();
    } else {
      read.input_tokens = sum;
    }
  }
  return read;
}

AnswerResult read_messages(const Object& body, Answer answer) {
  if (!body["content"].is_array()) return malformed("an answer without content");
  Speech speech;
  for (const Json json : body["content"].elements()) {
    const Object block(json);
    if (block["type"].equals("text")) speech.text += block["text"].string();
    if (block["type"].equals("tool_use"))
      speech.tool_calls.push_back(
          function_call(string_or_empty(block["id"]), block["name"], quoted(block["input"].text())));
  }
  answer.usage = read_anthropic_usage(Object(body["usage"]));
  finish(std::move(speech), finish_word(body["stop_reason"]), answer);
  return answer;
}

AnswerResult read_embeddings(const Object& body, Answer answer) {
  std::optional<std::string> text = embeddings_text(body["data"]);
  if (!text) return malformed("an answer without readable embeddings");
  answer.text = std::move(*text);
  answer.finish_reason = "stop";
  const Object usage(body["usage"]);
  const Json prompt_tokens = usage["prompt_tokens"];
  answer.usage.input_tokens = token_count(prompt_tokens.is_null() ? usage["total_tokens"] : prompt_tokens);
  answer.usage.output_tokens = 0;
  return answer;
}

// Some servers send an error that is none beside an answer.
bool says_error(const Object& body) {
  const Json error = body["error"];
  const bool empty = error.is_null() || error.is_false() || error.is_empty_string() || error.text() == "{}";
  return !empty || body["type"].equals("error") || body["object"].equals("error");
}

}  // namespace

AnswerResult read_answer(core::Operation dialect, std::string_view body) {
  const core::Result<std::string> compact = compact_json(body);
  if (!compact) return malformed("an answer that is no JSON");
  const Object object{Json(*compact)};
  if (says_error(object)) return read_error(*compact);
  Answer answer;
  answer.model = object["model"].string();
  switch (dialect) {
    case core::Operation::responses: return read_responses(object, std::move(answer));
    case core::Operation::chat_completions: return read_chat_completions(object, std::move(answer));
    case core::Operation::messages: return read_messages(object, std::move(answer));
    case core::Operation::embeddings: return read_embeddings(object, std::move(answer));
  }
  return malformed("an answer of no known dialect");
}

}  // namespace schemas::dialect
