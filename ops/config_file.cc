#include "ops/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace ops {

namespace {

constexpr std::size_t file_bytes_max = 1'024 * 1'024;

std::string position(const std::string& path, const toml::source_region& region) {
  return path + ":" + std::to_string(region.begin.line);
}

std::string_view name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::none: return "nothing";
    case toml::node_type::table: return "a section";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text in quotes";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a point";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
  }
  return "something else";
}

std::optional<std::string> whole_number_text(const toml::node& node) {
  const toml::value<std::int64_t>* number = node.as_integer();
  return number ? std::optional(std::to_string(number->get())) : std::nullopt;
}

std::optional<std::string> list_text(const toml::node& node) {
  const toml::array* list = node.as_array();
  if (!list) return std::nullopt;
  std::string text;
  for (const toml::node& element : *list) {
    const std::optional<std::string> number = whole_number_text(element);
    if (!number) return std::nullopt;
    text += (text.empty() ? "" : ", ") + *number;
  }
  return text;
}

// The value as the environment would have it; nullopt when it is of another type than the key's.
std::optional<std::string> text_of(const toml::node& node, Kind kind) {
  switch (kind) {
    case Kind::text: return node.value_exact<std::string>();
    case Kind::boolean: {
      const std::optional<bool> value = node.value_exact<bool>();
      return value ? std::optional<std::string>(*value ? "true" : "false") : std::nullopt;
    }
    case Kind::whole_number: return whole_number_text(node);
    case Kind::number: {
      const std::optional<double> value = node.value_exact<double>();
      if (!value) return whole_number_text(node);
      std::ostringstream text;
      text.precision(17);
      text << *value;
      return text.str();
    }
    case Kind::byte_count: {
      const std::optional<std::string> value = node.value_exact<std::string>();
      return value ? value : whole_number_text(node);
    }
    case Kind::list: return list_text(node);
  }
  return std::nullopt;
}

std::optional<std::string> content_of(const std::string& path, std::vector<std::string>& faults) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(file_bytes_max + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.eof()) {
    const bool is_too_large = file.good();
    faults.push_back(path + ": " +
                     (is_too_large ? "larger than 1 MiB, so it is no file of settings"
                                   : std::string("cannot be read: ") + std::strerror(errno != 0 ? errno : EIO)));
    return std::nullopt;
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

class FileReader {
 public:
  FileReader(const std::string& path, std::vector<std::string>& faults) : path_(path), faults_(faults) {}

  std::vector<Setting> read(const toml::table& root) {
    for (const auto& [name, node] : root) {
      const std::string section(name.str());
      if (const toml::table* table = node.as_table()) {
        read_section(section, *table);
      } else {
        faults_.push_back(position(path_, name.source()) + ": " + unknown_key(section));
      }
    }
    return std::move(settings_);
  }

 private:
  void read_section(const std::string& section, const toml::table& table) {
    for (const auto& [name, node] : table) {
      const std::string full = section + "." + std::string(name.str());
      const Key* key = find_key(full);
      if (!key) {
        faults_.push_back(position(path_, name.source()) + ": " + unknown_key(full));
      } else if (std::optional<std::string> text = text_of(node, key->kind)) {
        settings_.push_back({key, *std::move(text), position(path_, name.source())});
      } else {
        faults_.push_back(position(path_, name.source()) + ": " + full + " takes " + key->allowed + "; this is " +
                          std::string(name_of(node.type())));
      }
    }
    if (table.empty() && std::ranges::none_of(keys(), [&](const Key& key) { return key.section == section; }))
      faults_.push_back(position(path_, table.source()) + ": there is no section [" + section + "]");
  }

  const std::string& path_;
  std::vector<std::string>& faults_;
  std::vector<Setting> settings_;
};

}  // namespace

std::vector<Setting> settings_of_file(const std::string& path, std::vector<std::string>& faults) {
  const std::optional<std::string> content = content_of(path, faults);
  if (!content) return {};
  try {
    return FileReader(path, faults).read(toml::parse(*content, path));
  } catch (const toml::parse_error& error) {
    faults.push_back(position(path, error.source()) + ": " + std::string(error.description()));
    return {};
  }
}

}  // namespace ops
