#pragma once

#include "processors/ports/log.h"

namespace processors::testing {

class NullLog final : public Log {
 public:
  void write(Level, std::string_view, Fields) override {}
};

}  // namespace processors::testing
