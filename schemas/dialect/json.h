// JSON as slices of compact text: what is only passed on keeps every digit and is never built as a tree.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace schemas::dialect {

constexpr int depth_max = 128;  // of any JSON that is read here

// The same JSON without white space, its numbers as they stand; what is no UTF-8 in a string becomes U+FFFD.
// Errors: malformed_json, json_too_deep.
core::Result<std::string> compact_json(std::string_view json);

// What is no UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

// A value in compact text that outlives it. A value of another kind than asked for is an empty one, never a failure.
class Json {
 public:
  Json() = default;  // null, which every dialect takes for absent
  explicit Json(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }

  bool is_null() const { return text_ == "null"; }
  bool is_true() const { return text_ == "true"; }
  bool is_false() const { return text_ == "false"; }
  bool is_string() const { return text_.front() == '"'; }
  bool is_object() const { return text_.front() == '{'; }
  bool is_array() const { return text_.front() == '['; }
  bool is_number() const { return text_.front() == '-' || (text_.front() >= '0' && text_.front() <= '9'); }

  std::string string() const;                 // decoded
  std::string_view quoted_part() const;       // of a string, its escapes as they stand
  bool equals(std::string_view plain) const;  // the string made of these characters, none of which needs an escape
  bool is_empty_string() const { return text_ == "\"\""; }
  std::optional<std::int64_t> whole_number() const;
  double number() const;
  std::vector<Json> elements() const;

 private:
  std::string_view text_ = "null";  // never empty
};

// The members of an object; none of any other value.
class Object {
 public:
  struct Member {
    std::string name;
    Json value;
  };

  explicit Object(Json json);

  const std::vector<Member>& members() const { return members_; }
  // The first of that name; null when there is none.
  Json operator[](std::string_view name) const;
  bool has_duplicates() const;

 private:
  std::vector<Member> members_;
};

std::string quoted(std::string_view text);
// Members without a value (an empty text) are left out.
std::string object_text(std::initializer_list<std::pair<std::string_view, std::string_view>> members);
std::string array_text(const std::vector<std::string>& elements);

}  // namespace schemas::dialect
