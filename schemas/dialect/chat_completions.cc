// Chat Completions, as OpenAI's API reference describes them.
#include <algorithm>

#include "core/overloaded.h"
#include "schemas/dialect/conversation.h"
#include "schemas/dialect/shared.h"

namespace schemas::dialect {
namespace {

class Reader {
 public:
  explicit Reader(const Object& body) : body_(body) {}

  core::Result<Conversation> read() {
    check_body_members(body_,
                       {"messages",
                        "max_tokens",
                        "max_completion_tokens",
                        "temperature",
                        "top_p",
                        "stop",
                        "n",
                        "seed",
                        "frequency_penalty",
                        "presence_penalty",
                        "logit_bias",
                        "logprobs",
                        "top_logprobs",
                        "response_format",
                        "tools",
                        "tool_choice",
                        "parallel_tool_calls",
                        "functions",
                        "function_call",
                        "reasoning_effort",
                        "verbosity",
                        "modalities",
                        "audio",
                        "web_search_options"},
                       reasons_);
    refuse_what_only_chat_has();
    read_sampling(body_, conversation_);
    conversation_.reasoning_effort = body_["reasoning_effort"];
    conversation_.verbosity = body_["verbosity"];
    read_stop();
    read_format(Object(body_["response_format"]));
    for (const Json tool : read_list(body_["tools"], "tools", reasons_)) read_tool(Object(tool));
    read_tool_choice(body_["tool_choice"]);
    for (const Json message : read_list(body_["messages"], "messages", reasons_)) read_message(Object(message));
    if (!reasons_.none()) return reasons_.error();
    return std::move(conversation_);
  }

 private:
  void refuse_what_only_chat_has() {
    refuse_unless(body_["seed"], {}, "seed");
    refuse_unless(body_["frequency_penalty"], {"0", "0.0"}, "frequency_penalty");
    refuse_unless(body_["presence_penalty"], {"0", "0.0"}, "presence_penalty");
    refuse_unless(body_["logit_bias"], {"{}"}, "logit_bias");
    refuse_unless(body_["logprobs"], {"false"}, "logprobs");
    refuse_unless(body_["top_logprobs"], {"0"}, "logprobs");
    refuse_unless(body_["modalities"], {"[\"text\"]"}, "audio");
    refuse_unless(body_["audio"], {}, "audio");
    refuse_unless(body_["functions"], {}, "functions, the old form of tools");
    refuse_unless(body_["function_call"], {}, "functions, the old form of tools");
    refuse_unless(body_["web_search_options"], {}, "web search");
  }

  void refuse_unless(Json value, Names harmless, std::string_view reason) {
    if (!value.is_null() && std::find(harmless.begin(), harmless.end(), value.text()) == harmless.end())
      reasons_.add(std::string(reason));
  }

  void read_stop() {
    const Json stop = body_["stop"];
    conversation_.stop_sequences = stop.is_string() ? std::vector{stop} : read_list(stop, "stop", reasons_);
  }

  void read_format(const Object& format) {
    OutputFormat& to = conversation_.format;
    if (is_type(format, "json_object")) {
      to.kind = OutputKind::json_object;
    } else if (is_type(format, "json_schema")) {
      const Object schema(format["json_schema"]);
      check_members(schema, {"name", "description", "schema", "strict"}, "response_format", reasons_);
      to = {OutputKind::json_schema, schema["name"], schema["description"], schema["schema"],
            read_flag(schema["strict"], false, "strict", reasons_)};
    } else if (!body_["response_format"].is_null() && !is_type(format, "text")) {
      reasons_.add("response_format of type " + plain_word(format["type"]));
    }
  }

  void read_tool(const Object& tool) {
    if (!is_type(tool, "function")) return reasons_.add("tools of type " + plain_word(tool["type"]));
    const Object function(tool["function"]);
    check_members(tool, {"type", "function", "cache_control"}, "a tool", reasons_);
    check_members(function, {"name", "description", "parameters", "strict"}, "a tool", reasons_);
    conversation_.tools.push_back({function["name"], function["description"], function["parameters"],
                                   read_flag(function["strict"], false, "strict", reasons_)});
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
    to.name = Object(object["function"])["name"];
  }

  void read_message(const Object& message) {
    check_members(message,
                  {"role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "function_call",
                   "annotations", "cache_control"},
                  "a message", reasons_);
    for (const std::string_view name : {"name", "refusal", "audio", "function_call"}) {
      if (!message[name].is_null()) reasons_.add("messages with " + std::string(name));
    }
    const Json role = message["role"];
    Turn turn;
    if (role.equals("tool")) {
      turn.parts.push_back(ToolResult{message["tool_call_id"], read_content(message["content"])});
    } else {
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
      for (const Json call : read_list(message["tool_calls"], "tool_calls", reasons_))
        read_tool_call(Object(call), turn);
    }
    conversation_.turns.push_back(std::move(turn));
  }

  void read_tool_call(const Object& call, Turn& turn) {
    // Some servers leave the type out.
    if (!call["type"].is_null() && !is_type(call, "function"))
      return reasons_.add("tool calls of type " + plain_word(call["type"]));
    const Object function(call["function"]);
    turn.parts.emplace_back(ToolCall{call["id"], function["name"], function["arguments"].string()});
  }

  std::vector<Content> read_content(Json content) {
    std::vector<Content> parts;
    if (content.is_string()) return {Text{content}};
    for (const Json element : read_list(content, "content", reasons_)) {
      const Object part(element);
      check_members(part, {"type", "text", "image_url", "cache_control"}, "a part", reasons_);
      if (is_type(part, "text")) {
        parts.emplace_back(Text{part["text"]});
      } else if (is_type(part, "image_url")) {
        const Object image(part["image_url"]);
        if (const auto read = read_image(image["url"], image["detail"], reasons_)) parts.emplace_back(*read);
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
    constexpr std::size_t stop_sequences_max = 4;
    std::vector<std::string> stops;
    for (const Json stop : conversation_.stop_sequences) stops.emplace_back(stop.text());
    if (stops.size() > stop_sequences_max) reasons_.add("more than 4 stop sequences");
    for (const Turn& turn : conversation_.turns) write_turn(turn);
    std::vector<std::string> tools;
    for (const Tool& tool : conversation_.tools) tools.push_back(tool_text(tool));
    const ToolChoice& choice = conversation_.tool_choice;
    const bool old_name = target_.chat_limit == OutputLimitField::max_tokens;
    const std::string limit_text = std::to_string(limit);
    std::string body = object_text({{"model", quoted(target_.model)},
                                    {"messages", array_text(messages_)},
                                    {old_name ? "max_tokens" : "max_completion_tokens", limit_text},
                                    {"temperature", optional_text(conversation_.temperature)},
                                    {"top_p", optional_text(conversation_.top_p)},
                                    {"stop", stops.empty() ? "" : array_text(stops)},
                                    {"response_format", format_text()},
                                    {"tools", tools.empty() ? "" : array_text(tools)},
                                    {"tool_choice", choice_text(choice)},
                                    {"parallel_tool_calls", choice.parallel || tools.empty() ? "" : "false"},
                                    {"reasoning_effort", optional_text(conversation_.reasoning_effort)},
                                    {"verbosity", optional_text(conversation_.verbosity)}});
    if (!reasons_.none()) return reasons_.error();
    return body;
  }

 private:
  std::string format_text() const {
    const OutputFormat& format = conversation_.format;
    switch (format.kind) {
      case OutputKind::text: return "";
      case OutputKind::json_object: return R"({"type":"json_object"})";
      case OutputKind::json_schema:
        return object_text(
            {{"type", R"("json_schema")"},
             {"json_schema", object_text({{"name", format.name.is_null() ? R"("answer")" : format.name.text()},
                                          {"description", optional_text(format.description)},
                                          {"schema", optional_text(format.schema)},
                                          {"strict", format.strict ? "true" : "false"}})}});
    }
    return "";
  }

  static std::string tool_text(const Tool& tool) {
    return object_text({{"type", R"("function")"},
                        {"function", object_text({{"name", tool.name.text()},
                                                  {"description", optional_text(tool.description)},
                                                  {"parameters", optional_text(tool.parameters)},
                                                  {"strict", tool.strict ? "true" : ""}})}});
  }

  static std::string choice_text(const ToolChoice& choice) {
    if (choice.use == ToolUse::unspecified) return "";
    if (choice.use != ToolUse::named) return quoted(word_of(choice.use));
    return object_text({{"type", R"("function")"}, {"function", object_text({{"name", choice.name.text()}})}});
  }

  std::string_view role_text(Role role) const {
    switch (role) {
      case Role::system: return R"("system")";
      case Role::developer:
        return target_.chat_limit == OutputLimitField::max_tokens ? R"("system")" : R"("developer")";
      case Role::user: return R"("user")";
      case Role::assistant: return R"("assistant")";
    }
    return "";
  }

  // Tool results are messages of their own; the rest of a turn is one.
  void write_turn(const Turn& turn) {
    std::vector<Content> content;
    std::vector<std::string> calls;
    const auto flush = [&] {
      if (content.empty() && calls.empty()) return;
      messages_.push_back(object_text({{"role", role_text(turn.role)},
                                       {"content", content.empty() ? "null" : content_text(content)},
                                       {"tool_calls", calls.empty() ? "" : array_text(calls)}}));
      content.clear();
      calls.clear();
    };
    const core::Overloaded add{
        [&](const Text& text) {
          if (!calls.empty()) reasons_.add("texts behind a tool call");
          content.emplace_back(text);
        },
        [&](const Image& image) {
          if (turn.role != Role::user) reasons_.add("images outside of the user's turns");
          content.emplace_back(image);
        },
        [&](const ToolCall& call) { calls.push_back(call_text(call)); },
        [&](const ToolResult& result) {
          flush();
          messages_.push_back(result_text(result));
        },
    };
    for (const Part& part : turn.parts) std::visit(add, part);
    flush();
  }

  static std::string call_text(const ToolCall& call) {
    return object_text(
        {{"id", call.id.text()},
         {"type", R"("function")"},
         {"function", object_text({{"name", call.name.text()}, {"arguments", quoted(call.arguments)}})}});
  }

  std::string result_text(const ToolResult& result) {
    const bool texts_only = std::all_of(result.content.begin(), result.content.end(),
                                        [](const Content& content) { return std::holds_alternative<Text>(content); });
    if (!texts_only) reasons_.add("images in tool results");
    return object_text({{"role", R"("tool")"},
                        {"tool_call_id", result.call_id.text()},
                        {"content", result.content.empty() ? R"("")" : content_text(result.content)}});
  }

  static std::string content_text(const std::vector<Content>& content) {
    if (content.size() == 1) {
      if (const Text* text = std::get_if<Text>(&content.front())) return std::string(text->text.text());
    }
    std::vector<std::string> parts;
    for (const Content& part : content)
      parts.push_back(std::visit([](const auto& each) { return part_text(each); }, part));
    return array_text(parts);
  }

  static std::string part_text(const Text& text) {
    return object_text({{"type", R"("text")"}, {"text", text.text.text()}});
  }
  static std::string part_text(const Image& image) {
    return object_text(
        {{"type", R"("image_url")"},
         {"image_url", object_text({{"url", image_url(image)}, {"detail", optional_text(image.detail)}})}});
  }

  const Conversation& conversation_;
  const Target& target_;
  std::vector<std::string> messages_;
  Reasons reasons_;
};

}  // namespace

core::Result<Conversation> read_chat_completions(const Object& body) {
  return Reader(body).read();
}

core::Result<std::string> write_chat_completions(const Conversation& conversation, const Target& target,
                                                 std::int64_t limit) {
  return Writer(conversation, target).write(limit);
}

}  // namespace schemas::dialect
