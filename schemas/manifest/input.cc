#include "schemas/manifest/input.h"

#include <rapidjson/document.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "schemas/manifest/input_tokens.h"
#include "schemas/manifest/json_text.h"

namespace schemas::manifest {
namespace {

using rapidjson::Value;

std::string_view view(const Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

// nullptr for absent and for null, which every dialect takes for absent.
const Value* find(const Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

std::string step(std::string_view pointer, rapidjson::SizeType index) {
  return std::string(pointer) + "/" + std::to_string(index);
}

void refuse_duplicates(const Value& body, const FaultScope& faults) {
  std::unordered_set<std::string_view> names;
  for (const auto& member : body.GetObject()) {
    if (!names.insert(view(member.name)).second)
      faults.add("duplicate_field", pointer_step(view(member.name)), "stands here twice: keep one of them");
  }
}

// What belongs to the manifest, or ties a request to one provider or connection.
void refuse_foreign_fields(const Value& body, const FaultScope& faults) {
  struct Refused {
    std::string_view name;
    std::string_view why;
  };
  static constexpr Refused always[] = {
      {"model", "goes beside input, as the item's model or model_options"},
      {"service_tier", "is chosen by the route: use sla_tier of the manifest"},
      {"previous_response_id", "refers to what one provider keeps: send the whole conversation in input"},
      {"conversation", "refers to what one provider keeps: send the whole conversation in input"},
  };
  static constexpr Refused when_on[] = {
      {"stream", "cannot be on in a batch: leave it out"},
      {"background", "is what every batch does by itself: leave it out"},
  };
  for (const auto& member : body.GetObject()) {
    const std::string_view name = view(member.name);
    const Value& value = member.value;
    for (const Refused& field : always) {
      if (name == field.name && (!value.IsNull() || name == "model"))
        faults.add("field_not_allowed", pointer_step(name), std::string(field.why));
    }
    for (const Refused& field : when_on) {
      if (name == field.name && !value.IsNull() && !value.IsFalse())
        faults.add("field_not_allowed", pointer_step(name), std::string(field.why));
    }
  }
}

void add_missing(const FaultScope& faults, std::string_view pointer, std::string_view what) {
  faults.add("missing_field", pointer, "is required: " + std::string(what));
}

void check_responses(const Value& body, const FaultScope& faults) {
  const Value* input = find(body, "input");
  if (input == nullptr) return add_missing(faults, "/input", "a string or an array of messages");
  if (!input->IsString() && !input->IsArray())
    return faults.add("invalid_type", "/input", "must be a string or an array of messages");
  if (input->IsString() ? input->GetStringLength() == 0 : input->Empty())
    return faults.add("empty_value", "/input", "must not be empty");
  if (!input->IsArray()) return;
  for (rapidjson::SizeType i = 0; i < input->Size(); ++i) {
    if (!(*input)[i].IsObject()) faults.add("invalid_type", step("/input", i), "must be an object, such as a message");
  }
}

// An assistant's turn may be made of something else than content.
bool speaks_without_content(const Value& message) {
  for (const char* name : {"tool_calls", "function_call", "refusal", "audio"}) {
    if (find(message, name) != nullptr) return true;
  }
  return false;
}

void check_message(const Value& message, core::Operation operation, const std::string& pointer,
                   const FaultScope& faults) {
  if (!message.IsObject()) return faults.add("invalid_type", pointer, "must be an object with role and content");
  const Value* role = find(message, "role");
  if (role == nullptr) {
    add_missing(faults, pointer + "/role", "who speaks, such as \"user\"");
  } else if (!role->IsString()) {
    faults.add("invalid_type", pointer + "/role", "must be a string");
  }
  const Value* content = find(message, "content");
  if (content == nullptr) {
    if (operation == core::Operation::messages || !speaks_without_content(message))
      add_missing(faults, pointer + "/content", "a string or an array of parts");
  } else if (!content->IsString() && !content->IsArray()) {
    faults.add("invalid_type", pointer + "/content", "must be a string or an array of parts");
  }
}

void check_messages(const Value& body, core::Operation operation, const FaultScope& faults) {
  const Value* messages = find(body, "messages");
  if (messages == nullptr) return add_missing(faults, "/messages", "an array of messages");
  if (!messages->IsArray()) return faults.add("invalid_type", "/messages", "must be an array of messages");
  if (messages->Empty()) return faults.add("empty_value", "/messages", "must not be empty");
  for (rapidjson::SizeType i = 0; i < messages->Size(); ++i)
    check_message((*messages)[i], operation, step("/messages", i), faults);
}

void check_tokens(const Value& tokens, const std::string& pointer, const FaultScope& faults) {
  for (rapidjson::SizeType i = 0; i < tokens.Size(); ++i) {
    if (!tokens[i].IsUint()) faults.add("invalid_type", step(pointer, i), "must be a token: a whole number from 0");
  }
}

void check_embedded(const Value& element, const std::string& pointer, const FaultScope& faults) {
  if (element.IsString()) {
    if (element.GetStringLength() == 0) faults.add("empty_value", pointer, "must not be empty");
  } else if (!element.IsArray()) {
    faults.add("invalid_type", pointer, "must be a string or an array of tokens");
  } else if (element.Empty()) {
    faults.add("empty_value", pointer, "must not be empty");
  } else if (element.Size() > embeddings_inputs_max) {
    faults.add("too_many", pointer, "must have at most 2048 tokens");
  } else {
    check_tokens(element, pointer, faults);
  }
}

void check_embeddings(const Value& body, const FaultScope& faults) {
  const Value* input = find(body, "input");
  if (input == nullptr) return add_missing(faults, "/input", "a string, or an array of strings or of token arrays");
  const bool several = input->IsArray() && !input->Empty() && !(*input)[0].IsNumber();
  if (!several) return check_embedded(*input, "/input", faults);
  if (input->Size() > embeddings_inputs_max) return faults.add("too_many", "/input", "must have at most 2048 entries");
  for (rapidjson::SizeType i = 0; i < input->Size(); ++i) check_embedded((*input)[i], step("/input", i), faults);
}

std::optional<std::int64_t> read_output_tokens_max(const Value& body, std::vector<const char*> names,
                                                   const FaultScope& faults) {
  std::optional<std::int64_t> asked;
  for (const char* name : names) {
    const Value* value = find(body, name);
    if (value == nullptr) continue;
    if (!value->IsInt64() || value->GetInt64() < 1 || value->GetInt64() > output_tokens_asked_max) {
      faults.add("out_of_range", pointer_step(name), "must be a whole number from 1 to 1000000");
    } else if (!asked) {
      asked = value->GetInt64();
    }
  }
  return asked;
}

}  // namespace

struct InputReader::Memory {
  std::string text;  // parsed in place: the tree's strings lie in it
  rapidjson::MemoryPoolAllocator<> pool{64 * 1024};
};

InputReader::InputReader() : memory_(std::make_unique<Memory>()) {}
InputReader::~InputReader() = default;

InputFacts InputReader::read(std::optional<core::Operation> operation, std::string_view json,
                             const FaultScope& faults) {
  memory_->pool.Clear();
  memory_->text.assign(json);
  rapidjson::Document body(&memory_->pool);
  body.ParseInsitu(memory_->text.data());
  if (body.HasParseError() || !body.IsObject()) {
    faults.add("invalid_type", "", "must be an object: the body of the request, without model");
    return {};
  }
  refuse_duplicates(body, faults);
  refuse_foreign_fields(body, faults);
  if (!operation) return {};

  InputFacts facts;
  switch (*operation) {
    case core::Operation::responses:
      check_responses(body, faults);
      facts.output_tokens_max = read_output_tokens_max(body, {"max_output_tokens"}, faults);
      break;
    case core::Operation::chat_completions:
      check_messages(body, *operation, faults);
      facts.output_tokens_max = read_output_tokens_max(body, {"max_completion_tokens", "max_tokens"}, faults);
      break;
    case core::Operation::messages:
      check_messages(body, *operation, faults);
      facts.output_tokens_max = read_output_tokens_max(body, {"max_tokens"}, faults);
      break;
    case core::Operation::embeddings: check_embeddings(body, faults); break;
  }
  facts.input_tokens = with_headroom(count_input_tokens(*operation, body));
  return facts;
}

}  // namespace schemas::manifest
