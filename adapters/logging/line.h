// An event and its fields as one line, safe whatever the values hold.
#pragma once

#include <string>
#include <string_view>

#include "adapters/logging/spdlog_log.h"
#include "processors/ports/log.h"

namespace adapters::logging {

// Without time and level: `listening port=8080` as text, `"event":"listening","port":8080` as JSON members.
std::string line_of(Format format, std::string_view event, processors::Fields fields);

}  // namespace adapters::logging
