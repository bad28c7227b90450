#include "schemas/dialect/json.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "schemas/manifest/json_text.h"
#include "schemas/manifest/utf8.h"

namespace schemas::dialect {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

bool is_utf8(std::string_view text) {
  manifest::Utf8Checker checker;
  return checker.check(text) == text.size() && !checker.incomplete();
}

// The bytes of the character that `text` starts with; 0 when it is broken.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

// Writes what the parser reads, compactly.
class Compactor {
 public:
  explicit Compactor(std::string& text) : text_(text) {}

  bool too_deep() const { return depth_ > depth_max; }

  bool Null() { return scalar("null"); }
  bool Bool(bool value) { return scalar(value ? "true" : "false"); }
  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) { return scalar({digits, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    separate();
    write_string({text, size});
    comma_ = true;
    return true;
  }
  bool Key(const char* name, rapidjson::SizeType size, bool) {
    separate();
    write_string({name, size});
    text_ += ':';
    comma_ = false;
    return true;
  }
  bool StartObject() { return open('{'); }
  bool EndObject(rapidjson::SizeType) { return close('}'); }
  bool StartArray() { return open('['); }
  bool EndArray(rapidjson::SizeType) { return close(']'); }

  // Numbers come as text; the parser asks for these all the same.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  void separate() {
    if (comma_) text_ += ',';
  }
  bool scalar(std::string_view value) {
    separate();
    text_ += value;
    comma_ = true;
    return true;
  }
  bool open(char bracket) {
    separate();
    text_ += bracket;
    comma_ = false;
    return ++depth_ <= depth_max;
  }
  bool close(char bracket) {
    text_ += bracket;
    comma_ = true;
    --depth_;
    return true;
  }
  void write_string(std::string_view string) { text_ += quoted(string); }

  std::string& text_;
  int depth_ = 0;
  bool comma_ = false;
};

}  // namespace

core::Result<std::string> compact_json(std::string_view json) {
  // The parser takes a NUL for the end.
  if (json.find('\0') != json.npos) return core::Error{core::ErrorCode::malformed_json, "no JSON"};
  std::string text;
  text.reserve(json.size());
  Compactor compactor(text);
  rapidjson::MemoryStream bytes(json.data(), json.size());
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  if (reader.Parse<flags>(bytes, compactor).IsError()) {
    if (compactor.too_deep()) return core::Error{core::ErrorCode::json_too_deep, "JSON nested too deeply"};
    return core::Error{core::ErrorCode::malformed_json, "no JSON"};
  }
  return text;
}

std::string valid_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = character_bytes(text);
    valid += size == 0 ? replacement_character : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return valid;
}

std::string Json::string() const {
  return manifest::decode_string(text_).value_or("");
}

std::string_view Json::quoted_part() const {
  return is_string() ? text_.substr(1, text_.size() - 2) : std::string_view();
}

bool Json::equals(std::string_view plain) const {
  return is_string() && quoted_part() == plain;
}

std::optional<std::int64_t> Json::whole_number() const {
  std::int64_t number = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

double Json::number() const {
  double number = 0;
  std::from_chars(text_.data(), text_.data() + text_.size(), number);
  return number;
}

std::vector<Json> Json::elements() const {
  std::vector<Json> elements;
  if (const auto parts = manifest::split_array(text_)) {
    elements.reserve(parts->size());
    for (const std::string_view part : *parts) elements.emplace_back(part);
  }
  return elements;
}

Object::Object(Json json) {
  auto parts = manifest::split_object(json.text());
  if (!parts) return;
  members_.reserve(parts->size());
  for (manifest::JsonMember& part : *parts) members_.push_back({std::move(part.name), Json(part.value)});
}

Json Object::operator[](std::string_view name) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
  return found == members_.end() ? Json() : found->value;
}

bool Object::has_duplicates() const {
  std::set<std::string_view> names;
  return !std::all_of(members_.begin(), members_.end(),
                      [&](const Member& member) { return names.insert(member.name).second; });
}

std::string quoted(std::string_view text) {
  std::string json;
  json.reserve(text.size() + 2);
  manifest::append_json_string(json, is_utf8(text) ? text : std::string_view(valid_utf8(text)));
  return json;
}

std::string object_text(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    if (json.size() > 1) json += ',';
    json += '"';
    json += name;
    json += "\":";
    json += value;
  }
  return json += '}';
}

std::string array_text(const std::vector<std::string>& elements) {
  std::string json = "[";
  for (const std::string& element : elements) {
    if (json.size() > 1) json += ',';
    json += element;
  }
  return json += ']';
}

}  // namespace schemas::dialect
