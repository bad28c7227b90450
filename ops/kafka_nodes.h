// A Kafka cluster, looked at by who is none of its nodes.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "ops/config.h"

namespace ops {

// The base URLs of all owners of partitions, each once. Reads the topic of nodes; announces nothing.
// Errors: unavailable (no answer from the cluster, or no node has opened a partition yet), configuration_invalid.
core::Result<std::vector<std::string>> urls_of_nodes(const Config& config);

// That the cluster answers and its topics are as the service needs them; its id. Makes nothing. Errors: unavailable,
// configuration_invalid, naming the topic and what to do.
core::Result<std::string> check_topics(const Config& config);

}  // namespace ops
