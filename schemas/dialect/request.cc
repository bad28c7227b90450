#include "schemas/dialect/request.h"

#include <algorithm>
#include <optional>

#include "schemas/dialect/conversation.h"
#include "schemas/dialect/json.h"

namespace schemas::dialect {
namespace {

// The output limits of a dialect, the one that counts first.
std::vector<std::string_view> limit_names(core::Operation dialect) {
  switch (dialect) {
    case core::Operation::responses: return {"max_output_tokens"};
    case core::Operation::chat_completions: return {"max_completion_tokens", "max_tokens"};
    case core::Operation::messages: return {"max_tokens"};
    case core::Operation::embeddings: break;
  }
  return {};
}

std::string_view limit_name(const Target& target) {
  switch (target.chat_limit) {
    case OutputLimitField::max_completion_tokens: return limit_names(target.dialect).front();
    case OutputLimitField::max_tokens: return limit_names(target.dialect).back();
  }
  return {};
}

std::int64_t limit_of(core::Operation operation, const Object& body, const Target& target) {
  for (const std::string_view name : limit_names(operation)) {
    if (const std::optional<std::int64_t> asked = body[name].whole_number(); asked && *asked > 0)
      return std::min(*asked, target.output_tokens_max);
  }
  return target.output_tokens_max;
}

// One dialect: the body as it stands, with another limit in the place of the first that it has.
std::string with_model_and_limit(const Object& body, const Target& target) {
  const std::vector<std::string_view> names = limit_names(target.dialect);
  std::string text = "{\"model\":" + quoted(target.model);
  bool limited = names.empty();
  const auto add = [&](std::string_view name, std::string_view value) {
    text.append(",").append(quoted(name)).append(":").append(value);
  };
  const auto add_limit = [&] {
    if (!limited) add(limit_name(target), std::to_string(limit_of(target.dialect, body, target)));
    limited = true;
  };
  for (const Object::Member& member : body.members()) {
    if (member.name == "model") continue;
    if (std::find(names.begin(), names.end(), member.name) != names.end()) {
      add_limit();
    } else {
      add(member.name, member.value.text());
    }
  }
  add_limit();
  return text += '}';
}

core::Result<Conversation> read_conversation(core::Operation operation, const Object& body) {
  switch (operation) {
    case core::Operation::responses: return read_responses(body);
    case core::Operation::chat_completions: return read_chat_completions(body);
    case core::Operation::messages: return read_messages(body);
    case core::Operation::embeddings: break;
  }
  return core::Error{core::ErrorCode::invalid_request, "embeddings"};
}

core::Result<std::string> write_conversation(const Conversation& conversation, const Target& target,
                                             std::int64_t limit) {
  switch (target.dialect) {
    case core::Operation::responses: return write_responses(conversation, target, limit);
    case core::Operation::chat_completions: return write_chat_completions(conversation, target, limit);
    case core::Operation::messages: return write_messages(conversation, target, limit);
    case core::Operation::embeddings: break;
  }
  return core::Error{core::ErrorCode::invalid_request, "texts where embeddings are made"};
}

}  // namespace

core::Result<std::string> write_request(core::Operation operation, std::string_view input, const Target& target) {
  const core::Result<std::string> compact = compact_json(input);
  if (!compact) return compact.error();
  const Json json(*compact);
  if (!json.is_object()) return core::Error{core::ErrorCode::malformed_json, "a request body that is no JSON object"};
  const Object body(json);
  // A result row holds one answer, and the quote pays for one.
  if (const Json answers = body["n"];
      operation == core::Operation::chat_completions && !answers.is_null() && answers.text() != "1")
    return core::Error{core::ErrorCode::invalid_request, "n above 1"};
  if (operation == target.dialect) return with_model_and_limit(body, target);
  const core::Result<Conversation> conversation = read_conversation(operation, body);
  if (!conversation) return conversation.error();
  return write_conversation(*conversation, target, limit_of(operation, body, target));
}

core::Result<void> can_write(core::Operation operation, std::string_view input, core::Operation target_dialect) {
  const core::Result<std::string> body = write_request(operation, input, Target{target_dialect, "", 1});
  if (!body) return body.error();
  return {};
}

}  // namespace schemas::dialect
