// What readers and writers of the three chat dialects share.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/dialect/conversation.h"
#include "schemas/dialect/json.h"

namespace schemas::dialect {

using Names = std::initializer_list<std::string_view>;

// Keeps the first reason why a request cannot be translated.
class Reasons {
 public:
  void add(std::string reason) {
    if (first_.empty()) first_ = std::move(reason);
  }
  bool none() const { return first_.empty(); }
  core::Error error() const { return {core::ErrorCode::invalid_request, first_}; }

 private:
  std::string first_;
};

// A word of the request that may stand in a reason: names of types and members, never free text.
std::string plain_word(std::string_view word);
std::string plain_word(Json word);

// Adds a reason when a member is neither null nor among `known`, or stands twice. `where` is for people: "a message".
void check_members(const Object& object, Names known, std::string_view where, Reasons& reasons);
// The same for the body itself, where harmless members may stand too.
void check_body_members(const Object& body, Names known, Reasons& reasons);

// Null is an empty list or object; any other kind of value adds a reason.
std::vector<Json> read_list(Json value, std::string_view name, Reasons& reasons);
Object read_object(Json value, std::string_view name, Reasons& reasons);

// http:, https: and data: URLs with base64.
std::optional<Image> read_image(Json url, Json detail, Reasons& reasons);
bool is_type(const Object& object, std::string_view type);
// Null counts as `otherwise`.
bool read_flag(Json value, bool otherwise, std::string_view name, Reasons& reasons);

// The sampling members that all three know.
void read_sampling(const Object& body, Conversation& conversation);

std::string_view optional_text(Json value);  // empty for null
std::string image_url(const Image& image);   // a JSON string
// `content` as one list of parts.
void append_parts(const std::vector<Content>& content, std::vector<Part>& parts);

// none, auto, required of the OpenAI dialects.
std::optional<ToolUse> tool_use_from_word(Json word);
std::string_view word_of(ToolUse use);

}  // namespace schemas::dialect
