// Templates: JSON with {{placeholders}}. Values go in as JSON values, never as pieces of JSON text. Pure functions.
//
// A string that is nothing but "{{name}}" becomes the value of that name, of whatever kind; without such a value the
// member or element that it stands for is left out. An element "{{...name}}" becomes the elements of the array of that
// name. Anywhere else in a string "{{name}}" becomes text: that of a string, the JSON of any other value.
// What was put in is not looked at for further placeholders.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace schemas::workflows {

// Compact JSON by name.
using Values = std::map<std::string, std::string, std::less<>>;

// `json` is compact; so is what is answered.
std::string fill(std::string_view json, const Values& values);

std::string fill_text(std::string_view text, const Values& values);

struct Placeholders {
  std::set<std::string> all;
  std::set<std::string> in_text;  // those that need a value
};
Placeholders placeholders_of(std::string_view json);

}  // namespace schemas::workflows
