// The topics of the product: which there are, with which settings; created where they are missing, checked at every
// start. The settings protect the journal, which is the truth, from what a cluster does to topics by default.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/kafka/settings.h"
#include "core/result.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::kafka {

// The topic's name in the cluster: "batchrouter.journal" of "journal".
std::string topic_name(const Settings& settings, std::string_view word);

struct TopicPlan {
  std::string_view word;  // "journal"
  std::uint32_t partitions;
  std::vector<std::pair<std::string, std::string>> configuration;  // Kafka's topic settings, by their names
};

// All topics, the journal first.
std::vector<TopicPlan> topic_plans(const Settings& settings);

struct Cluster {
  std::string id;                    // by which a state store knows that it belongs to this cluster
  std::vector<std::string> created;  // topics that were missing
};

// Blocks, at most a few times Settings::request_timeout.
// Errors: unavailable (no answer, try again); configuration_invalid (a topic is missing and must not be created, has
//         another number of partitions, would lose records or refuse large ones, or a right is missing), naming the
//         topic, what is there, what is wanted and what to do.
core::Result<Cluster> prepare_topics(const Settings& settings, processors::Log& log, processors::Metrics& metrics);

}  // namespace adapters::kafka
