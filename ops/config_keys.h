// The one table of settings: parsing, refusals, help and the example file all come from it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ops/config.h"

namespace ops {

// How a value stands in a TOML file.
enum class Kind { text, boolean, whole_number, number, byte_count, list };

struct Key {
  std::string_view section;
  std::string_view name;
  std::string_view documentation;  // one line
  Kind kind = Kind::text;
  std::string allowed;     // ends the sentence "http.port takes …"
  bool is_secret = false;  // not shown, even when it is refused

  // Takes the value as text, as the environment has it. False, and nothing changed, when it is not allowed.
  std::function<bool(Config&, std::string_view)> parse;
  // As a TOML value.
  std::function<std::string(const Config&)> format;
};

// In the order of the example file, each section in one piece.
const std::vector<Key>& keys();

std::string full_name(const Key& key);      // http.port
std::string variable_name(const Key& key);  // BATCHROUTER_HTTP_PORT

// By its full name; null when there is none.
const Key* find_key(std::string_view name);

// Says that there is no such key, and which one may be meant.
std::string unknown_key(std::string_view name);

// All settings as a file, commented out, each with its default and documentation: this is ops/batchrouter.toml.
std::string example_file();

// The same for --help.
std::string settings_help();

}  // namespace ops
