// A file of client properties, as librdkafka, kcat and Kafka's own tools read them.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/result.h"

namespace ops {

// One name=value a line, space around both left out; lines that are empty or begin with '#' say nothing.
// Errors: configuration_invalid, naming file and line, and never a value: it may be a password.
core::Result<std::map<std::string, std::string>> read_properties_file(const std::filesystem::path& file);

}  // namespace ops
