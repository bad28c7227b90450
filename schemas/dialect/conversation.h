// What the three chat dialects have in common: read from one of them, written to another. Slices of the request body,
// which must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "schemas/dialect/json.h"
#include "schemas/dialect/request.h"

namespace schemas::dialect {

struct Text {
  Json text;  // a string
};

// By URL, or within the request: then media_type and data (base64) are set instead.
struct Image {
  std::string_view url;  // as a part of a JSON string, as are the others
  std::string_view media_type;
  std::string_view data;
  Json detail;  // low, high; null when the provider may choose
};

using Content = std::variant<Text, Image>;

struct ToolCall {
  Json id;
  Json name;
  std::string arguments;  // JSON as text, as the model wrote it
};

struct ToolResult {
  Json call_id;
  std::vector<Content> content;
};

using Part = std::variant<Text, Image, ToolCall, ToolResult>;

enum class Role { system, developer, user, assistant };

// Tool calls are the assistant's, tool results stand among the user's parts.
struct Turn {
  Role role = Role::user;
  std::vector<Part> parts;
};

struct Tool {
  Json name;
  Json description;
  Json parameters;  // JSON Schema; null: none
  bool strict = false;
};

enum class ToolUse { unspecified, automatic, none, required, named };

struct ToolChoice {
  ToolUse use = ToolUse::unspecified;
  Json name;             // of the named one
  bool parallel = true;  // several calls in one turn
};

enum class OutputKind { text, json_object, json_schema };

struct OutputFormat {
  OutputKind kind = OutputKind::text;
  Json name;  // may be null, as may the description
  Json description;
  Json schema;
  bool strict = false;
};

struct Conversation {
  std::vector<Turn> turns;
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  OutputFormat format;
  Json temperature;
  Json top_p;
  std::vector<Json> stop_sequences;
  Json reasoning_effort;
  Json verbosity;
};

// Each reader and writer: errors invalid_request, the reason in the detail. `limit` is the output limit to write.
core::Result<Conversation> read_chat_completions(const Object& body);
core::Result<Conversation> read_responses(const Object& body);
core::Result<Conversation> read_messages(const Object& body);

core::Result<std::string> write_chat_completions(const Conversation& conversation, const Target& target,
                                                 std::int64_t limit);
core::Result<std::string> write_responses(const Conversation& conversation, const Target& target, std::int64_t limit);
core::Result<std::string> write_messages(const Conversation& conversation, const Target& target, std::int64_t limit);

}  // namespace schemas::dialect
