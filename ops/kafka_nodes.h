// Where the nodes of a cluster listen, for who is none of them.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "ops/config.h"

namespace ops {

// The base URLs of all owners of partitions, each once. Reads the topic of nodes; announces nothing.
// Errors: unavailable (no answer from the cluster, or no node has opened a partition yet), configuration_invalid.
core::Result<std::vector<std::string>> urls_of_nodes(const Config& config);

}  // namespace ops
