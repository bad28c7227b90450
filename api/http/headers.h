// Header fields in the order they came, with names compared case-insensitively.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace api::http {

// ASCII only, as header names are.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);

// Whether the list in a field's value has that member, in any case: "close, X-Name".
bool lists(std::string_view value, std::string_view member);

class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  // The first field of that name. The view is valid until the headers change.
  std::optional<std::string_view> get(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  // Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  // For a field whose value is a list: the member is in it from now on, once.
  void add_to_list(std::string_view name, std::string_view member);

  std::vector<Field>::const_iterator begin() const { return fields_.begin(); }
  std::vector<Field>::const_iterator end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace api::http
