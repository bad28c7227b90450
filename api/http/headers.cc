#include "api/http/headers.h"

#include <algorithm>

namespace api::http {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view spaces = " \t";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

bool lists(std::string_view value, std::string_view member) {
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(','));
    value.remove_prefix(std::min(word.size() + 1, value.size()));
    if (equal_ignoring_case(trim(word), member)) return true;
  }
  return false;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (equal_ignoring_case(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [name](const Field& field) { return equal_ignoring_case(field.first, name); }));
}

void Headers::set(std::string_view name, std::string_view value) {
  erase(name);
  add(name, value);
}

void Headers::erase(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return equal_ignoring_case(field.first, name); });
}

void Headers::add_to_list(std::string_view name, std::string_view member) {
  const std::string before(get(name).value_or(""));
  if (!lists(before, member)) set(name, before.empty() ? std::string(member) : before + ", " + std::string(member));
}

}  // namespace api::http
