#include "schemas/json_cursor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace schemas {

namespace {

constexpr int depth_max = 64;

bool is_mark(char letter) {
  switch (letter) {
    case ',':
    case ':':
    case '{':
    case '}':
    case '[':
    case ']':
    case '"': return true;
    default: return false;
  }
}

// Has a bit set in each byte that is `wanted`, and perhaps in bytes behind it.
constexpr std::uint64_t bytes_equal(std::uint64_t word, std::uint8_t wanted) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  const std::uint64_t difference = word ^ (ones * wanted);
  return (difference - ones) & ~difference & (ones << 7);
}

// The first quote or backslash, or the end. Eight bytes at a time.
const char* find_quote_or_backslash(const char* at, const char* end) {
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    const std::uint64_t hits = bytes_equal(word, '"') | bytes_equal(word, '\\');
    if (hits != 0) return at + __builtin_ctzll(hits) / 8;
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\') ++at;
  return at;
}

std::optional<std::uint32_t> hexadecimal(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](int shift) { text.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F))); };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    text.push_back(static_cast<char>(0xF0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

void JsonCursor::fail() {
  good_ = false;
  at_ = end_;
}

bool JsonCursor::at_end() {
  pass_space();
  return good_ && at_ == end_;
}

bool JsonCursor::next_member(std::string_view& name) {
  if (!next('}')) return false;
  name = text();
  pass_space();
  if (at_ == end_ || *at_ != ':') {
    fail();
    return false;
  }
  ++at_;
  return true;
}

std::string_view JsonCursor::string_body(bool& escaped) {
  const char* const begin = at_;
  escaped = false;
  for (const char* found = begin;;) {
    found = find_quote_or_backslash(found, end_);
    if (end_ - found < 2 && (found == end_ || *found == '\\')) {
      fail();
      return {};
    }
    if (*found == '"') {
      at_ = found + 1;
      return {begin, static_cast<std::size_t>(found - begin)};
    }
    escaped = true;
    found += 2;
  }
}

std::string_view JsonCursor::text() {
  if (!open('"')) return {};
  first_ = false;
  bool escaped = false;
  const std::string_view body = string_body(escaped);
  if (!good_ || !escaped) return body;
  std::optional<std::string> undone = unescape(body);
  if (undone) return unescaped_.keep(std::move(*undone));
  fail();
  return {};
}

std::optional<std::string> JsonCursor::unescape(std::string_view body) const {
  static constexpr std::string_view letters = "\"\\/bfnrt";
  static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  std::string text;
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      text.push_back(body[i++]);
      continue;
    }
    const std::size_t meaning = letters.find(body[i + 1]);
    if (meaning != std::string_view::npos) {
      text.push_back(meanings[meaning]);
      i += 2;
      continue;
    }
    if (body[i + 1] != 'u' || body.size() - i < 6) return std::nullopt;
    std::optional<std::uint32_t> code = hexadecimal(body.substr(i + 2, 4));
    i += 6;
    if (code && *code >= 0xD800 && *code < 0xDC00 && body.substr(i, 2) == "\\u" && body.size() - i >= 6) {
      const std::optional<std::uint32_t> low = hexadecimal(body.substr(i + 2, 4));
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return std::nullopt;
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      i += 6;
    }
    if (!code || (*code >= 0xD800 && *code <= 0xDFFF)) return std::nullopt;
    append_utf8(text, *code);
  }
  return text;
}

bool JsonCursor::take_word(std::string_view word) {
  pass_space();
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

std::string_view JsonCursor::text_or_null() {
  return take_word("null") ? std::string_view{} : text();
}

std::int64_t JsonCursor::integer() {
  pass_space();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(at_, end_, value);
  if (error != std::errc() || (end != end_ && (*end == '.' || *end == 'e' || *end == 'E'))) {
    fail();
    return 0;
  }
  at_ = end;
  return value;
}

std::int64_t JsonCursor::count() {
  const std::int64_t value = integer();
  if (value >= 0) return value;
  fail();
  return 0;
}

bool JsonCursor::boolean() {
  if (take_word("true")) return true;
  if (!take_word("false")) fail();
  return false;
}

std::string_view JsonCursor::raw() {
  pass_space();
  const char* const begin = at_;
  std::array<char, depth_max> closing{};
  int depth = 0;
  bool escaped = false;
  do {
    if (at_ == end_) {
      fail();
      return {};
    }
    const char letter = *at_;
    switch (letter) {
      case '"':
        ++at_;
        string_body(escaped);
        break;
      case '{':
      case '[':
        if (depth == depth_max) {
          fail();
          return {};
        }
        closing[static_cast<std::size_t>(depth++)] = letter == '{' ? '}' : ']';
        ++at_;
        break;
      case '}':
      case ']':
        if (depth == 0 || closing[static_cast<std::size_t>(--depth)] != letter) {
          fail();
          return {};
        }
        ++at_;
        break;
      case ',':
      case ':':
        if (depth == 0) {
          fail();
          return {};
        }
        ++at_;
        break;
      default:  // a number, a word, or space between
        at_ = std::find_if(at_ + 1, end_, is_mark);
    }
  } while (good_ && depth > 0);
  return good_ ? std::string_view(begin, static_cast<std::size_t>(at_ - begin)) : std::string_view{};
}

}  // namespace schemas
