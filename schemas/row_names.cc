#include "schemas/row_names.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "core/state.h"
#include "schemas/descriptions.h"
#include "schemas/digest.h"
#include "schemas/position_codec.h"
#include "schemas/rfc3339.h"

namespace schemas {

namespace {

// "core::batch::Unit" as "batch.Unit". The compiler writes "… kind_of() [with Row = core::batch::Unit; …".
template <class Row>
std::string kind_of() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("core::") + 6);
  std::string name(text.substr(0, text.find_first_of(";]")));
  if (const std::size_t colons = name.find("::"); colons != std::string::npos) name.replace(colons, 2, ".");
  return name;
}

constexpr std::uint64_t latest_time = 253'402'300'799'999'999;  // microseconds, the end of the year 9999

std::optional<std::uint64_t> take_number(std::string_view& key, std::size_t bytes) {
  if (key.size() < bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (const char byte : key.substr(0, bytes)) number = number << 8 | static_cast<unsigned char>(byte);
  key.remove_prefix(bytes);
  return number;
}

// As row_codec.h appends them.
template <class Part>
struct Parts;

template <>
struct Parts<std::string> {
  static std::optional<std::string> take(std::string_view& key) {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(key.substr(0, end));
    key.remove_prefix(end + 1);
    return text;
  }
};

template <class Number>
requires std::is_integral_v<Number>
struct Parts<Number> {
  static std::optional<std::string> take(std::string_view& key) {
    const auto number = take_number(key, sizeof(Number));
    return number ? std::optional(std::to_string(*number)) : std::nullopt;
  }
};

template <>
struct Parts<core::Timestamp> {
  static std::optional<std::string> take(std::string_view& key) {
    const auto number = take_number(key, 8);
    if (!number || *number > latest_time) return std::nullopt;
    return to_rfc3339(core::Timestamp(core::Duration(static_cast<std::int64_t>(*number))));
  }
};

template <class Tag, class Rep>
struct Parts<core::StrongId<Tag, Rep>> : Parts<Rep> {};

template <class... Types>
bool take_all(std::type_identity<std::tuple<Types...>>, std::string_view key, std::vector<std::string>& parts) {
  const auto take_one = [&]<class Part>(std::type_identity<Part>) {
    auto part = Parts<Part>::take(key);
    if (part) parts.push_back(std::move(*part));
    return part.has_value();
  };
  return (take_one(std::type_identity<Types>{}) && ...) && key.empty();
}

template <class Row>
bool is_of(std::string_view key, RowName& name) {
  const std::string_view letter = TypeName<Row>::value;
  if (!key.starts_with(letter)) return false;
  std::vector<std::string> parts;
  if (!take_all(std::type_identity<typename Row::Key>{}, key.substr(letter.size()), parts)) return false;
  name = {kind_of<Row>(), std::move(parts)};
  return true;
}

template <class... Rows>
struct Kinds {
  static bool find(std::string_view key, RowName& name) { return (is_of<Rows>(key, name) || ...); }
};

}  // namespace

RowName name_of_row(std::string_view key) {
  if (key == position_key) return {"Position", {}};
  RowName name;
  if (core::StateRows::In<Kinds>::find(key, name)) return name;
  return {"?", {to_hex(key)}};
}

std::string to_text(const RowName& name) {
  std::string text = name.kind;
  for (const std::string& part : name.parts) text += " " + part;
  return text;
}

}  // namespace schemas
