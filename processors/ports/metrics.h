// Counters, gauges and histograms by name. Labels are short fixed words: never ids, never text from outside.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

namespace processors {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Threading: any thread.
class Metrics {
 public:
  virtual ~Metrics() = default;
  // `name` follows Prometheus: batchrouter_<what>_<unit>[_total]. Each name has one kind and one set of labels.
  virtual void count(std::string_view name, Labels labels, double by = 1) = 0;
  virtual void set(std::string_view name, Labels labels, double value) = 0;
  virtual void observe_seconds(std::string_view name, Labels labels, double seconds) = 0;
};

}  // namespace processors
