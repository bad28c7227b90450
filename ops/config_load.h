// Configuration with where each value comes from, for whoever shows or checks it; the service itself uses load_config.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ops/config.h"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace ops {

struct ConfigFlags {
  std::optional<std::string> file;
  std::optional<std::string> port;
  std::optional<std::string> data;
  std::vector<std::string> settings;  // section.key=value each
};

// --config, --set, --port and --data. `flags` must outlive `app`.
void add_config_flags(CLI::App& app, ConfigFlags& flags);

struct EffectiveConfig {
  Config config;
  std::vector<std::string> origins;  // one for each of keys(): "default", "batchrouter.toml:12", "--port", …
};

// Errors: configuration_invalid, a line for each fault.
core::Result<EffectiveConfig> load_effective_config(const ConfigFlags& flags, const Environment& environment);

// As a TOML file, the origins as remarks.
std::string to_toml(const EffectiveConfig& effective);

}  // namespace ops
