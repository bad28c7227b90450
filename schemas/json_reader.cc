#include "schemas/json_reader.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <system_error>

namespace schemas {

namespace {

constexpr std::uint64_t each_byte = 0x0101010101010101u;
constexpr std::uint64_t high_bits = 0x80 * each_byte;

// The high bit of each byte that is zero; above the first such byte bits may be wrong.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - each_byte) & ~word & high_bits;
}

// Where a string stops being its own text: at a quote, a backslash or a control character. Eight bytes at a time.
const char* end_of_plain(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - at >= 8; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      const std::uint64_t quotes = zero_bytes(word ^ ('"' * each_byte));
      const std::uint64_t backslashes = zero_bytes(word ^ ('\\' * each_byte));
      const std::uint64_t controls = (word - 0x20 * each_byte) & ~word & high_bits;
      if (const std::uint64_t found = quotes | backslashes | controls; found != 0)
        return at + std::countr_zero(found) / 8;
    }
  }
  while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto add = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      add(0xe0 | point >> 12);
    } else {
      add(0xf0 | point >> 18);
      add(0x80 | (point >> 12 & 0x3f));
    }
    add(0x80 | (point >> 6 & 0x3f));
  }
  add(0x80 | (point & 0x3f));
}

}  // namespace

bool JsonReader::fail() {
  failed_ = true;
  next_ = end_;
  return false;
}

bool JsonReader::take_word(std::string_view word) {
  skip_white_space();
  if (!std::string_view(next_, static_cast<std::size_t>(end_ - next_)).starts_with(word)) return fail();
  next_ += word.size();
  return true;
}

bool JsonReader::at_end() {
  skip_white_space();
  return !failed_ && next_ == end_;
}

// --- texts ----------------------------------------------------------------------------------------------------------

bool JsonReader::read_text(std::string_view& value) {
  if (!take('"')) return false;
  const char* const begin = next_;
  next_ = end_of_plain(next_, end_);
  if (next_ == end_) return fail();
  if (*next_ == '\\') return unescape(begin, value);
  if (*next_ != '"') return fail();
  value = {begin, static_cast<std::size_t>(next_ - begin)};
  ++next_;
  return true;
}

bool JsonReader::unescape(const char* begin, std::string_view& value) {
  unescaped_.assign(begin, next_);
  for (;;) {
    if (next_ == end_) return fail();
    const char letter = *next_++;
    if (letter == '"') break;
    if (letter != '\\' || next_ == end_) return fail();
    switch (*next_++) {
      case '"': unescaped_.push_back('"'); break;
      case '\\': unescaped_.push_back('\\'); break;
      case '/': unescaped_.push_back('/'); break;
      case 'b': unescaped_.push_back('\b'); break;
      case 'f': unescaped_.push_back('\f'); break;
      case 'n': unescaped_.push_back('\n'); break;
      case 'r': unescaped_.push_back('\r'); break;
      case 't': unescaped_.push_back('\t'); break;
      case 'u': {
        std::uint32_t point = 0;
        if (!take_code_unit(point)) return false;
        if (point >= 0xdc00 && point <= 0xdfff) return fail();
        if (point >= 0xd800 && point <= 0xdbff) {
          std::uint32_t low = 0;
          if (end_ - next_ < 2 || next_[0] != '\\' || next_[1] != 'u') return fail();
          next_ += 2;
          if (!take_code_unit(low)) return false;
          if (low < 0xdc00 || low > 0xdfff) return fail();
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        append_utf8(unescaped_, point);
        break;
      }
      default: return fail();
    }
    const char* const plain = next_;
    next_ = end_of_plain(next_, end_);
    unescaped_.append(plain, next_);
  }
  value = unescaped_;
  return true;
}

bool JsonReader::take_code_unit(std::uint32_t& unit) {
  if (end_ - next_ < 4) return fail();
  const auto [stopped, error] = std::from_chars(next_, next_ + 4, unit, 16);
  if (error != std::errc() || stopped != next_ + 4) return fail();
  next_ += 4;
  return true;
}

// --- words and numbers ----------------------------------------------------------------------------------------------

bool JsonReader::read_bool(bool& value) {
  skip_white_space();
  value = next_ < end_ && *next_ == 't';
  return take_word(value ? "true" : "false");
}

bool JsonReader::take_digits() {
  if (next_ == end_ || !is_digit(*next_)) return fail();
  while (next_ < end_ && is_digit(*next_)) ++next_;
  return true;
}

// A number as RFC 8259 has it; `whole` when it has neither fraction nor exponent.
bool JsonReader::take_number(bool& whole) {
  if (next_ < end_ && *next_ == '-') ++next_;
  const bool zero = next_ < end_ && *next_ == '0';
  if (zero)
    ++next_;
  else if (!take_digits())
    return false;
  const char* const end_of_whole = next_;
  if (next_ < end_ && *next_ == '.') {
    ++next_;
    if (!take_digits()) return false;
  }
  if (next_ < end_ && (*next_ == 'e' || *next_ == 'E')) {
    ++next_;
    if (next_ < end_ && (*next_ == '+' || *next_ == '-')) ++next_;
    if (!take_digits()) return false;
  }
  whole = next_ == end_of_whole;
  return zero ? next_ == end_ || !is_digit(*next_) || fail() : true;
}

bool JsonReader::read_integer(std::int64_t& value) {
  skip_white_space();
  const char* const begin = next_;
  bool whole = false;
  if (!take_number(whole)) return false;
  return (whole && std::from_chars(begin, next_, value).ec == std::errc()) || fail();
}

bool JsonReader::read_natural(std::uint64_t& value) {
  skip_white_space();
  const char* const begin = next_;
  bool whole = false;
  if (!take_number(whole)) return false;
  return (whole && *begin != '-' && std::from_chars(begin, next_, value).ec == std::errc()) || fail();
}

bool JsonReader::read_number(double& value) {
  skip_white_space();
  const char* const begin = next_;
  bool whole = false;
  return take_number(whole) && (std::from_chars(begin, next_, value).ec == std::errc() || fail());
}

// --- objects and arrays ---------------------------------------------------------------------------------------------

bool JsonReader::begin_object() {
  first_ = true;
  return take('{');
}

bool JsonReader::begin_array() {
  first_ = true;
  return take('[');
}

// Takes the comma before the next one, or the end.
bool JsonReader::next_in(char end, bool& more) {
  skip_white_space();
  more = false;
  if (next_ == end_) return fail();
  const bool first = first_;
  first_ = false;
  if (*next_ == end) {
    ++next_;
    return true;
  }
  more = true;
  return first || take(',');
}

bool JsonReader::next_member(std::string_view& name) {
  bool more = false;
  if (!next_in('}', more) || !more) return false;
  return read_text(name) && take(':');
}

bool JsonReader::next_element() {
  bool more = false;
  return next_in(']', more) && more;
}

bool JsonReader::skip(std::string_view& value) {
  skip_white_space();
  const char* const begin = next_;
  std::uint64_t objects = 0;  // a bit for each level: set where it is an object
  int depth = 0;
  bool whole = false;
  do {
    std::string_view text;
    skip_white_space();
    if (next_ == end_) return fail();
    const char letter = *next_;
    if (letter == '{' || letter == '[') {
      if (++depth > depth_max) return fail();
      objects = objects << 1 | (letter == '{' ? 1u : 0u);
      first_ = true;
      ++next_;
    } else if (letter == '"') {
      if (!read_text(text)) return false;
    } else if (letter == '-' || is_digit(letter)) {
      if (!take_number(whole)) return false;
    } else if (!take_word(letter == 't' ? "true" : letter == 'f' ? "false" : "null")) {
      return false;
    }
    // On to the next value in what is open, closing what ends here.
    while (depth > 0 && !((objects & 1u) != 0 ? next_member(text) : next_element())) {
      if (failed_) return false;
      objects >>= 1;
      --depth;
    }
  } while (depth > 0);
  value = {begin, static_cast<std::size_t>(next_ - begin)};
  return true;
}

}  // namespace schemas
