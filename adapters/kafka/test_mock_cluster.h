// A cluster inside librdkafka that fails when it is told to. It speaks real TCP, but knows no admin requests, loses
// what exceeds a few MiB, and does not fence.
#pragma once

// The second header needs the first.
// clang-format off
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
// clang-format on

#include <string>
#include <vector>

namespace adapters::kafka {

// One broker.
class MockCluster {
 public:
  MockCluster() : host_(make_silent_client()), cluster_(rd_kafka_mock_cluster_new(host_, 1)) {}
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string bootstrap() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void create_topic(const std::string& name, int partitions) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  }
  void fail_next_appends(std::vector<rd_kafka_resp_err_t> errors) {
    constexpr std::int16_t produce_request = 0;
    rd_kafka_mock_push_request_errors_array(cluster_, produce_request, errors.size(), errors.data());
  }
  void go_away() { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void come_back() { rd_kafka_mock_broker_set_up(cluster_, 1); }
  void answer_after_milliseconds(int delay) { rd_kafka_mock_broker_set_rtt(cluster_, 1, delay); }

 private:
  static rd_kafka_t* make_silent_client() {
    rd_kafka_conf_t* const configuration = rd_kafka_conf_new();
    rd_kafka_conf_set(configuration, "log_level", "0", nullptr, 0);
    return rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nullptr, 0);
  }

  rd_kafka_t* const host_;
  rd_kafka_mock_cluster_t* const cluster_;
};

}  // namespace adapters::kafka
