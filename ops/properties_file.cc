#include "ops/properties_file.h"

#include <fstream>
#include <string_view>

namespace ops {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

core::Error invalid(const std::string& what) {
  return {core::ErrorCode::configuration_invalid, what};
}

}  // namespace

core::Result<std::map<std::string, std::string>> read_properties_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return invalid("kafka.properties_file: " + file.string() + " cannot be read");
  std::map<std::string, std::string> properties;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    const std::size_t equals = text.find('=');
    const std::string name(trimmed(text.substr(0, equals)));
    const std::string place = file.string() + ":" + std::to_string(number) + ": ";
    if (equals == std::string_view::npos || name.empty()) return invalid(place + "a line is name=value");
    if (!properties.emplace(name, trimmed(text.substr(equals + 1))).second)
      return invalid(place + name + " stands there twice");
  }
  return properties;
}

}  // namespace ops
