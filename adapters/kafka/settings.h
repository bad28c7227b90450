// How to reach a Kafka cluster and what to ask of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace adapters::kafka {

struct Settings {
  std::string bootstrap_servers;             // host:port, several with commas between
  std::string topic_prefix = "batchrouter";  // of topics, group and transactional ids
  std::string instance;                      // of this process; begins its client ids, so keep it short
  std::uint32_t partitions = 16;             // of the journal and of the public topics; fixed when they are created

  // Of topics that are created; a topic that is there must ask for as many in-sync replicas.
  bool create_topics = true;
  std::uint16_t replication_factor = 1;
  std::uint16_t min_insync_replicas = 1;

  // Handed to librdkafka as they are: security.protocol, sasl.*, ssl.*, … What we rely on ourselves is refused by name.
  std::map<std::string, std::string> client_properties = {};

  std::chrono::milliseconds request_timeout{30'000};    // one question to the cluster, such as opening a partition
  std::chrono::milliseconds append_timeout{30'000};     // until a record has been read back
  std::chrono::milliseconds session_timeout{10'000};    // after which the group takes partitions from a silent member
  std::chrono::milliseconds heartbeat_interval{1'000};  // how soon members learn that partitions move
  std::chrono::milliseconds suspend_timeout{5'000};     // that turns in flight have to end before partitions move
  std::chrono::milliseconds close_timeout{5'000};       // for a client to take its leave
  std::size_t pending_bytes_max = 64u << 20;            // of journal records not yet confirmed
};

}  // namespace adapters::kafka
