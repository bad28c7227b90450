#include "schemas/compact_json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "schemas/json_codec.h"

namespace schemas {

namespace {

class CompactWriter final : public JsonWriter {
 public:
  CompactWriter(rapidjson::StringBuffer& buffer, int depth_max) : JsonWriter(buffer), left_(depth_max) {}

  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    return RawValue(digits, size, rapidjson::kNumberType);
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

 private:
  bool enter() { return --left_ >= 0; }

  int left_;
};

}  // namespace

core::Result<std::string> compact_json(std::string_view text, int depth_max) {
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::StringBuffer buffer;
  CompactWriter writer(buffer, depth_max);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  if (reader.Parse<flags>(stream, writer)) return std::string(buffer.GetString(), buffer.GetSize());
  const std::string place = std::to_string(reader.GetErrorOffset());
  if (reader.GetParseErrorCode() == rapidjson::kParseErrorTermination)
    return core::Error{core::ErrorCode::json_too_deep, "nested deeper than " + std::to_string(depth_max) + " levels",
                       place};
  return core::Error{core::ErrorCode::malformed_json, rapidjson::GetParseError_En(reader.GetParseErrorCode()), place};
}

}  // namespace schemas
