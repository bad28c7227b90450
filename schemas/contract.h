// JSON Schemas and samples, made from the same descriptions as the JSON itself. See fields.h.
// For the tests that keep contracts; include it in .cc files only.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

// Calls visit(std::type_identity<Alternative>) for each alternative of a variant.
template <class Variant>
struct Alternatives;
template <class... Types>
struct Alternatives<std::variant<Types...>> {
  template <class Visit>
  static void visit(Visit visit) {
    (visit(std::type_identity<Types>{}), ...);
  }
};

// Fills every member with a value of its own, none of them a default: what is forgotten or mixed up shows.
class SampleFiller {
 public:
  template <class T>
  T make() {
    T value{};
    fill("sample", value);
    return value;
  }

 private:
  void fill(std::string_view name, std::string& value) { value = std::string(name) + "_" + std::to_string(++count_); }
  void fill(std::string_view, bool& value) { value = true; }
  void fill(std::string_view, double& value) { value = static_cast<double>(++count_) + 0.5; }
  template <class T>
  requires std::is_integral_v<T>
  void fill(std::string_view, T& value) { value = static_cast<T>(++count_); }
  template <class T>
  requires std::is_enum_v<T>
  void fill(std::string_view, T& value) { value = static_cast<T>(1 + ++count_ % (EnumNames<T>::list.size() - 1)); }
  template <class Tag, class Rep>
  void fill(std::string_view name, core::StrongId<Tag, Rep>& value) {
    Rep inner{};
    fill(name, inner);
    value = core::StrongId<Tag, Rep>(std::move(inner));
  }
  void fill(std::string_view, core::Money& value) { value = core::Money::from_nanos(++count_); }
  void fill(std::string_view, core::TokenPrice& value) { value = core::TokenPrice::from_picos(++count_); }
  void fill(std::string_view name, core::Sealed& value) { value = core::Sealed(sample_text(name)); }
  void fill(std::string_view, core::Timestamp& value) {
    value = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::seconds(++count_);
  }
  void fill(std::string_view, core::Duration& value) { value = core::Duration(++count_); }
  template <class T>
  void fill(std::string_view name, std::optional<T>& value) {
    fill(name, value.emplace());
  }
  template <class T>
  void fill(std::string_view name, std::vector<T>& values) {
    values.resize(2);
    for (T& value : values) fill(name, value);
  }
  template <Described T>
  void fill(std::string_view, T& value) {
    std::apply([&](const auto&... field) { (fill(field.name, value.*field.member), ...); }, Fields<T>::list);
  }
  template <class First, class... Rest>
  void fill(std::string_view name, std::variant<First, Rest...>& value) {
    fill(name, value.template emplace<First>());
  }

  std::string sample_text(std::string_view name) {
    std::string text;
    fill(name, text);
    return text;
  }

  std::int64_t count_ = 0;
};

// Writes the JSON Schema (2020-12) of a described type. Members that are not optional are always there.
class SchemaWriter {
 public:
  explicit SchemaWriter(JsonWriter& writer) : writer_(writer) {}

  // The members of the schema object that is open.
  template <class T>
  void describe() {
    describe(std::type_identity<T>{});
  }

 private:
  void text(const char* key, std::string_view value) {
    writer_.Key(key);
    write_text(writer_, value);
  }

  void describe(std::type_identity<std::string>) { text("type", "string"); }
  void describe(std::type_identity<bool>) { text("type", "boolean"); }
  void describe(std::type_identity<double>) { text("type", "number"); }
  template <class T>
  requires std::is_integral_v<T>
  void describe(std::type_identity<T>) {
    text("type", "integer");
    if (std::is_signed_v<T> && sizeof(T) == sizeof(std::int64_t)) return;
    writer_.Key("minimum");
    writer_.Int64(std::numeric_limits<T>::min());
    if (sizeof(T) == sizeof(std::uint64_t)) return;
    writer_.Key("maximum");
    writer_.Uint64(std::numeric_limits<T>::max());
  }
  template <class T>
  requires std::is_enum_v<T>
  void describe(std::type_identity<T>) {
    writer_.Key("enum");
    writer_.StartArray();
    for (const std::string_view name : EnumNames<T>::list) write_text(writer_, name);
    writer_.EndArray();
  }
  template <class Tag, class Rep>
  void describe(std::type_identity<core::StrongId<Tag, Rep>>) {
    describe<Rep>();
  }
  void describe(std::type_identity<core::Money>) {
    text("type", "integer");
    text("description", "nano-USD");
  }
  void describe(std::type_identity<core::TokenPrice>) {
    text("type", "integer");
    text("description", "pico-USD per token");
    writer_.Key("minimum");
    writer_.Int64(0);
  }
  void describe(std::type_identity<core::Sealed>) {
    text("type", "string");
    text("description", "encrypted for this deployment");
  }
  void describe(std::type_identity<core::Timestamp>) {
    text("type", "string");
    text("format", "date-time");
  }
  void describe(std::type_identity<core::Duration>) {
    text("type", "integer");
    text("description", "microseconds");
  }
  template <class T>
  void describe(std::type_identity<std::vector<T>>) {
    text("type", "array");
    writer_.Key("items");
    writer_.StartObject();
    describe<T>();
    writer_.EndObject();
  }
  // One of several shapes, which have contracts of their own.
  template <class... Types>
  void describe(std::type_identity<std::variant<Types...>>) {
    text("type", "object");
    writer_.Key("required");
    writer_.StartArray();
    write_text(writer_, "type");
    write_text(writer_, "data");
    writer_.EndArray();
    writer_.Key("properties");
    writer_.StartObject();
    for (const auto& [member, type] : {std::pair{"type", "string"}, std::pair{"data", "object"}}) {
      writer_.Key(member);
      writer_.StartObject();
      text("type", type);
      writer_.EndObject();
    }
    writer_.EndObject();
  }
  template <class T>
  void describe(std::type_identity<std::optional<T>>) {
    describe<T>();
  }
  template <Described T>
  void describe(std::type_identity<T>) {
    text("type", "object");
    writer_.Key("required");
    writer_.StartArray();
    std::apply([&](const auto&... field) { (require(field), ...); }, Fields<T>::list);
    writer_.EndArray();
    writer_.Key("properties");
    writer_.StartObject();
    std::apply([&](const auto&... field) { (property(field), ...); }, Fields<T>::list);
    writer_.EndObject();
  }

  template <class Class, class Member>
  void require(const Field<Class, Member>& field) {
    if (!may_be_absent(field)) write_text(writer_, field.name);
  }
  template <class Class, class Member>
  void property(const Field<Class, Member>& field) {
    writer_.Key(field.name.data(), static_cast<rapidjson::SizeType>(field.name.size()));
    writer_.StartObject();
    describe<Member>();
    writer_.EndObject();
  }

  JsonWriter& writer_;
};

// As files of the repository have it.
inline std::string pretty(const rapidjson::Value& json) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  writer.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  json.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

inline std::string pretty(std::string_view json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  return pretty(document);
}

template <class T>
std::string to_json(const T& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

// `type` as in "batchrouter.batch.accepted.v1": also what a CloudEvent's dataschema names, as a URN.
template <class T>
std::string json_schema(const std::string& type) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  writer.Key("$schema");
  writer.String("https://json-schema.org/draft/2020-12/schema");
  writer.Key("$id");
  write_text(writer, "urn:" + type);
  SchemaWriter(writer).describe<T>();
  writer.EndObject();
  return pretty(std::string_view(buffer.GetString(), buffer.GetSize()));
}

}  // namespace schemas
