#include "schemas/compact_json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "schemas/json_codec.h"
#include "schemas/manifest/utf8.h"

namespace schemas {

namespace {

// Bytes are checked by the parser; an escape may still name half of a character (\udc00).
bool whole_utf8(const char* text, rapidjson::SizeType size) {
  manifest::Utf8Checker checker;
  return checker.check({text, size}) == size && !checker.incomplete();
}

class CompactWriter final : public JsonWriter {
 public:
  CompactWriter(rapidjson::StringBuffer& buffer, int depth_max) : JsonWriter(buffer), left_(depth_max) {}

  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    return RawValue(digits, size, rapidjson::kNumberType);
  }
  bool String(const char* text, rapidjson::SizeType size, bool copy) {
    return whole_utf8(text, size) && JsonWriter::String(text, size, copy);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return whole_utf8(text, size) && JsonWriter::Key(text, size, copy);
  }
  bool StartObject() { return enter() && JsonWriter::StartObject(); }
  bool StartArray() { return enter() && JsonWriter::StartArray(); }
  bool EndObject(rapidjson::SizeType count = 0) {
    ++left_;
    return JsonWriter::EndObject(count);
  }
  bool EndArray(rapidjson::SizeType count = 0) {
    ++left_;
    return JsonWriter::EndArray(count);
  }

  bool too_deep() const { return left_ < 0; }

 private:
  bool enter() { return --left_ >= 0; }

  int left_;
};

}  // namespace

core::Result<std::string> compact_json(std::string_view text, int depth_max) {
  // The parser takes a NUL for the end.
  if (const std::size_t nul = text.find('\0'); nul != text.npos)
    return core::Error{core::ErrorCode::malformed_json, "A NUL byte stands here.", std::to_string(nul)};
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::StringBuffer buffer;
  CompactWriter writer(buffer, depth_max);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  if (reader.Parse<flags>(stream, writer)) return std::string(buffer.GetString(), buffer.GetSize());
  const std::string place = std::to_string(reader.GetErrorOffset());
  if (writer.too_deep())
    return core::Error{core::ErrorCode::json_too_deep, "nested deeper than " + std::to_string(depth_max) + " levels",
                       place};
  if (reader.GetParseErrorCode() == rapidjson::kParseErrorTermination)
    return core::Error{core::ErrorCode::malformed_json, "An escape in this string names half of a character.", place};
  return core::Error{core::ErrorCode::malformed_json, rapidjson::GetParseError_En(reader.GetParseErrorCode()), place};
}

}  // namespace schemas
