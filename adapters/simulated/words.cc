#include "adapters/simulated/words.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace adapters::simulated {
namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr std::array<std::string_view, 64> words = {
    "steady",  "teams",   "review", "open",    "reports", "before",  "noon",   "small",  "changes",   "often", "help",
    "clear",   "records", "show",   "regular", "weekly",  "growth",  "across", "most",   "regions",   "while", "early",
    "orders",  "remain",  "stable", "several", "notes",   "mention", "simple", "common", "questions", "about", "late",
    "parcels", "and",     "quick",  "replies", "with",    "careful", "work",   "the",    "summary",   "lists", "main",
    "points",  "for",     "each",   "group",   "new",     "results", "follow", "within", "days",      "after", "final",
    "checks",  "by",      "local",  "staff",   "under",   "plain",   "rules",  "every",  "season"};

constexpr int schema_depth_max = 16;
constexpr std::int64_t array_items_max = 16;      // a schema may ask for a million
constexpr std::size_t answer_values_max = 1'000;  // or refer to itself twice

const Value* find(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

// The first type named that is not null.
std::string_view type_of(const Value& schema) {
  const Value* type = find(schema, "type");
  if (type != nullptr && type->IsString()) return type->GetString();
  if (type != nullptr && type->IsArray()) {
    for (const Value& one : type->GetArray()) {
      if (one.IsString() && std::string_view(one.GetString()) != "null") return one.GetString();
    }
    return "null";
  }
  if (find(schema, "properties") != nullptr) return "object";
  if (find(schema, "items") != nullptr) return "array";
  return "string";
}

class Instance {
 public:
  Instance(const Document& schema, Random& random) : root_(schema), random_(random) {}

  std::string text() {
    Value made = make(root_, 0);
    static_cast<Value&>(answer_).Swap(made);
    if (!answer_.IsObject()) {
      answer_.SetObject();
      answer_.AddMember("simulated", true, memory());
      answer_.AddMember("answer", sentence_value(), memory());
    }
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    answer_.Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
  }

 private:
  Document::AllocatorType& memory() { return answer_.GetAllocator(); }

  Value sentence_value() { return Value(sentence(random_), memory()); }

  Value copy(const Value& value) { return Value(value, memory()); }

  Value make(const Value& schema, int depth) {
    if (!schema.IsObject() || schema.ObjectEmpty() || depth == schema_depth_max || values_left_ == 0) return Value();
    --values_left_;
    if (const Value* constant = find(schema, "const")) return copy(*constant);
    if (const Value* choices = find(schema, "enum"); choices != nullptr && choices->IsArray() && !choices->Empty())
      return copy((*choices)[static_cast<rapidjson::SizeType>(random_.below(choices->Size()))]);
    for (const char* alternatives : {"anyOf", "oneOf", "allOf"}) {
      const Value* all = find(schema, alternatives);
      if (all != nullptr && all->IsArray() && !all->Empty()) return make((*all)[0], depth + 1);
    }
    if (const Value* reference = find(schema, "$ref"); reference != nullptr && reference->IsString())
      return make(resolve(reference->GetString()), depth + 1);
    const std::string_view type = type_of(schema);
    if (type == "object") return make_object(schema, depth);
    if (type == "array") return make_array(schema, depth);
    if (type == "integer") return Value(static_cast<std::int64_t>(std::llround(number(schema))));
    if (type == "number") return Value(number(schema));
    if (type == "boolean") return Value(random_.below(2) == 0);
    if (type == "null") return Value();
    return make_text(schema);
  }

  // "#/$defs/name" and "#/definitions/name": the form that generators of schemas write.
  const Value& resolve(std::string_view reference) {
    for (const char* place : {"$defs", "definitions"}) {
      const std::string prefix = std::string("#/") + place + "/";
      const Value* definitions = root_.IsObject() ? find(root_, place) : nullptr;
      if (!reference.starts_with(prefix) || definitions == nullptr || !definitions->IsObject()) continue;
      const Value* found = find(*definitions, std::string(reference.substr(prefix.size())).c_str());
      if (found != nullptr) return *found;
    }
    return nothing_;
  }

  Value make_object(const Value& schema, int depth) {
    Value object(rapidjson::kObjectType);
    const Value* properties = find(schema, "properties");
    if (properties == nullptr || !properties->IsObject()) return object;
    for (const auto& property : properties->GetObject())
      object.AddMember(copy(property.name), make(property.value, depth + 1), memory());
    return object;
  }

  Value make_array(const Value& schema, int depth) {
    Value array(rapidjson::kArrayType);
    const Value* items = find(schema, "items");
    const std::int64_t count = std::clamp<std::int64_t>(bound(schema, "minItems", 1), 1, array_items_max);
    for (std::int64_t i = 0; items != nullptr && i < count; ++i) array.PushBack(make(*items, depth + 1), memory());
    return array;
  }

  Value make_text(const Value& schema) {
    std::string text(word(random_));
    const auto low = static_cast<std::size_t>(std::clamp<std::int64_t>(bound(schema, "minLength", 0), 0, 1'000));
    const auto high = static_cast<std::size_t>(std::clamp<std::int64_t>(bound(schema, "maxLength", 1'000), 0, 1'000));
    while (text.size() < low) text.append(" ").append(word(random_));
    if (text.size() > high) text.resize(high);
    return Value(text, memory());
  }

  static std::int64_t bound(const Value& schema, const char* name, std::int64_t otherwise) {
    const Value* value = find(schema, name);
    return value != nullptr && value->IsInt64() ? value->GetInt64() : otherwise;
  }

  // A whole number within the bounds, so that it does for an integer too.
  double number(const Value& schema) {
    const auto limit = [&](const char* name, double otherwise) {
      const Value* value = find(schema, name);
      return value != nullptr && value->IsNumber() ? value->GetDouble() : otherwise;
    };
    constexpr double huge = 1e15;
    double low = std::clamp(std::ceil(limit("minimum", -huge)), -huge, huge);
    double high = std::clamp(std::floor(limit("maximum", huge)), -huge, huge);
    low = std::max(low, std::clamp(std::floor(limit("exclusiveMinimum", -huge)) + 1, -huge, huge));
    high = std::min(high, std::clamp(std::ceil(limit("exclusiveMaximum", huge)) - 1, -huge, huge));
    if (low == -huge) low = std::min(0.0, high);
    if (low > high) return limit("minimum", 0);  // only a fraction fits
    return low + static_cast<double>(random_.below(static_cast<std::uint64_t>(std::min(high - low, 100.0)) + 1));
  }

  const Value& root_;
  const Value nothing_;
  Random& random_;
  std::size_t values_left_ = answer_values_max;
  Document answer_;
};

}  // namespace

std::string_view word(Random& random) {
  return words[random.below(words.size())];
}

std::string sentence(Random& random) {
  std::string text;
  const std::uint64_t count = 5 + random.below(7);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += word(random);
  }
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + '.';
}

std::string json_answer(const std::string& schema, Random& random) {
  Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(schema.data(), schema.size());
  if (document.HasParseError()) document.SetNull();
  return Instance(document, random).text();
}

}  // namespace adapters::simulated
