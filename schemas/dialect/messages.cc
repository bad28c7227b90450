// Messages, as Anthropic's API reference describes them.
#include <algorithm>

#include "core/overloaded.h"
#include "schemas/dialect/conversation.h"
#include "schemas/dialect/shared.h"
#include "schemas/dialect/strict_schema.h"

namespace schemas::dialect {
namespace {

constexpr std::size_t openai_tool_name_bytes_max = 64;

class Reader {
 public:
  explicit Reader(const Object& body) : body_(body) {}

  core::Result<Conversation> read() {
    check_body_members(body_,
                       {"messages", "system", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "tools",
                        "tool_choice", "thinking", "output_config", "output_format"},
                       reasons_);
    if (!body_["top_k"].is_null()) reasons_.add("top_k");
    if (!body_["thinking"].is_null() && !is_type(Object(body_["thinking"]), "disabled")) reasons_.add("thinking");
    read_sampling(body_, conversation_);
    conversation_.stop_sequences = read_list(body_["stop_sequences"], "stop_sequences", reasons_);
    const Object config = read_object(body_["output_config"], "output_config", reasons_);
    check_members(config, {"format", "effort"}, "output_config", reasons_);
    if (!config["effort"].is_null()) reasons_.add("reasoning effort");
    read_format(config["format"].is_null() ? body_["output_format"] : config["format"]);
    for (const Json tool : read_list(body_["tools"], "tools", reasons_)) read_tool(Object(tool));
    read_tool_choice(read_object(body_["tool_choice"], "tool_choice", reasons_));
    if (!body_["system"].is_null()) read_turn(Role::system, body_["system"]);
    for (const Json message : read_list(body_["messages"], "messages", reasons_)) read_message(Object(message));
    if (!conversation_.turns.empty() && conversation_.turns.back().role == Role::assistant)
      reasons_.add("an answer begun for the assistant");
    if (!reasons_.none()) return reasons_.error();
    return std::move(conversation_);
  }

 private:
  // Output always fits the schema, which the other dialects promise in strict mode only.
  void read_format(Json json) {
    if (json.is_null()) return;
    const Object format(json);
    check_members(format, {"type", "schema"}, "the output format", reasons_);
    if (!is_type(format, "json_schema")) return reasons_.add("an output format of type " + plain_word(format["type"]));
    if (!fits_openai_strict(format["schema"])) reasons_.add("a JSON schema that strict mode does not take");
    conversation_.format = {OutputKind::json_schema, {}, {}, format["schema"], true};
  }

  void read_tool(const Object& tool) {
    if (!tool["type"].is_null() && !is_type(tool, "custom"))
      return reasons_.add("tools of type " + plain_word(tool["type"]));
    check_members(tool, {"type", "name", "description", "input_schema", "strict", "cache_control"}, "a tool", reasons_);
    if (tool["name"].quoted_part().size() > openai_tool_name_bytes_max)
      reasons_.add("tool names of more than 64 characters");
    const bool strict = read_flag(tool["strict"], false, "strict", reasons_);
    if (strict && !fits_openai_strict(tool["input_schema"]))
      reasons_.add("a JSON schema that strict mode does not take");
    conversation_.tools.push_back({tool["name"], tool["description"], tool["input_schema"], strict});
  }

  void read_tool_choice(const Object& choice) {
    if (choice.members().empty()) return;
    check_members(choice, {"type", "name", "disable_parallel_tool_use"}, "tool_choice", reasons_);
    ToolChoice& to = conversation_.tool_choice;
    to.parallel = !read_flag(choice["disable_parallel_tool_use"], false, "disable_parallel_tool_use", reasons_);
    if (is_type(choice, "auto")) {
      to.use = ToolUse::automatic;
    } else if (is_type(choice, "any")) {
      to.use = ToolUse::required;
    } else if (is_type(choice, "none")) {
      to.use = ToolUse::none;
    } else if (is_type(choice, "tool")) {
      to.use = ToolUse::named;
      to.name = choice["name"];
    } else {
      reasons_.add("tool_choice of type " + plain_word(choice["type"]));
    }
  }

  void read_message(const Object& message) {
    check_members(message, {"role", "content"}, "a message", reasons_);
    if (message["role"].equals("user")) return read_turn(Role::user, message["content"]);
    if (message["role"].equals("assistant")) return read_turn(Role::assistant, message["content"]);
    reasons_.add("messages of role " + plain_word(message["role"]));
  }

  void read_turn(Role role, Json content) {
    Turn turn;
    turn.role = role;
    if (content.is_string()) {
      turn.parts.emplace_back(Text{content});
    } else {
      for (const Json block : read_list(content, "content", reasons_)) read_block(Object(block), turn.parts);
    }
    conversation_.turns.push_back(std::move(turn));
  }

  void read_block(const Object& block, std::vector<Part>& parts) {
    if (is_type(block, "tool_use")) {
      check_members(block, {"type", "id", "name", "input", "cache_control"}, "a tool call", reasons_);
      parts.emplace_back(ToolCall{block["id"], block["name"], std::string(block["input"].text())});
    } else if (is_type(block, "tool_result")) {
      read_result(block, parts);
    } else if (const std::optional<Content> content = read_content(block)) {
      append_parts({*content}, parts);
    }
  }

  void read_result(const Object& block, std::vector<Part>& parts) {
    check_members(block, {"type", "tool_use_id", "content", "is_error", "cache_control"}, "a tool result", reasons_);
    if (read_flag(block["is_error"], false, "is_error", reasons_)) reasons_.add("tool results marked as errors");
    ToolResult result{block["tool_use_id"], {}};
    if (block["content"].is_string()) {
      result.content.emplace_back(Text{block["content"]});
    } else {
      for (const Json inner : read_list(block["content"], "content", reasons_)) {
        if (const std::optional<Content> content = read_content(Object(inner))) result.content.push_back(*content);
      }
    }
    parts.emplace_back(std::move(result));
  }

  std::optional<Content> read_content(const Object& block) {
    if (is_type(block, "text")) {
      check_members(block, {"type", "text", "citations", "cache_control"}, "a part", reasons_);
      return Text{block["text"]};
    }
    if (is_type(block, "image")) {
      check_members(block, {"type", "source", "cache_control"}, "an image", reasons_);
      return read_source(Object(block["source"]));
    }
    reasons_.add("parts of type " + plain_word(block["type"]));
    return std::nullopt;
  }

  std::optional<Content> read_source(const Object& source) {
    if (is_type(source, "url")) {
      if (const auto image = read_image(source["url"], {}, reasons_)) return *image;
    } else if (is_type(source, "base64")) {
      Image image;
      image.media_type = source["media_type"].quoted_part();
      image.data = source["data"].quoted_part();
      if (!image.media_type.empty() && !image.data.empty()) return image;
      reasons_.add("images that are neither URLs nor base64");
    } else {
      reasons_.add("images from a source of type " + plain_word(source["type"]));
    }
    return std::nullopt;
  }

  const Object& body_;
  Conversation conversation_;
  Reasons reasons_;
};

bool is_blank(Json text) {
  std::string_view rest = text.quoted_part();
  while (!rest.empty()) {
    if (rest.front() == ' ') {
      rest.remove_prefix(1);
    } else if (rest.starts_with("\\n") || rest.starts_with("\\t") || rest.starts_with("\\r")) {
      rest.remove_prefix(2);
    } else {
      return false;
    }
  }
  return true;
}

class Writer {
 public:
  Writer(const Conversation& conversation, const Target& target) : conversation_(conversation), target_(target) {}

  core::Result<std::string> write(std::int64_t limit) {
    check_sampling();
    for (const Turn& turn : conversation_.turns) write_turn(turn);
    flush_message();
    check_order();
    std::vector<std::string> tools;
    for (const Tool& tool : conversation_.tools) tools.push_back(tool_text(tool));
    std::vector<std::string> stops;
    for (const Json stop : conversation_.stop_sequences) stops.emplace_back(stop.text());
    std::string body = object_text({{"model", quoted(target_.model)},
                                    {"max_tokens", std::to_string(limit)},
                                    {"system", system_text()},
                                    {"messages", array_text(messages_)},
                                    {"temperature", optional_text(conversation_.temperature)},
                                    {"top_p", optional_text(conversation_.top_p)},
                                    {"stop_sequences", stops.empty() ? "" : array_text(stops)},
                                    {"output_config", format_text()},
                                    {"tools", tools.empty() ? "" : array_text(tools)},
                                    {"tool_choice", choice_text()}});
    if (!reasons_.none()) return reasons_.error();
    return body;
  }

 private:
  void check_sampling() {
    if (conversation_.temperature.number() > 1) reasons_.add("temperature above 1");
    if (!conversation_.reasoning_effort.is_null()) reasons_.add("reasoning effort");
    if (!conversation_.verbosity.is_null()) reasons_.add("verbosity");
    for (const Json stop : conversation_.stop_sequences) {
      if (is_blank(stop)) reasons_.add("stop sequences of white space only");
    }
  }

  void check_order() {
    const std::vector<Turn>& turns = conversation_.turns;
    const auto first = std::find_if(turns.begin(), turns.end(), [](const Turn& turn) { return !is_system(turn); });
    if (first == turns.end() || first->role != Role::user)
      return reasons_.add("a conversation that the user does not open");
    if (turns.back().role == Role::assistant) reasons_.add("a conversation that the assistant ends");
    if (std::any_of(first, turns.end(), is_system)) reasons_.add("system messages amid the conversation");
  }

  static bool is_system(const Turn& turn) { return turn.role == Role::system || turn.role == Role::developer; }

  std::string system_text() const {
    if (system_.empty()) return "";
    if (system_.size() == 1) return std::string(system_.front().text());
    std::vector<std::string> blocks;
    for (const Json text : system_) blocks.push_back(text_block(text));
    return array_text(blocks);
  }

  std::string format_text() {
    const OutputFormat& format = conversation_.format;
    switch (format.kind) {
      case OutputKind::text: return "";
      case OutputKind::json_object: reasons_.add("JSON output without a schema"); return "";
      case OutputKind::json_schema: break;
    }
    if (!format.description.is_null()) reasons_.add("a description of the output format");
    check_strict(format.schema);
    return object_text({{"format", object_text({{"type", R"("json_schema")"}, {"schema", format.schema.text()}})}});
  }

  void check_strict(Json schema) {
    if (!fits_anthropic_strict(schema)) reasons_.add("a JSON schema beyond Anthropic's structured outputs");
  }

  std::string tool_text(const Tool& tool) {
    if (tool.strict) check_strict(tool.parameters);
    const std::string_view no_parameters = R"({"type":"object","properties":{}})";
    if (!tool.parameters.is_null() && !is_type(Object(tool.parameters), "object"))
      reasons_.add("tool parameters that are no object");
    return object_text({{"name", tool.name.text()},
                        {"description", optional_text(tool.description)},
                        {"input_schema", tool.parameters.is_null() ? no_parameters : tool.parameters.text()},
                        {"strict", tool.strict ? "true" : ""}});
  }

  std::string choice_text() const {
    const ToolChoice& choice = conversation_.tool_choice;
    if (conversation_.tools.empty()) return "";
    if (choice.use == ToolUse::unspecified && choice.parallel) return "";
    return object_text({{"type", quoted(choice_word(choice.use))},
                        {"name", optional_text(choice.name)},
                        {"disable_parallel_tool_use", choice.parallel || choice.use == ToolUse::none ? "" : "true"}});
  }

  static std::string_view choice_word(ToolUse use) {
    switch (use) {
      case ToolUse::unspecified:
      case ToolUse::automatic: return "auto";
      case ToolUse::none: return "none";
      case ToolUse::required: return "any";
      case ToolUse::named: return "tool";
    }
    return "";
  }

  // Turns of one side in a row are one message, as tool results must stand together.
  void write_turn(const Turn& turn) {
    if (!is_system(turn) && turn.role != role_) {
      flush_message();
      role_ = turn.role;
    }
    const core::Overloaded add{
        [&](const Text& text) { write_text(turn, text); },
        [&](const Image& image) {
          if (turn.role != Role::user) reasons_.add("images outside of the user's turns");
          blocks_.push_back(image_block(image));
        },
        [&](const ToolCall& call) { blocks_.push_back(call_block(call)); },
        [&](const ToolResult& result) { blocks_.push_back(result_block(result)); },
    };
    for (const Part& part : turn.parts) std::visit(add, part);
  }

  void write_text(const Turn& turn, const Text& text) {
    if (text.text.is_empty_string() && turn.role != Role::user) return;
    if (is_blank(text.text)) reasons_.add("texts of white space only");
    if (is_system(turn)) {
      system_.push_back(text.text);
    } else {
      only_text_ = blocks_.empty() ? text.text : Json();
      blocks_.push_back(text_block(text.text));
    }
  }

  void flush_message() {
    if (blocks_.empty()) return;
    const bool plain = blocks_.size() == 1 && !only_text_.is_null();
    messages_.push_back(object_text({{"role", role_ == Role::user ? R"("user")" : R"("assistant")"},
                                     {"content", plain ? std::string(only_text_.text()) : array_text(blocks_)}}));
    blocks_.clear();
    only_text_ = {};
  }

  static std::string text_block(Json text) { return object_text({{"type", R"("text")"}, {"text", text.text()}}); }

  std::string image_block(const Image& image) {
    if (!image.detail.is_null()) reasons_.add("image detail");
    if (image.url.starts_with("http:")) reasons_.add("images by http");
    const auto in_quotes = [](std::string_view part) { return '"' + std::string(part) + '"'; };
    const std::string source = image.data.empty() ? object_text({{"type", R"("url")"}, {"url", in_quotes(image.url)}})
                                                  : object_text({{"type", R"("base64")"},
                                                                 {"media_type", in_quotes(image.media_type)},
                                                                 {"data", in_quotes(image.data)}});
    return object_text({{"type", R"("image")"}, {"source", source}});
  }

  std::string call_block(const ToolCall& call) {
    if (conversation_.tools.empty()) reasons_.add("tool calls without tools");
    check_call_id(call.id);
    const core::Result<std::string> input = compact_json(call.arguments.empty() ? "{}" : call.arguments);
    if (!input || !Json(*input).is_object()) {
      reasons_.add("tool calls whose arguments are no JSON object");
      return "";
    }
    return object_text(
        {{"type", R"("tool_use")"}, {"id", call.id.text()}, {"name", call.name.text()}, {"input", *input}});
  }

  std::string result_block(const ToolResult& result) {
    check_call_id(result.call_id);
    std::vector<std::string> blocks;
    const core::Overloaded write{
        [&](const Text& text) {
          if (text.text.is_empty_string()) return;
          if (is_blank(text.text)) reasons_.add("texts of white space only");
          blocks.push_back(text_block(text.text));
        },
        [&](const Image& image) { blocks.push_back(image_block(image)); },
    };
    for (const Content& content : result.content) std::visit(write, content);
    return object_text({{"type", R"("tool_result")"},
                        {"tool_use_id", result.call_id.text()},
                        {"content", blocks.empty() ? "" : array_text(blocks)}});
  }

  void check_call_id(Json id) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const std::string_view text = id.quoted_part();
    if (text.empty() || text.find_first_not_of(letters) != text.npos)
      reasons_.add("ids of tool calls of other characters than letters, digits, _ and -");
  }

  const Conversation& conversation_;
  const Target& target_;
  std::vector<Json> system_;
  std::vector<std::string> messages_;
  Role role_ = Role::user;  // of the message that blocks_ belong to
  std::vector<std::string> blocks_;
  Json only_text_;  // while blocks_ is one text
  Reasons reasons_;
};

}  // namespace

core::Result<Conversation> read_messages(const Object& body) {
  return Reader(body).read();
}

core::Result<std::string> write_messages(const Conversation& conversation, const Target& target, std::int64_t limit) {
  return Writer(conversation, target).write(limit);
}

}  // namespace schemas::dialect
