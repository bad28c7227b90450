#include "adapters/prometheus/prometheus_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <sstream>
#include <thread>
#include <vector>

#include "adapters/prometheus/process.h"

namespace adapters::prometheus {
namespace {

using testing::HasSubstr;
using testing::Not;

// If this failed, dashboards and alerts would look at nothing.
TEST(PrometheusMetrics, RendersEachKindAsText) {
  PrometheusMetrics metrics;
  metrics.count("batchrouter_requests_total", {{"route", "batches"}, {"status", "2xx"}});
  metrics.count("batchrouter_requests_total", {{"route", "batches"}, {"status", "2xx"}}, 2);
  metrics.count("batchrouter_requests_total", {{"route", "quotes"}, {"status", "4xx"}});
  metrics.set("batchrouter_commands_waiting", {}, 7);
  metrics.set("batchrouter_commands_waiting", {}, 5);
  metrics.observe_seconds("batchrouter_append_seconds", {}, 0.002);
  metrics.observe_seconds("batchrouter_append_seconds", {}, 61);

  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE batchrouter_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_requests_total{route=\"batches\",status=\"2xx\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_requests_total{route=\"quotes\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_commands_waiting 5\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_append_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_append_seconds_bucket{le=\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_append_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("batchrouter_metrics_misused_total 0\n"));
}

TEST(PrometheusMetrics, WrongUsesAreCountedAndChangeNothing) {
  PrometheusMetrics metrics;
  metrics.count("batchrouter_x_total", {});
  metrics.set("batchrouter_x_total", {}, 9);               // another kind
  metrics.observe_seconds("batchrouter_x_total", {}, 9);   // another kind
  metrics.count("batchrouter_x_total", {}, -1);            // down
  metrics.count("batchrouter_x_total", {}, std::nan(""));  // no number
  metrics.count("no name", {});
  metrics.count("batchrouter_y_total", {{"no name", "x"}});
  metrics.count("batchrouter_metrics_misused_total", {});  // ours to count
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("batchrouter_x_total 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("no name")));
  EXPECT_THAT(text, HasSubstr("batchrouter_metrics_misused_total 7\n"));
}

TEST(PrometheusMetrics, CountsFromManyThreads) {
  PrometheusMetrics metrics;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) metrics.count("batchrouter_x_total", {{"a", "b"}});
      metrics.render();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics.render(), HasSubstr("batchrouter_x_total{a=\"b\"} 4000\n"));
}

TEST(PrometheusMetrics, ShowsTheProcess) {
  const std::string text = PrometheusMetrics().render();
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"})
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " ")) << name;

  const ProcessUsage before = process_usage();
  EXPECT_GT(before.resident_bytes, 1e6);
  EXPECT_GT(before.open_files_max, before.open_files);
  const int file = ::open("/dev/null", O_RDONLY);
  EXPECT_EQ(process_usage().open_files, before.open_files + 1);
  ::close(file);
}

}  // namespace
}  // namespace adapters::prometheus
