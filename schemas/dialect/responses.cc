// Responses, as OpenAI's API reference describes them.
#include "core/overloaded.h"
#include "schemas/dialect/conversation.h"
#include "schemas/dialect/shared.h"
#include "schemas/dialect/strict_schema.h"

namespace schemas::dialect {
namespace {

class Reader {
 public:
  explicit Reader(const Object& body) : body_(body) {}

  core::Result<Conversation> read() {
    check_body_members(body_,
                       {"input", "instructions", "max_output_tokens", "temperature", "top_p", "text", "tools",
                        "tool_choice", "parallel_tool_calls", "reasoning", "truncation", "top_logprobs"},
                       reasons_);
    read_sampling(body_, conversation_);
    if (!body_["truncation"].is_null() && !body_["truncation"].equals("disabled")) reasons_.add("truncation");
    if (!body_["top_logprobs"].is_null() && body_["top_logprobs"].text() != "0") reasons_.add("logprobs");
    for (const Json included : read_list(body_["include"], "include", reasons_)) {
      if (included.equals("message.output_text.logprobs")) reasons_.add("logprobs");
    }
    // A summary is shown beside the answer, which stays the same.
    const Object reasoning = read_object(body_["reasoning"], "reasoning", reasons_);
    check_members(reasoning, {"effort", "summary", "generate_summary"}, "reasoning", reasons_);
    conversation_.reasoning_effort = reasoning["effort"];
    const Object text = read_object(body_["text"], "text", reasons_);
    check_members(text, {"format", "verbosity"}, "text", reasons_);
    conversation_.verbosity = text["verbosity"];
    read_format(text["format"]);
    for (const Json tool : read_list(body_["tools"], "tools", reasons_)) read_tool(Object(tool));
    read_tool_choice(body_["tool_choice"]);
    read_input();
    if (!reasons_.none()) return reasons_.error();
    return std::move(conversation_);
  }

 private:
  void read_format(Json json) {
    const Object format(json);
    OutputFormat& to = conversation_.format;
    if (is_type(format, "json_object")) {
      to.kind = OutputKind::json_object;
    } else if (is_type(format, "json_schema")) {
      check_members(format, {"type", "name", "description", "schema", "strict"}, "text.format", reasons_);
      to = {OutputKind::json_schema, format["name"], format["description"], format["schema"],
            read_flag(format["strict"], false, "strict", reasons_)};
    } else if (!json.is_null() && !is_type(format, "text")) {
      reasons_.add("text.format of type " + plain_word(format["type"]));
    }
  }

  // Unlike in the other dialects a function is strict unless it says otherwise, where its parameters allow it.
  void read_tool(const Object& tool) {
    if (!is_type(tool, "function")) return reasons_.add("tools of type " + plain_word(tool["type"]));
    check_members(tool, {"type", "name", "description", "parameters", "strict"}, "a tool", reasons_);
    const bool strict = read_flag(tool["strict"], fits_openai_strict(tool["parameters"]), "strict", reasons_);
    conversation_.tools.push_back({tool["name"], tool["description"], tool["parameters"], strict});
  }

  void read_tool_choice(Json choice) {
    ToolChoice& to = conversation_.tool_choice;
    to.parallel = read_flag(body_["parallel_tool_calls"], true, "parallel_tool_calls", reasons_);
    if (choice.is_null()) return;
    if (const std::optional<ToolUse> use = tool_use_from_word(choice)) {
      to.use = *use;
      return;
    }
    const Object object(choice);
    if (!is_type(object, "function")) return reasons_.add("tool_choice of type " + plain_word(object["type"]));
    to.use = ToolUse::named;
    to.name = object["name"];
  }

  void read_input() {
    const Json instructions = body_["instructions"];
    if (!instructions.is_null() && !instructions.is_string()) reasons_.add("instructions that are no string");
    if (!instructions.is_null()) conversation_.turns.push_back({Role::system, {Text{instructions}}});
    const Json input = body_["input"];
    if (input.is_string()) {
      conversation_.turns.push_back({Role::user, {Text{input}}});
      return;
    }
    for (const Json item : read_list(input, "input", reasons_)) read_item(Object(item));
  }

  void read_item(const Object& item) {
    if (item["type"].is_null() || is_type(item, "message")) {
      read_message(item);
    } else if (is_type(item, "function_call")) {
      check_members(item, {"type", "id", "status", "call_id", "name", "arguments"}, "a function call", reasons_);
      if (conversation_.turns.empty() || conversation_.turns.back().role != Role::assistant)
        conversation_.turns.push_back({Role::assistant, {}});
      conversation_.turns.back().parts.emplace_back(
          ToolCall{item["call_id"], item["name"], item["arguments"].string()});
    } else if (is_type(item, "function_call_output")) {
      check_members(item, {"type", "id", "status", "call_id", "output"}, "a function's output", reasons_);
      conversation_.turns.push_back({Role::user, {ToolResult{item["call_id"], read_content(item["output"])}}});
    } else {
      reasons_.add("items of type " + plain_word(item["type"]));
    }
  }

  void read_message(const Object& message) {
    check_members(message, {"type", "id", "status", "role", "content", "phase"}, "a message", reasons_);
    const Json role = message["role"];
    Turn turn;
    if (role.equals("system")) {
      turn.role = Role::system;
    } else if (role.equals("developer")) {
      turn.role = Role::developer;
    } else if (role.equals("assistant")) {
      turn.role = Role::assistant;
    } else if (!role.equals("user")) {
      return reasons_.add("messages of role " + plain_word(role));
    }
    append_parts(read_content(message["content"]), turn.parts);
    conversation_.turns.push_back(std::move(turn));
  }

  std::vector<Content> read_content(Json content) {
    if (content.is_string()) return {Text{content}};
    std::vector<Content> parts;
    for (const Json element : read_list(content, "content", reasons_)) {
      const Object part(element);
      if (is_type(part, "input_text") || is_type(part, "output_text")) {
        check_members(part, {"type", "text", "annotations", "logprobs"}, "a part", reasons_);
        parts.emplace_back(Text{part["text"]});
      } else if (is_type(part, "input_image")) {
        check_members(part, {"type", "image_url", "detail"}, "an image", reasons_);
        if (const auto image = read_image(part["image_url"], part["detail"], reasons_)) parts.emplace_back(*image);
      } else {
        reasons_.add("parts of type " + plain_word(part["type"]));
      }
    }
    return parts;
  }

  const Object& body_;
  Conversation conversation_;
  Reasons reasons_;
};

class Writer {
 public:
  Writer(const Conversation& conversation, const Target& target) : conversation_(conversation), target_(target) {}

  core::Result<std::string> write(std::int64_t limit) {
    if (!conversation_.stop_sequences.empty()) reasons_.add("stop sequences");
    const Json instructions = leading_instructions();
    for (std::size_t i = instructions.is_null() ? 0 : 1; i < conversation_.turns.size(); ++i)
      write_turn(conversation_.turns[i]);
    std::vector<std::string> tools;
    for (const Tool& tool : conversation_.tools) tools.push_back(tool_text(tool));
    const ToolChoice& choice = conversation_.tool_choice;
    const std::string text =
        object_text({{"format", format_text()}, {"verbosity", optional_text(conversation_.verbosity)}});
    const std::string reasoning = object_text({{"effort", optional_text(conversation_.reasoning_effort)}});
    std::string body = object_text({{"model", quoted(target_.model)},
                                    {"instructions", optional_text(instructions)},
                                    {"input", array_text(items_)},
                                    {"max_output_tokens", std::to_string(limit)},
                                    {"temperature", optional_text(conversation_.temperature)},
                                    {"top_p", optional_text(conversation_.top_p)},
                                    {"text", unless_empty(text)},
                                    {"tools", tools.empty() ? "" : array_text(tools)},
                                    {"tool_choice", choice_text(choice)},
                                    {"parallel_tool_calls", choice.parallel || tools.empty() ? "" : "false"},
                                    {"reasoning", unless_empty(reasoning)}});
    if (!reasons_.none()) return reasons_.error();
    return body;
  }

 private:
  static std::string_view unless_empty(std::string_view object) { return object == "{}" ? "" : object; }

  // The text of a first system turn, unless nothing else is said.
  Json leading_instructions() const {
    const std::vector<Turn>& turns = conversation_.turns;
    if (turns.size() < 2 || turns.front().role != Role::system || turns.front().parts.size() != 1) return {};
    const Text* text = std::get_if<Text>(&turns.front().parts.front());
    return text == nullptr ? Json() : text->text;
  }

  std::string format_text() const {
    const OutputFormat& format = conversation_.format;
    switch (format.kind) {
      case OutputKind::text: return "";
      case OutputKind::json_object: return R"({"type":"json_object"})";
      case OutputKind::json_schema:
        return object_text({{"type", R"("json_schema")"},
                            {"name", format.name.is_null() ? R"("answer")" : format.name.text()},
                            {"description", optional_text(format.description)},
                            {"schema", optional_text(format.schema)},
                            {"strict", format.strict ? "true" : "false"}});
    }
    return "";
  }

  static std::string tool_text(const Tool& tool) {
    return object_text({{"type", R"("function")"},
                        {"name", tool.name.text()},
                        {"description", optional_text(tool.description)},
                        {"parameters", tool.parameters.text()},
                        {"strict", tool.strict ? "true" : "false"}});
  }

  static std::string choice_text(const ToolChoice& choice) {
    if (choice.use == ToolUse::unspecified) return "";
    if (choice.use != ToolUse::named) return quoted(word_of(choice.use));
    return object_text({{"type", R"("function")"}, {"name", choice.name.text()}});
  }

  static std::string_view role_text(Role role) {
    switch (role) {
      case Role::system: return R"("system")";
      case Role::developer: return R"("developer")";
      case Role::user: return R"("user")";
      case Role::assistant: return R"("assistant")";
    }
    return "";
  }

  // Tool calls and their results are items of their own; what stands between them is a message.
  void write_turn(const Turn& turn) {
    std::vector<Content> content;
    const auto flush = [&] {
      if (!content.empty())
        items_.push_back(object_text({{"role", role_text(turn.role)}, {"content", content_text(content, turn.role)}}));
      content.clear();
    };
    const core::Overloaded add{
        [&](const Text& text) {
          // A message that says nothing beside a tool call is none.
          if (turn.role != Role::assistant || !text.text.is_empty_string()) content.emplace_back(text);
        },
        [&](const Image& image) {
          if (turn.role != Role::user) reasons_.add("images outside of the user's turns");
          content.emplace_back(image);
        },
        [&](const ToolCall& call) {
          flush();
          items_.push_back(object_text({{"type", R"("function_call")"},
                                        {"call_id", call.id.text()},
                                        {"name", call.name.text()},
                                        {"arguments", quoted(call.arguments)}}));
        },
        [&](const ToolResult& result) {
          flush();
          items_.push_back(
              object_text({{"type", R"("function_call_output")"},
                           {"call_id", result.call_id.text()},
                           {"output", result.content.empty() ? R"("")" : content_text(result.content, Role::user)}}));
        },
    };
    for (const Part& part : turn.parts) std::visit(add, part);
    flush();
  }

  static std::string content_text(const std::vector<Content>& content, Role role) {
    if (content.size() == 1) {
      if (const Text* text = std::get_if<Text>(&content.front())) return std::string(text->text.text());
    }
    const std::string_view text_type = role == Role::assistant ? R"("output_text")" : R"("input_text")";
    std::vector<std::string> parts;
    const core::Overloaded write{
        [&](const Text& text) {
          parts.push_back(object_text({{"type", text_type}, {"text", text.text.text()}}));
        },
        [&](const Image& image) {
          parts.push_back(object_text({{"type", R"("input_image")"},
                                       {"image_url", image_url(image)},
                                       {"detail", image.detail.is_null() ? R"("auto")" : image.detail.text()}}));
        },
    };
    for (const Content& part : content) std::visit(write, part);
    return array_text(parts);
  }

  const Conversation& conversation_;
  const Target& target_;
  std::vector<std::string> items_;
  Reasons reasons_;
};

}  // namespace

core::Result<Conversation> read_responses(const Object& body) {
  return Reader(body).read();
}

core::Result<std::string> write_responses(const Conversation& conversation, const Target& target, std::int64_t limit) {
  return Writer(conversation, target).write(limit);
}

}  // namespace schemas::dialect
