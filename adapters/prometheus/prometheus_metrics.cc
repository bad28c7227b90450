#include "adapters/prometheus/prometheus_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <stdexcept>
#include <variant>

#include "adapters/prometheus/process.h"

namespace adapters::prometheus {
namespace {

using ::prometheus::Counter;
using ::prometheus::Gauge;
using ::prometheus::Histogram;

// From a fast disk to a slow provider.
const Histogram::BucketBoundaries seconds_buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                     0.5,   1,      2.5,   5,    10,    30,   60};

std::map<std::string, std::string> as_map(processors::Labels labels) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : labels) map.emplace(name, value);
  return map;
}

::prometheus::MetricFamily process_family(std::string name, std::string help, ::prometheus::MetricType type,
                                          double value) {
  ::prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  return {std::move(name), std::move(help), type, {metric}};
}

}  // namespace

struct PrometheusMetrics::Families {
  // The one metric of this kind, name and labels; throws what the library throws for names it does not allow.
  template <class Kind, class Builder, class... Arguments>
  Kind* find(Builder builder, std::string_view name, processors::Labels labels, const Arguments&... arguments) {
    auto found = by_name.find(name);
    if (found == by_name.end()) {
      const std::string text(name);
      found = by_name.emplace(text, &builder.Name(text).Register(registry)).first;
    }
    const auto* family = std::get_if<::prometheus::Family<Kind>*>(&found->second);
    return family == nullptr ? nullptr : &(*family)->Add(as_map(labels), arguments...);
  }

  // Finds or makes the metric and lets `use` change it.
  template <class Kind, class Use, class Builder, class... Arguments>
  void with(Use use, Builder builder, std::string_view name, processors::Labels labels, const Arguments&... arguments) {
    const std::lock_guard lock(mutex);
    try {
      if (Kind* metric = find<Kind>(std::move(builder), name, labels, arguments...)) return use(*metric);
    } catch (const std::exception&) {
      // Counted below, with the other wrong uses.
    }
    misused.Increment();
  }

  std::mutex mutex;
  ::prometheus::Registry registry;
  Counter& misused = ::prometheus::BuildCounter()
                         .Name("batchrouter_metrics_misused_total")
                         .Help("Wrong uses of a metric, which changed nothing")
                         .Register(registry)
                         .Add({});
  using Family =
      std::variant<::prometheus::Family<Counter>*, ::prometheus::Family<Gauge>*, ::prometheus::Family<Histogram>*>;
  std::map<std::string, Family, std::less<>> by_name;
};

PrometheusMetrics::PrometheusMetrics() : families_(std::make_unique<Families>()) {}
PrometheusMetrics::~PrometheusMetrics() = default;

void PrometheusMetrics::count(std::string_view name, processors::Labels labels, double by) {
  if (!(by >= 0)) return families_->misused.Increment();
  families_->with<Counter>([by](Counter& counter) { counter.Increment(by); }, ::prometheus::BuildCounter(), name,
                           labels);
}

void PrometheusMetrics::set(std::string_view name, processors::Labels labels, double value) {
  families_->with<Gauge>([value](Gauge& gauge) { gauge.Set(value); }, ::prometheus::BuildGauge(), name, labels);
}

void PrometheusMetrics::observe_seconds(std::string_view name, processors::Labels labels, double seconds) {
  families_->with<Histogram>([seconds](Histogram& histogram) { histogram.Observe(seconds); },
                             ::prometheus::BuildHistogram(), name, labels, seconds_buckets);
}

std::string PrometheusMetrics::render() const {
  using ::prometheus::MetricType;
  std::vector<::prometheus::MetricFamily> all = families_->registry.Collect();
  const ProcessUsage usage = process_usage();
  all.push_back(process_family("process_cpu_seconds_total", "User and system processor time in seconds",
                               MetricType::Counter, usage.cpu_seconds));
  all.push_back(process_family("process_resident_memory_bytes", "Resident memory in bytes", MetricType::Gauge,
                               usage.resident_bytes));
  all.push_back(process_family("process_open_fds", "Open file descriptors", MetricType::Gauge, usage.open_files));
  all.push_back(
      process_family("process_max_fds", "File descriptors that may be open", MetricType::Gauge, usage.open_files_max));
  return ::prometheus::TextSerializer().Serialize(all);
}

}  // namespace adapters::prometheus
