// Walks along JSON and takes out of it what is asked for: no tree, no copy. For readers of many records of which they
// need a few members each.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace schemas {

// Texts whose escapes had to be undone. Views of them stay valid until clear().
class UnescapedTexts {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void clear() {
    if (!texts_.empty()) texts_.clear();
  }

 private:
  std::deque<std::string> texts_;
};

// Anything that is not as asked for makes good() false for ever; from then on nothing is found any more, so every loop
// ends. What is passed over is checked for strings that end and brackets that match (64 deep at most), not for more.
//
// Lifetime: the text and `unescaped` must outlive the cursor and the views it hands out.
class JsonCursor {
 public:
  JsonCursor(std::string_view text, UnescapedTexts& unescaped)
      : at_(text.data()), end_(text.data() + text.size()), unescaped_(unescaped) {}

  bool good() const { return good_; }
  // Nothing but white space is left.
  bool at_end();

  // visit(name) for each member; it must take its value: by one of what follows, or skip().
  template <class Visit>
  void members(Visit visit) {
    if (!open('{')) return;
    for (std::string_view name; next_member(name);) visit(name);
  }
  // visit() for each element; it must take it.
  template <class Visit>
  void elements(Visit visit) {
    if (!open('[')) return;
    while (next_element()) visit();
  }

  std::string_view text();
  // "" for null.
  std::string_view text_or_null();
  std::int64_t integer();
  // An integer that is not negative.
  std::int64_t count();
  bool boolean();
  void skip() { raw(); }
  // The value as it stands.
  std::string_view raw();

 private:
  void fail();
  void pass_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool open(char bracket) {
    pass_space();
    if (at_ != end_ && *at_ == bracket) {
      ++at_;
      first_ = true;
      return true;
    }
    fail();
    return false;
  }
  bool next_member(std::string_view& name);
  bool next_element() { return next(']'); }
  // Whether another member or element follows, past its comma; else past the closing bracket.
  bool next(char closing) {
    pass_space();
    const bool first = std::exchange(first_, false);
    if (at_ != end_ && *at_ == closing) {
      ++at_;
      return false;
    }
    if (at_ != end_ && first) return true;
    if (at_ != end_ && *at_ == ',') {
      ++at_;
      return true;
    }
    fail();
    return false;
  }
  bool take_word(std::string_view word);
  // Behind the opening quote: to the closing one, and past it.
  std::string_view string_body(bool& escaped);
  std::optional<std::string> unescape(std::string_view body) const;

  const char* at_;
  const char* end_;
  UnescapedTexts& unescaped_;
  bool good_ = true;
  bool first_ = false;  // of what was opened last
};

}  // namespace schemas
