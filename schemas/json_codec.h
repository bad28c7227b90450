// JSON from and to every described type. See fields.h. Private to schemas: include it in .cc files only.
//
// Money travels as an integer of nano-USD, token prices as integers of pico-USD, times as RFC 3339, a variant as
// {"type": name, "data": {...}}. Reading is lenient in one way only: a member that is absent keeps its default, so that
// what was written before the member existed stays readable for ever.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"
#include "core/sealed.h"
#include "core/time.h"
#include "schemas/fields.h"
#include "schemas/rfc3339.h"

namespace schemas {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

inline void write_text(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

inline std::string_view text_of(const rapidjson::Value& json) {
  return {json.GetString(), json.GetStringLength()};
}

// Overload resolution by type; each kind of value has one Codec.
template <class T>
struct Codec;

template <class T>
void write_json(JsonWriter& writer, const T& value) {
  Codec<T>::write(writer, value);
}

// False when the JSON is not of this type; `path` then names the place.
template <class T>
bool read_json(const rapidjson::Value& json, T& value, std::string& path) {
  return Codec<T>::read(json, value, path);
}

template <>
struct Codec<std::string> {
  static void write(JsonWriter& writer, const std::string& value) { write_text(writer, value); }
  static bool read(const rapidjson::Value& json, std::string& value, std::string&) {
    if (!json.IsString()) return false;
    value = text_of(json);
    return true;
  }
};

template <>
struct Codec<bool> {
  static void write(JsonWriter& writer, bool value) { writer.Bool(value); }
  static bool read(const rapidjson::Value& json, bool& value, std::string&) {
    if (!json.IsBool()) return false;
    value = json.GetBool();
    return true;
  }
};

template <>
struct Codec<double> {
  static void write(JsonWriter& writer, double value) { writer.Double(value); }
  static bool read(const rapidjson::Value& json, double& value, std::string&) {
    if (!json.IsNumber()) return false;
    value = json.GetDouble();
    return true;
  }
};

template <class T>
requires std::is_integral_v<T>
struct Codec<T> {
  static void write(JsonWriter& writer, T value) {
    if constexpr (std::is_signed_v<T>)
      writer.Int64(value);
    else
      writer.Uint64(value);
  }
  static bool read(const rapidjson::Value& json, T& value, std::string&) {
    if constexpr (std::is_signed_v<T>) {
      if (!json.IsInt64() || json.GetInt64() < std::numeric_limits<T>::min() ||
          json.GetInt64() > std::numeric_limits<T>::max())
        return false;
      value = static_cast<T>(json.GetInt64());
    } else {
      if (!json.IsUint64() || json.GetUint64() > std::numeric_limits<T>::max()) return false;
      value = static_cast<T>(json.GetUint64());
    }
    return true;
  }
};

template <class T>
requires std::is_enum_v<T>
struct Codec<T> {
  static void write(JsonWriter& writer, T value) {
    write_text(writer, EnumNames<T>::list[static_cast<std::size_t>(value)]);
  }
  static bool read(const rapidjson::Value& json, T& value, std::string&) {
    if (!json.IsString()) return false;
    const auto& names = EnumNames<T>::list;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != text_of(json)) continue;
      value = static_cast<T>(i);
      return true;
    }
    return false;
  }
};

template <class Tag, class Rep>
struct Codec<core::StrongId<Tag, Rep>> {
  static void write(JsonWriter& writer, const core::StrongId<Tag, Rep>& value) { write_json(writer, value.value()); }
  static bool read(const rapidjson::Value& json, core::StrongId<Tag, Rep>& value, std::string& path) {
    Rep inner{};
    if (!read_json(json, inner, path)) return false;
    value = core::StrongId<Tag, Rep>(std::move(inner));
    return true;
  }
};

template <>
struct Codec<core::Money> {
  static void write(JsonWriter& writer, core::Money value) { writer.Int64(value.nanos()); }
  static bool read(const rapidjson::Value& json, core::Money& value, std::string&) {
    if (!json.IsInt64()) return false;
    value = core::Money::from_nanos(json.GetInt64());
    return true;
  }
};

template <>
struct Codec<core::TokenPrice> {
  static void write(JsonWriter& writer, core::TokenPrice value) { writer.Int64(value.picos()); }
  static bool read(const rapidjson::Value& json, core::TokenPrice& value, std::string&) {
    if (!json.IsInt64() || json.GetInt64() < 0) return false;
    value = core::TokenPrice::from_picos(json.GetInt64());
    return true;
  }
};

template <>
struct Codec<core::Sealed> {
  static void write(JsonWriter& writer, const core::Sealed& value) { write_text(writer, value.text()); }
  static bool read(const rapidjson::Value& json, core::Sealed& value, std::string&) {
    if (!json.IsString()) return false;
    value = core::Sealed(std::string(text_of(json)));
    return true;
  }
};

template <>
struct Codec<core::Timestamp> {
  static void write(JsonWriter& writer, core::Timestamp value) { write_text(writer, to_rfc3339(value)); }
  static bool read(const rapidjson::Value& json, core::Timestamp& value, std::string&) {
    if (!json.IsString()) return false;
    const core::Result<core::Timestamp> parsed = parse_rfc3339(text_of(json));
    if (parsed.has_error()) return false;
    value = *parsed;
    return true;
  }
};

template <>
struct Codec<core::Duration> {
  static void write(JsonWriter& writer, core::Duration value) { writer.Int64(value.count()); }
  static bool read(const rapidjson::Value& json, core::Duration& value, std::string&) {
    if (!json.IsInt64()) return false;
    value = core::Duration(json.GetInt64());
    return true;
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static void write(JsonWriter& writer, const std::vector<T>& values) {
    writer.StartArray();
    for (const T& value : values) write_json(writer, value);
    writer.EndArray();
  }
  static bool read(const rapidjson::Value& json, std::vector<T>& values, std::string& path) {
    if (!json.IsArray()) return false;
    values.clear();
    values.reserve(json.Size());
    for (const rapidjson::Value& element : json.GetArray()) {
      if (read_json(element, values.emplace_back(), path)) continue;
      path = "/" + std::to_string(values.size() - 1) + path;
      return false;
    }
    return true;
  }
};

template <Described T>
struct Codec<T> {
  static void write(JsonWriter& writer, const T& value) {
    writer.StartObject();
    std::apply([&](const auto&... field) { (write_field(writer, field, value), ...); }, Fields<T>::list);
    writer.EndObject();
  }
  static bool read(const rapidjson::Value& json, T& value, std::string& path) {
    if (!json.IsObject()) return false;
    return std::apply(
        [&](const auto&... field) { return (read_member(json, field.name, value.*field.member, path) && ...); },
        Fields<T>::list);
  }

 private:
  template <class Member>
  static bool is_default(const Member& member) {
    if constexpr (requires { member.empty(); })
      return member.empty();
    else if constexpr (requires { member.has_value(); })
      return !member.has_value();
    else if constexpr (std::equality_comparable<Member>)
      return member == Member{};
    else
      return false;
  }
  template <class Member>
  static void write_field(JsonWriter& writer, const Field<T, Member>& field, const T& value) {
    if constexpr (!later_members<T>.empty()) {
      if (may_be_absent(field) && is_default(value.*field.member)) return;
    }
    write_member(writer, field.name, value.*field.member);
  }
  template <class Member>
  static void write_member(JsonWriter& writer, std::string_view name, const Member& member) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    write_json(writer, member);
  }
  template <class Member>
  static void write_member(JsonWriter& writer, std::string_view name, const std::optional<Member>& member) {
    if (member) write_member(writer, name, *member);
  }
  template <class Member>
  static bool read_member(const rapidjson::Value& json, std::string_view name, Member& member, std::string& path) {
    const auto found = json.FindMember(
        rapidjson::Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
    if (found == json.MemberEnd() || read_value(found->value, member, path)) return true;
    path = "/" + std::string(name) + path;
    return false;
  }
  template <class Member>
  static bool read_value(const rapidjson::Value& json, Member& member, std::string& path) {
    return read_json(json, member, path);
  }
  template <class Member>
  static bool read_value(const rapidjson::Value& json, std::optional<Member>& member, std::string& path) {
    return read_json(json, member.emplace(), path);
  }
};

template <class... Alternatives>
struct Codec<std::variant<Alternatives...>> {
  using Variant = std::variant<Alternatives...>;

  static void write(JsonWriter& writer, const Variant& value) {
    std::visit(
        [&]<class T>(const T& alternative) {
          writer.StartObject();
          writer.Key("type");
          write_text(writer, TypeName<T>::value);
          writer.Key("data");
          write_json(writer, alternative);
          writer.EndObject();
        },
        value);
  }
  static bool read(const rapidjson::Value& json, Variant& value, std::string& path) {
    if (!json.IsObject()) return false;
    const auto type = json.FindMember("type");
    const auto data = json.FindMember("data");
    if (type == json.MemberEnd() || data == json.MemberEnd() || !type->value.IsString()) return false;
    return read_named(text_of(type->value), data->value, value, path);
  }
  static bool read_named(std::string_view name, const rapidjson::Value& data, Variant& value, std::string& path) {
    bool known = false;
    bool read = false;
    const auto try_one = [&]<class T>(std::type_identity<T>) {
      if (known || TypeName<T>::value != name) return;
      known = true;
      T alternative{};
      read = read_json(data, alternative, path);
      if (read) value = std::move(alternative);
    };
    (try_one(std::type_identity<Alternatives>{}), ...);
    return read;
  }
};

// A whole document.
template <class T>
std::string to_json_text(const T& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

// False when the text is no JSON of this type; `path` then names the place.
template <class T>
bool from_json_text(std::string_view text, T& value, std::string& path) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return !document.HasParseError() && read_json(document, value, path);
}

}  // namespace schemas
