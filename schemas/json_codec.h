// JSON from and to every described type. See fields.h. Private to schemas: include it in .cc files only.
//
// Money travels as an integer of nano-USD, token prices as integers of pico-USD, times as RFC 3339, a variant as
// {"type": name, "data": {...}}. Reading is lenient in one way only: a member that is absent keeps its default, so that
// what was written before the member existed stays readable for ever.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"
#include "core/sealed.h"
#include "core/time.h"
#include "schemas/fields.h"
#include "schemas/json_reader.h"
#include "schemas/rfc3339.h"

namespace schemas {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

inline void write_text(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Overload resolution by type; each kind of value has one Codec.
template <class T>
struct Codec;

template <class T>
void write_json(JsonWriter& writer, const T& value) {
  Codec<T>::write(writer, value);
}

// False when what comes next is not of this type; `path` then names the place.
template <class T>
bool read_json(JsonReader& json, T& value, std::string& path) {
  return Codec<T>::read(json, value, path);
}

template <>
struct Codec<std::string> {
  static void write(JsonWriter& writer, const std::string& value) { write_text(writer, value); }
  static bool read(JsonReader& json, std::string& value, std::string&) {
    std::string_view text;
    if (!json.read_text(text)) return false;
    value = text;
    return true;
  }
};

template <>
struct Codec<bool> {
  static void write(JsonWriter& writer, bool value) { writer.Bool(value); }
  static bool read(JsonReader& json, bool& value, std::string&) { return json.read_bool(value); }
};

template <>
struct Codec<double> {
  static void write(JsonWriter& writer, double value) { writer.Double(value); }
  static bool read(JsonReader& json, double& value, std::string&) { return json.read_number(value); }
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
  static bool read(JsonReader& json, T& value, std::string&) {
    if constexpr (std::is_signed_v<T>) {
      std::int64_t number = 0;
      if (!json.read_integer(number) || !std::in_range<T>(number)) return false;
      value = static_cast<T>(number);
    } else {
      std::uint64_t number = 0;
      if (!json.read_natural(number) || !std::in_range<T>(number)) return false;
      value = static_cast<T>(number);
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
  static bool read(JsonReader& json, T& value, std::string&) {
    std::string_view name;
    if (!json.read_text(name)) return false;
    const auto& names = EnumNames<T>::list;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != name) continue;
      value = static_cast<T>(i);
      return true;
    }
    return false;
  }
};

template <class Tag, class Rep>
struct Codec<core::StrongId<Tag, Rep>> {
  static void write(JsonWriter& writer, const core::StrongId<Tag, Rep>& value) { write_json(writer, value.value()); }
  static bool read(JsonReader& json, core::StrongId<Tag, Rep>& value, std::string& path) {
    Rep inner{};
    if (!read_json(json, inner, path)) return false;
    value = core::StrongId<Tag, Rep>(std::move(inner));
    return true;
  }
};

template <>
struct Codec<core::Money> {
  static void write(JsonWriter& writer, core::Money value) { writer.Int64(value.nanos()); }
  static bool read(JsonReader& json, core::Money& value, std::string&) {
    std::int64_t nanos = 0;
    if (!json.read_integer(nanos)) return false;
    value = core::Money::from_nanos(nanos);
    return true;
  }
};

template <>
struct Codec<core::TokenPrice> {
  static void write(JsonWriter& writer, core::TokenPrice value) { writer.Int64(value.picos()); }
  static bool read(JsonReader& json, core::TokenPrice& value, std::string&) {
    std::int64_t picos = 0;
    if (!json.read_integer(picos) || picos < 0) return false;
    value = core::TokenPrice::from_picos(picos);
    return true;
  }
};

template <>
struct Codec<core::Sealed> {
  static void write(JsonWriter& writer, const core::Sealed& value) { write_text(writer, value.text()); }
  static bool read(JsonReader& json, core::Sealed& value, std::string&) {
    std::string_view text;
    if (!json.read_text(text)) return false;
    value = core::Sealed(std::string(text));
    return true;
  }
};

template <>
struct Codec<core::Timestamp> {
  static void write(JsonWriter& writer, core::Timestamp value) { write_text(writer, to_rfc3339(value)); }
  static bool read(JsonReader& json, core::Timestamp& value, std::string&) {
    std::string_view text;
    if (!json.read_text(text)) return false;
    const core::Result<core::Timestamp> parsed = parse_rfc3339(text);
    if (parsed.has_error()) return false;
    value = *parsed;
    return true;
  }
};

template <>
struct Codec<core::Duration> {
  static void write(JsonWriter& writer, core::Duration value) { writer.Int64(value.count()); }
  static bool read(JsonReader& json, core::Duration& value, std::string&) {
    std::int64_t microseconds = 0;
    if (!json.read_integer(microseconds)) return false;
    value = core::Duration(microseconds);
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
  static bool read(JsonReader& json, std::vector<T>& values, std::string& path) {
    if (!json.begin_array()) return false;
    values.clear();
    while (json.next_element()) {
      if (read_json(json, values.emplace_back(), path)) continue;
      path = "/" + std::to_string(values.size() - 1) + path;
      return false;
    }
    return !json.failed();
  }
};

template <Described T>
struct Codec<T> {
  static void write(JsonWriter& writer, const T& value) {
    writer.StartObject();
    std::apply([&](const auto&... field) { (write_field(writer, field, value), ...); }, Fields<T>::list);
    writer.EndObject();
  }
  // Members mostly come in the order of the list, as we write them, so that one walk along it takes them all. When a
  // walk takes none, the member is unknown, or there for a second time: then it is passed over.
  static bool read(JsonReader& json, T& value, std::string& path) {
    if (!json.begin_object()) return false;
    std::bitset<std::tuple_size_v<decltype(Fields<T>::list)>> seen;
    std::string_view name;
    bool more = json.next_member(name);
    bool good = true;
    const auto take = [&](std::size_t index, const auto& field) {
      if (!more || name != field.name || seen[index]) return false;
      seen[index] = true;
      good = read_value(json, value.*field.member, path);
      if (!good) path = "/" + std::string(field.name) + path;
      more = good && json.next_member(name);
      return true;
    };
    const auto walk = [&](const auto&... field) {
      std::size_t index = 0;
      bool taken = false;
      ((taken = take(index++, field) || taken), ...);
      return taken;
    };
    while (more) {
      if (std::apply(walk, Fields<T>::list)) continue;
      std::string_view passed;
      more = json.skip(passed) && json.next_member(name);
    }
    return good && !json.failed();
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
  static bool read_value(JsonReader& json, Member& member, std::string& path) {
    return read_json(json, member, path);
  }
  template <class Member>
  static bool read_value(JsonReader& json, std::optional<Member>& member, std::string& path) {
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
  static bool read(JsonReader& json, Variant& value, std::string& path) {
    if (!json.begin_object()) return false;
    Read read = nullptr;
    std::string_view name, text, data;
    while (json.next_member(name)) {
      if (name == "type") {
        if (!json.read_text(text)) return false;
        read = reader_of(text);
      } else {
        const bool is_data = name == "data";
        if (!json.skip(text)) return false;
        if (is_data) data = text;
      }
    }
    JsonReader of_data(data);
    return !json.failed() && read != nullptr && read(of_data, value, path);
  }

  using Read = bool (*)(JsonReader& json, Variant& value, std::string& path);
  // How the data of an alternative is read; null when none has this name.
  static Read reader_of(std::string_view name) {
    Read read = nullptr;
    static_cast<void>(
        ((TypeName<Alternatives>::value == name && (read = &read_alternative<Alternatives>, true)) || ...));
    return read;
  }

 private:
  template <class T>
  static bool read_alternative(JsonReader& json, Variant& value, std::string& path) {
    return read_json(json, value.template emplace<T>(), path);
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
  JsonReader json(text);
  return read_json(json, value, path) && json.at_end();
}

}  // namespace schemas
