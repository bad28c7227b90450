#include "schemas/manifest/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace schemas::manifest {
namespace {

constexpr char surrogate_lead = '\xED';

// What must not be copied as it is: 0 for plain characters.
constexpr std::array<bool, 256> make_special() {
  std::array<bool, 256> special{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) special[byte] = true;
  special['"'] = true;
  special['\\'] = true;
  special[static_cast<std::uint8_t>(surrogate_lead)] = true;
  return special;
}
constexpr std::array<bool, 256> special = make_special();

constexpr std::string_view short_escapes = "\b\f\n\r\t";
constexpr std::string_view short_letters = "bfnrt";
constexpr std::string_view hex_digits = "0123456789abcdef";

void append_escape(std::string& json, char character) {
  json += '\\';
  if (character == '"' || character == '\\') {
    json += character;
  } else if (const std::size_t known = short_escapes.find(character); known != std::string_view::npos) {
    json += short_letters[known];
  } else {
    json += "u00";
    json += hex_digits[static_cast<std::uint8_t>(character) >> 4];
    json += hex_digits[static_cast<std::uint8_t>(character) & 15];
  }
}

// The end of the string that starts with the quote at `begin`, behind its closing quote; npos when it has none.
std::size_t string_end(std::string_view json, std::size_t begin) {
  std::size_t quote = begin;
  while (true) {
    quote = json.find('"', quote + 1);
    if (quote == std::string_view::npos) return quote;
    std::size_t backslashes = 0;
    while (json[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote + 1;
  }
}

std::size_t container_end(std::string_view json) {
  std::size_t depth = 0;
  std::size_t position = 0;
  while (position < json.size()) {
    switch (json[position]) {
      case '{':
      case '[':
        ++depth;
        ++position;
        break;
      case '}':
      case ']':
        ++position;
        if (--depth == 0) return position;
        break;
      case '"': position = string_end(json, position); break;
      default: ++position;
    }
  }
  return std::string_view::npos;
}

// Undoes append_json_string, which is all that compact text needs; nullopt for other escapes.
std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t backslash = std::min(text.find('\\'), text.size());
    plain += text.substr(0, backslash);
    text.remove_prefix(backslash);
    if (text.empty()) break;
    if (text.size() < 2) return std::nullopt;
    const char letter = text[1];
    text.remove_prefix(2);
    if (letter == '"' || letter == '\\') {
      plain += letter;
    } else if (const std::size_t known = short_letters.find(letter); known != std::string_view::npos) {
      plain += short_escapes[known];
    } else {
      if (letter != 'u' || !text.starts_with("00") || text.size() < 4) return std::nullopt;
      const std::size_t high = hex_digits.find(text[2]);
      const std::size_t low = hex_digits.find(text[3]);
      if (high > 1 || low == std::string_view::npos) return std::nullopt;
      plain += static_cast<char>(high * 16 + low);
      text.remove_prefix(4);
    }
  }
  return plain;
}

}  // namespace

bool append_json_string(std::string& json, std::string_view text) {
  json += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!special[static_cast<std::uint8_t>(text[i])]) continue;
    if (text[i] == surrogate_lead) {
      if (i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) >= 0xA0) return false;
      continue;
    }
    json += text.substr(copied, i - copied);
    append_escape(json, text[i]);
    copied = i + 1;
  }
  json += text.substr(copied);
  json += '"';
  return true;
}

bool JsonCursor::literal(std::string_view expected) {
  if (!rest_.starts_with(expected)) return false;
  rest_.remove_prefix(expected.size());
  return true;
}

std::optional<std::string> JsonCursor::string() {
  if (!rest_.starts_with('"')) return std::nullopt;
  const std::size_t end = string_end(rest_, 0);
  if (end == std::string_view::npos) return std::nullopt;
  std::optional<std::string> text = unescaped(rest_.substr(1, end - 2));
  if (text) rest_.remove_prefix(end);
  return text;
}

std::optional<std::string_view> JsonCursor::value() {
  if (rest_.empty()) return std::nullopt;
  const char first = rest_.front();
  const bool container = first == '{' || first == '[';
  const std::size_t end = first == '"' ? string_end(rest_, 0)
                          : container  ? container_end(rest_)
                                       : std::min(rest_.find_first_of(",]}"), rest_.size());
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return text;
}

std::optional<std::vector<JsonMember>> split_object(std::string_view json) {
  JsonCursor cursor(json);
  std::vector<JsonMember> members;
  if (!cursor.literal("{")) return std::nullopt;
  if (cursor.literal("}")) return members;
  do {
    std::optional<std::string> name = cursor.string();
    if (!name || !cursor.literal(":")) return std::nullopt;
    const std::optional<std::string_view> value = cursor.value();
    if (!value) return std::nullopt;
    members.push_back({std::move(*name), *value});
  } while (cursor.literal(","));
  if (!cursor.literal("}") || !cursor.done()) return std::nullopt;
  return members;
}

std::optional<std::vector<std::string_view>> split_array(std::string_view json) {
  JsonCursor cursor(json);
  std::vector<std::string_view> elements;
  if (!cursor.literal("[")) return std::nullopt;
  if (cursor.literal("]")) return elements;
  do {
    const std::optional<std::string_view> value = cursor.value();
    if (!value) return std::nullopt;
    elements.push_back(*value);
  } while (cursor.literal(","));
  if (!cursor.literal("]") || !cursor.done()) return std::nullopt;
  return elements;
}

std::optional<std::string> decode_string(std::string_view json) {
  JsonCursor cursor(json);
  std::optional<std::string> text = cursor.string();
  if (!cursor.done()) return std::nullopt;
  return text;
}

std::string pointer_step(std::string_view name) {
  std::string step = "/";
  for (const char character : shortened(name)) {
    if (character == '~') {
      step += "~0";
    } else if (character == '/') {
      step += "~1";
    } else {
      step += character;
    }
  }
  return step;
}

std::string shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t size = bytes_max;
  while (size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "…";
}

}  // namespace schemas::manifest
