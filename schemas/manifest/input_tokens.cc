#include "schemas/manifest/input_tokens.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "core/tokens.h"

namespace schemas::manifest {
namespace {

using rapidjson::Value;

constexpr std::int64_t number_tokens = 8;  // of a number inside content: never less than its digits need

std::string_view view(const Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

bool is_image(const Value& part) {
  const auto type = part.FindMember("type");
  if (type == part.MemberEnd() || !type->value.IsString()) return false;
  const std::string_view name = view(type->value);
  return name == "image_url" || name == "input_image" || name == "image";
}

// Every text below `value`. Names of members count as well: a model sees those of tool arguments, the others are few.
std::int64_t count_texts(const Value& value) {
  if (value.IsString()) return core::count_tokens(view(value));
  std::int64_t tokens = 0;
  if (value.IsArray()) {
    for (const Value& element : value.GetArray()) tokens += count_texts(element);
    return tokens;
  }
  if (!value.IsObject()) return value.IsNumber() ? number_tokens : 1;
  if (is_image(value)) return image_tokens;
  for (const auto& member : value.GetObject()) {
    const std::string_view name = view(member.name);
    if (name == "type" || name == "role") continue;
    if (name != "text" && name != "content") tokens += core::count_tokens(name);
    tokens += count_texts(member.value);
  }
  return tokens;
}

// Tool definitions and schemas reach the model as JSON.
std::int64_t count_json(const Value& value) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  return core::count_tokens({text.GetString(), text.GetSize()});
}

std::int64_t count_messages(const Value& messages) {
  const std::int64_t wrapping = messages.IsArray() ? message_tokens * messages.Size() : message_tokens;
  return wrapping + count_texts(messages);
}

bool is_token_array(const Value& value) {
  return value.IsArray() && !value.Empty() && value[0].IsNumber();
}

std::int64_t count_embedded(const Value& input) {
  if (is_token_array(input)) return input.Size();
  if (!input.IsArray()) return count_texts(input);
  std::int64_t tokens = 0;
  for (const Value& element : input.GetArray())
    tokens += is_token_array(element) ? element.Size() : count_texts(element);
  return tokens;
}

enum class Kind { unseen, text, messages, json };

// What of a request body the model sees.
Kind kind_of(std::string_view name) {
  if (name == "input" || name == "messages") return Kind::messages;
  if (name == "instructions" || name == "system") return Kind::text;
  if (name == "tools" || name == "functions" || name == "response_format" || name == "text" ||
      name == "output_config" || name == "output_format")
    return Kind::json;
  return Kind::unseen;
}

}  // namespace

std::int64_t count_input_tokens(core::Operation operation, const Value& input) {
  std::int64_t tokens = request_tokens;
  for (const auto& member : input.GetObject()) {
    const Kind kind = kind_of(view(member.name));
    switch (kind) {
      case Kind::unseen: break;
      case Kind::text: tokens += count_texts(member.value); break;
      case Kind::json: tokens += count_json(member.value); break;
      case Kind::messages:
        tokens +=
            operation == core::Operation::embeddings ? count_embedded(member.value) : count_messages(member.value);
        break;
    }
  }
  return tokens;
}

core::Result<std::int64_t> count_input_tokens(core::Operation operation, std::string_view input) {
  rapidjson::Document document;
  document.Parse(input.data(), input.size());
  if (document.HasParseError() || !document.IsObject())
    return core::Error{core::ErrorCode::malformed_json, "an item's input is not a JSON object"};
  return count_input_tokens(operation, document);
}

std::int64_t with_headroom(std::int64_t tokens) {
  return (tokens * 115 + 99) / 100;
}

}  // namespace schemas::manifest
