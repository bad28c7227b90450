// Reads a JSON text from left to right and builds no tree of it: who calls knows what is to come next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace schemas {

// Each member takes what stands next in the text, or answers false when that is something else, or no JSON at all. The
// first false is final: nothing more can be read.
//
// Lifetime: the text must outlive it. Texts that it hands out are valid until the next call.
// Memory:   none, but for a text with escapes.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : next_(text.data()), end_(text.data() + text.size()) {}

  bool read_text(std::string_view& value);
  bool read_bool(bool& value);
  bool read_integer(std::int64_t& value);  // a number without fraction and exponent
  bool read_natural(std::uint64_t& value);
  bool read_number(double& value);

  // After begin_object(): a member's name, whose value is then to be read or skipped. False at the end of the object.
  bool begin_object();
  bool next_member(std::string_view& name);
  // After begin_array(): whether an element is to be read. False at the end of the array.
  bool begin_array();
  bool next_element();

  // Takes one value of any kind, depth_max deep at most, and answers its text.
  bool skip(std::string_view& value);

  // Whether nothing has failed, and nothing but white space is left.
  bool at_end();
  bool failed() const { return failed_; }

 private:
  static constexpr int depth_max = 64;

  bool fail();
  void skip_white_space() {
    while (next_ < end_ && *next_ <= ' ' && (*next_ == ' ' || *next_ == '\n' || *next_ == '\t' || *next_ == '\r'))
      ++next_;
  }
  bool take(char expected) {
    skip_white_space();
    if (next_ == end_ || *next_ != expected) return fail();
    ++next_;
    return true;
  }
  bool take_word(std::string_view word);
  bool take_digits();
  bool take_number(bool& whole);
  bool unescape(const char* begin, std::string_view& value);
  bool take_code_unit(std::uint32_t& unit);
  bool next_in(char end, bool& more);

  const char* next_;
  const char* end_;
  bool first_ = false;  // of an object or array that was just begun
  bool failed_ = false;
  std::string unescaped_;
};

}  // namespace schemas
