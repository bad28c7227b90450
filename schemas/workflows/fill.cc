#include "schemas/workflows/fill.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "schemas/dialect/json.h"

namespace schemas::workflows {
namespace {

using dialect::Json;
using dialect::Object;

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";
constexpr std::string_view spread = "...";

// Calls `plain` and `placeholder` with the pieces of a text in turn.
template <class Plain, class Placeholder>
void each_piece(std::string_view text, const Plain& plain, const Placeholder& placeholder) {
  for (;;) {
    const std::size_t begin = text.find(opening);
    const std::size_t end = begin == text.npos ? text.npos : text.find(closing, begin);
    if (end == text.npos) return plain(text);
    plain(text.substr(0, begin));
    placeholder(text.substr(begin + opening.size(), end - begin - opening.size()));
    text.remove_prefix(end + closing.size());
  }
}

// The name, of a string that is a placeholder and nothing else.
std::optional<std::string> lone_placeholder(const std::string& text) {
  if (!text.starts_with(opening) || text.find(closing) != text.size() - closing.size()) return std::nullopt;
  return text.substr(opening.size(), text.size() - opening.size() - closing.size());
}

std::optional<std::string> filled(Json json, const Values& values);

std::string filled_array(Json array, const Values& values) {
  std::vector<std::string> elements;
  for (const Json element : array.elements()) {
    const std::optional<std::string> name = element.is_string() ? lone_placeholder(element.string()) : std::nullopt;
    if (name && name->starts_with(spread)) {
      const auto found = values.find(name->substr(spread.size()));
      if (found == values.end()) continue;
      for (const Json each : Json(found->second).elements()) elements.emplace_back(each.text());
    } else if (std::optional<std::string> value = filled(element, values)) {
      elements.push_back(std::move(*value));
    }
  }
  return dialect::array_text(elements);
}

std::string filled_object(Json json, const Values& values) {
  std::string text = "{";
  const Object object(json);
  for (const Object::Member& member : object.members()) {
    const std::optional<std::string> value = filled(member.value, values);
    if (!value) continue;
    if (text.size() > 1) text += ',';
    text += dialect::quoted(member.name) + ":" + *value;
  }
  return text += '}';
}

std::optional<std::string> filled(Json json, const Values& values) {
  if (json.is_object()) return filled_object(json, values);
  if (json.is_array()) return filled_array(json, values);
  if (!json.is_string()) return std::string(json.text());
  const std::string text = json.string();
  const std::optional<std::string> name = lone_placeholder(text);
  if (!name) return dialect::quoted(fill_text(text, values));
  const auto found = values.find(*name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

void collect(Json json, Placeholders& found) {
  const Object object(json);
  for (const Object::Member& member : object.members()) collect(member.value, found);
  for (const Json element : json.elements()) collect(element, found);
  if (!json.is_string()) return;
  const std::string text = json.string();
  if (std::optional<std::string> name = lone_placeholder(text)) {
    found.all.insert(name->starts_with(spread) ? name->substr(spread.size()) : *name);
    return;
  }
  const auto add = [&](std::string_view name) {
    found.all.emplace(name);
    found.in_text.emplace(name);
  };
  each_piece(
      text, [](std::string_view) {}, add);
}

}  // namespace

std::string fill(std::string_view json, const Values& values) {
  return filled(Json(json), values).value_or("null");
}

std::string fill_text(std::string_view text, const Values& values) {
  std::string result;
  const auto put_in = [&](std::string_view name) {
    const auto found = values.find(name);
    if (found == values.end()) return;
    const Json value(found->second);
    result += value.is_string() ? value.string() : std::string(value.text());
  };
  each_piece(
      text, [&](std::string_view plain) { result += plain; }, put_in);
  return result;
}

Placeholders placeholders_of(std::string_view json) {
  Placeholders found;
  collect(Json(json), found);
  return found;
}

}  // namespace schemas::workflows
