// Has a broker forget the oldest records of a partition. For the .cc files of this folder only.
#pragma once

#include <chrono>
#include <string>

#include "adapters/kafka/client.h"
#include "core/ids.h"
#include "core/result.h"

namespace adapters::kafka {

// Those before an offset; it must not lie behind the end. Blocks for `timeout` at most. Errors: unavailable,
// configuration_invalid (this client may not: grant Delete on the topic), storage_failed.
core::Result<void> delete_records(const Client& client, const std::string& topic, core::Partition partition,
                                  core::Offset before, std::chrono::milliseconds timeout);

}  // namespace adapters::kafka
