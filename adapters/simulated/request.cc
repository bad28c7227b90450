#include "adapters/simulated/request.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <initializer_list>

#include "core/tokens.h"

namespace adapters::simulated {
namespace {

using rapidjson::Value;

constexpr std::int64_t tokens_per_message = 4;  // what role and separators take
constexpr int schema_depth_max = 64;
constexpr int content_depth_max = 4;  // a tool result holds content that holds text
constexpr rapidjson::SizeType embedding_inputs_max = 2'048;
constexpr std::int64_t dimensions_max = 3'072;

using Words = std::initializer_list<std::string_view>;

std::string_view view(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

// nullptr when it is absent or null, which vendors take for the same.
const Value* find(const Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

std::string json_of(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

// Looks no deeper than asked, so that no nesting can exhaust the stack.
bool deeper_than(const Value& value, int levels) {
  if (!value.IsObject() && !value.IsArray()) return false;
  if (levels == 0) return true;
  if (value.IsArray())
    return std::any_of(value.Begin(), value.End(), [&](const Value& entry) { return deeper_than(entry, levels - 1); });
  return std::any_of(value.MemberBegin(), value.MemberEnd(),
                     [&](const auto& member) { return deeper_than(member.value, levels - 1); });
}

class Reader {
 public:
  Reader(core::Operation operation, const Value& body) : operation_(operation), body_(body) {}

  core::Result<Request> read() {
    switch (operation_) {
      case core::Operation::chat_completions: read_chat_completions(); break;
      case core::Operation::responses: read_responses(); break;
      case core::Operation::messages: read_messages(); break;
      case core::Operation::embeddings: read_embeddings(); break;
    }
    if (!fault_.empty()) return core::Error{core::ErrorCode::invalid_request, fault_};
    return std::move(request_);
  }

 private:
  void read_chat_completions() {
    check_sampling(2);
    check_whole("n", 1, 1);
    check_whole("max_tokens", 1);
    check_whole("max_completion_tokens", 1);
    read_conversation("messages", {"developer", "system", "user", "assistant", "tool", "function"});
    if (const Value* format = find(body_, "response_format")) {
      const Value* wrapper = find(*format, "json_schema");
      read_format(*format, "response_format.type", wrapper == nullptr ? nullptr : find(*wrapper, "schema"));
    }
  }

  void read_responses() {
    check_sampling(2);
    check_whole("max_output_tokens", 1);
    check_not_true("background");
    if (const Value* instructions = find(body_, "instructions")) count_content(*instructions, "instructions");
    const Value* input = find(body_, "input");
    if (input != nullptr && input->IsString()) {
      if (input->GetStringLength() == 0) fail("'input' must not be empty.");
      request_.input_tokens += tokens_per_message;
      count_content(*input, "input");
    } else {
      read_conversation("input", {"user", "assistant", "system", "developer"});
    }
    const Value* text = find(body_, "text");
    const Value* format = text == nullptr ? nullptr : find(*text, "format");
    if (format != nullptr) read_format(*format, "text.format.type", find(*format, "schema"));
  }

  void read_messages() {
    check_sampling(1);
    check_whole("max_tokens", 1);
    if (const Value* system = find(body_, "system")) count_content(*system, "system");
    read_conversation("messages", {"user", "assistant"});
    if (fault_.empty() && view(*find((*find(body_, "messages"))[0], "role")) != "user")
      fail("messages: first message must use the \"user\" role.");
    const Value* config = find(body_, "output_config");
    const Value* format = config == nullptr ? nullptr : find(*config, "format");
    if (format != nullptr) read_format(*format, "output_config.format.type", find(*format, "schema"));
  }

  void read_embeddings() {
    check_whole("dimensions", 1, dimensions_max);
    if (const Value* dimensions = find(body_, "dimensions"); dimensions != nullptr && fault_.empty())
      request_.dimensions = dimensions->GetUint();
    if (const Value* format = find(body_, "encoding_format");
        format != nullptr && (!format->IsString() || view(*format) != "float"))
      fail("'encoding_format' must be 'float'.");
    const Value* input = find(body_, "input");
    if (input == nullptr) return fail("Missing required parameter: 'input'.");
    if (!input->IsArray() || is_token_array(*input)) return read_embedding_input(*input);
    if (input->Empty()) fail("'input' must not be empty.");
    if (input->Size() > embedding_inputs_max) return fail("'input' must have at most 2048 entries.");
    for (const Value& entry : input->GetArray()) read_embedding_input(entry);
  }

  static bool is_token_array(const Value& value) {
    return value.IsArray() && !value.Empty() &&
           std::all_of(value.Begin(), value.End(), [](const Value& entry) { return entry.IsUint(); });
  }

  void read_embedding_input(const Value& input) {
    if (is_token_array(input)) {
      request_.input_tokens += input.Size();
      request_.to_embed.push_back(json_of(input));
    } else if (input.IsString() && input.GetStringLength() > 0) {
      request_.input_tokens += core::count_tokens(view(input));
      request_.to_embed.emplace_back(view(input));
    } else {
      fail("'input' must be texts or arrays of tokens that are not empty.");
    }
  }

  // Items of another type than a message (a function call and its output) carry no role.
  void read_conversation(const char* name, Words roles) {
    const Value* messages = find(body_, name);
    if (messages == nullptr) return fail(std::string("Missing required parameter: '") + name + "'.");
    if (!messages->IsArray() || messages->Empty()) return fail(std::string("'") + name + "' must not be empty.");
    for (rapidjson::SizeType i = 0; i < messages->Size(); ++i)
      read_message((*messages)[i], std::string(name) + "[" + std::to_string(i) + "]", roles);
  }

  void read_message(const Value& message, const std::string& at, Words roles) {
    if (!message.IsObject()) return fail("'" + at + "' must be an object.");
    request_.input_tokens += tokens_per_message;
    const Value* type = find(message, "type");
    if (operation_ == core::Operation::responses && type != nullptr && type->IsString() && view(*type) != "message") {
      for (const char* name : {"arguments", "output"}) {
        if (const Value* text = find(message, name)) count_content(*text, at + "." + name);
      }
      return;
    }
    const Value* role = find(message, "role");
    if (role == nullptr || !role->IsString() || std::find(roles.begin(), roles.end(), view(*role)) == roles.end())
      return fail("Invalid value for '" + at + ".role'.");
    if (const Value* content = find(message, "content")) return count_content(*content, at + ".content");
    if (view(*role) != "assistant") fail("Missing required parameter: '" + at + ".content'.");
  }

  // A text, or an array of parts of which those with a text count.
  void count_content(const Value& content, const std::string& at, int depth = 0) {
    if (content.IsString()) {
      request_.input_tokens += core::count_tokens(view(content));
      return;
    }
    if (!content.IsArray()) return fail("'" + at + "' must be a text or an array of parts.");
    for (const Value& part : content.GetArray()) {
      if (!part.IsObject()) return fail("'" + at + "' must hold objects.");
      if (const Value* text = find(part, "text"); text != nullptr && text->IsString())
        request_.input_tokens += core::count_tokens(view(*text));
      if (const Value* inner = find(part, "content"); inner != nullptr && depth < content_depth_max)
        count_content(*inner, at, depth + 1);
    }
  }

  void read_format(const Value& format, const std::string& at, const Value* schema) {
    const Value* type = find(format, "type");
    const std::string_view word = type != nullptr && type->IsString() ? view(*type) : "";
    if (word == "json_schema" && schema != nullptr && schema->IsObject()) {
      if (deeper_than(*schema, schema_depth_max)) return fail("The JSON schema is nested too deeply.");
      request_.json_schema = json_of(*schema);
    }
    request_.wants_json = word == "json_object" || word == "json_schema";
    if (!request_.wants_json && word != "text")
      fail("'" + at + "' must be one of 'text', 'json_object' and 'json_schema'.");
  }

  void check_sampling(double temperature_max) {
    check_number("temperature", temperature_max);
    check_number("top_p", 1);
    check_not_true("stream");
  }

  void check_number(const char* name, double high) {
    const Value* value = find(body_, name);
    if (value == nullptr || (value->IsNumber() && value->GetDouble() >= 0 && value->GetDouble() <= high)) return;
    fail(std::string("'") + name + "' must be a number from 0 to " + std::to_string(static_cast<int>(high)) + ".");
  }

  void check_whole(const char* name, std::int64_t low, std::int64_t high = 1'000'000'000) {
    const Value* value = find(body_, name);
    if (value == nullptr || (value->IsInt64() && value->GetInt64() >= low && value->GetInt64() <= high)) return;
    fail(std::string("'") + name + "' must be a whole number from " + std::to_string(low) + " to " +
         std::to_string(high) + ".");
  }

  void check_not_true(const char* name) {
    const Value* value = find(body_, name);
    if (value != nullptr && !value->IsFalse()) fail(std::string("'") + name + "' is not possible in a batch.");
  }

  void fail(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }

  const core::Operation operation_;
  const Value& body_;
  Request request_;
  std::string fault_;  // the first one
};

}  // namespace

core::Result<Request> read_request(core::Operation operation, std::string_view input) {
  rapidjson::Document body;
  body.Parse<rapidjson::kParseIterativeFlag>(input.data(), input.size());
  if (body.HasParseError() || !body.IsObject())
    return core::Error{core::ErrorCode::invalid_request, "The request body must be a JSON object."};
  return Reader(operation, body).read();
}

}  // namespace adapters::simulated
