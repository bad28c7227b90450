#pragma once

#include <memory>

#include "ops/bus.h"

namespace ops {

// A Kafka cluster, whose partitions this process shares with others of its kind.
// Errors: unavailable (no answer from the cluster), configuration_invalid.
core::Result<std::unique_ptr<Bus>> open_kafka_bus(const Config& config, const BusEnvironment& environment);

}  // namespace ops
