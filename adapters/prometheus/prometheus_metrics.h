#pragma once

#include <memory>
#include <string>

#include "processors/ports/metrics.h"

namespace adapters::prometheus {

// Metrics in the memory of this process, rendered for a Prometheus server. Families are made on first use.
//
// A wrong use (a name that had another kind, a name or label that Prometheus does not allow, a counter going down)
// changes nothing but batchrouter_metrics_misused_total: measuring must never stop what is measured.
//
// Threading: any thread.
class PrometheusMetrics final : public processors::Metrics {
 public:
  PrometheusMetrics();
  ~PrometheusMetrics() override;

  void count(std::string_view name, processors::Labels labels, double by = 1) override;
  void set(std::string_view name, processors::Labels labels, double value) override;
  void observe_seconds(std::string_view name, processors::Labels labels, double seconds) override;

  // Text format 0.0.4, with the process's own memory, processor time and open files.
  std::string render() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace adapters::prometheus
