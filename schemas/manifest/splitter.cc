#include "schemas/manifest/splitter.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <optional>
#include <string>
#include <utility>

#include "schemas/manifest/char_stream.h"
#include "schemas/manifest/json_text.h"

namespace schemas::manifest {
namespace {

// Takes the parser's events and writes the element they belong to as compact text. An element is the value of a header
// member or an item; what lies outside of one are the manifest's own brackets and names.
//
// RapidJSON 1.1 lets lone low surrogates through ("\udc00"); append_json_string finds them.
class Splitter : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Splitter> {
 public:
  Splitter(CharStream& stream, SplitSink& sink, std::string_view list = "items")
      : stream_(stream), sink_(sink), list_(list) {}

  // Why the last event was refused, if it was.
  const std::optional<core::Error>& refusal() const { return refusal_; }

  // The next text to be parsed is one element of `items`, to be delivered when it is known that nothing follows it.
  void expect_item() {
    hold_items_ = true;
    depth_ = items_depth;
    element_depth_ = items_depth;
    inside_element_ = false;
    refusal_.reset();
  }
  core::Result<void> deliver_item() { return sink_.on_item(text_); }

  bool Null() { return scalar("null"); }
  bool Bool(bool value) { return scalar(value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return scalar({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return begin_value() && append_string({text, size}) && end_value();
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (inside_element_) {
      separate();
      if (!append_string({text, size})) return false;
      text_ += ':';
      return true;
    }
    text_.clear();
    if (!append_string({text, size})) return false;
    name_.assign(text, size);
    stream_.mark_element();
    return true;
  }

  bool StartObject() {
    if (depth_ > 0) return begin_value() && open('{');
    depth_ = 1;
    element_depth_ = 1;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (inside_element_) return close('}');
    depth_ = 0;
    return true;
  }

  bool StartArray() {
    if (inside_element_ || depth_ != 1 || name_ != list_) return begin_value() && open('[');
    depth_ = items_depth;
    element_depth_ = items_depth;
    stream_.mark_element();
    return pass_on(sink_.on_items());
  }
  bool EndArray(rapidjson::SizeType) {
    if (inside_element_) return close(']');
    depth_ = 1;
    element_depth_ = 1;
    return true;
  }

 private:
  static constexpr int items_depth = 2;

  bool scalar(std::string_view text) {
    if (!begin_value()) return false;
    text_ += text;
    return end_value();
  }

  bool begin_value() {
    if (depth_ == 0)
      return refuse(core::ErrorCode::invalid_manifest,
                    "expected a JSON object with an array \"" + std::string(list_) + "\"");
    if (inside_element_) {
      if (++values_ > item_values_max)
        return refuse(core::ErrorCode::payload_too_large, "more than 500,000 JSON values in one item or header field");
      separate();
      return true;
    }
    inside_element_ = true;
    values_ = 1;
    text_.clear();
    return true;
  }

  bool end_value() {
    if (depth_ > element_depth_) return true;
    if (stream_.element_too_large())
      return refuse(core::ErrorCode::payload_too_large, "an item or header field is larger than 16 MiB: split it");
    inside_element_ = false;
    stream_.mark_element();
    if (element_depth_ < items_depth) return pass_on(sink_.on_header_member(name_, text_));
    ++items_;
    return hold_items_ || pass_on(sink_.on_item(text_));
  }

  bool open(char bracket) {
    if (depth_ == json_depth_max) {
      return refuse(core::ErrorCode::json_too_deep,
                    "brackets are nested more than 64 deep at byte " + std::to_string(stream_.Tell()));
    }
    ++depth_;
    text_ += bracket;
    return true;
  }

  bool close(char bracket) {
    --depth_;
    text_ += bracket;
    return end_value();
  }

  // Strings end in a quote, so these three can only be structure that expects no comma behind it.
  void separate() {
    const char last = text_.back();
    if (last != '{' && last != '[' && last != ':') text_ += ',';
  }

  bool append_string(std::string_view text) {
    return append_json_string(text_, text) ||
           refuse(core::ErrorCode::malformed_json, "a lone surrogate in the string before byte " +
                                                       std::to_string(stream_.Tell()) +
                                                       ": \\ud800 to \\udfff only come in pairs");
  }

  bool pass_on(core::Result<void> result) {
    if (!result) refusal_ = std::move(result).error();
    return !refusal_;
  }

  bool refuse(core::ErrorCode code, std::string detail) {
    refusal_ = core::Error{code, std::move(detail), place()};
    return false;
  }

  std::string place() const {
    if (!inside_element_) return "";
    return element_depth_ == items_depth ? "/" + std::string(list_) + "/" + std::to_string(items_)
                                         : pointer_step(name_);
  }

  CharStream& stream_;
  SplitSink& sink_;
  const std::string_view list_;
  int depth_ = 0;          // open brackets of the document
  int element_depth_ = 0;  // the depth at which an element stands
  bool inside_element_ = false;
  bool hold_items_ = false;
  std::uint64_t items_ = 0;   // so far
  std::uint32_t values_ = 0;  // of this element
  std::string name_;          // of this header member
  std::string text_;          // of this element
  std::optional<core::Error> refusal_;
};

enum class Parsed { value, blank };

// Parses one text: the whole document or one line.
core::Result<Parsed> parse(CharStream& stream, Splitter& splitter) {
  rapidjson::Reader parser;
  const rapidjson::ParseResult result = parser.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, splitter);
  if (splitter.refusal()) return *splitter.refusal();
  // Where the source failed or was cut short, the parser only saw an early end.
  if (stream.exhausted() && stream.error()) return *stream.error();
  const bool blank = result.Code() == rapidjson::kParseErrorDocumentEmpty;
  if (stream.stopped() && blank) return Parsed::blank;
  if (!stream.stopped() && stream.Peek() == '\0')
    return core::Error{core::ErrorCode::malformed_json, "a NUL byte at byte " + std::to_string(stream.Tell())};
  if (!result) {
    std::string reason = rapidjson::GetParseError_En(result.Code());
    return core::Error{core::ErrorCode::malformed_json,
                       "not JSON at byte " + std::to_string(result.Offset()) + ": " + reason};
  }
  return Parsed::value;
}

core::Error at_line(core::Error error, std::uint64_t line) {
  error.detail = "line " + std::to_string(line) + ": " + error.detail;
  return error;
}

}  // namespace

core::Result<void> split_document(ByteSource& source, SplitSink& sink, std::string_view list) {
  CharStream stream(source, CharStream::Unit::document);
  Splitter splitter(stream, sink, list);
  const core::Result<Parsed> parsed = parse(stream, splitter);
  if (!parsed) return parsed.error();
  if (*parsed == Parsed::blank) return core::Error{core::ErrorCode::malformed_json, "the document is empty"};
  return {};
}

core::Result<void> split_lines(ByteSource& source, SplitSink& sink) {
  CharStream stream(source, CharStream::Unit::line);
  Splitter splitter(stream, sink);
  bool header_read = false;
  while (stream.next_line()) {
    const core::Result<Parsed> parsed = parse(stream, splitter);
    const bool blank = parsed && *parsed == Parsed::blank;
    if (!header_read) {
      if (!parsed) return at_line(parsed.error(), stream.line());
      if (blank) continue;
      header_read = true;
    } else if (parsed) {
      const core::Result<void> taken = blank ? core::Result<void>{} : splitter.deliver_item();
      if (!taken) return taken.error();
    } else {
      const core::Error& error = parsed.error();
      const bool only_this_line =
          error.code == core::ErrorCode::malformed_json || error.code == core::ErrorCode::json_too_deep;
      if (!only_this_line || (stream.exhausted() && stream.error())) return at_line(error, stream.line());
      const core::Result<void> taken = sink.on_broken_item(at_line(error, stream.line()));
      if (!taken) return taken.error();
    }
    splitter.expect_item();
  }
  if (stream.error()) return at_line(*stream.error(), stream.line());
  if (!header_read) return core::Error{core::ErrorCode::malformed_json, "the manifest is empty"};
  return {};
}

}  // namespace schemas::manifest
