#pragma once

#include "processors/ports/metrics.h"

namespace processors::testing {

class NullMetrics final : public Metrics {
 public:
  void count(std::string_view, Labels, double) override {}
  void set(std::string_view, Labels, double) override {}
  void observe_seconds(std::string_view, Labels, double) override {}
};

}  // namespace processors::testing
