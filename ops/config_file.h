// Settings out of a TOML file.
#pragma once

#include <string>
#include <vector>

#include "ops/config_keys.h"

namespace ops {

// One value that was given, not yet looked at.
struct Setting {
  const Key* key;
  std::string text;
  std::string origin;  // batchrouter.toml:12, BATCHROUTER_HTTP_PORT, --port
};

// Adds a line to `faults` for whatever cannot be read.
std::vector<Setting> settings_of_file(const std::string& path, std::vector<std::string>& faults);

}  // namespace ops
