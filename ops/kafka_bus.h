#pragma once

#include <memory>
#include <string>

#include "adapters/kafka/settings.h"
#include "ops/bus.h"

namespace ops {

// How the configuration reaches the cluster. `instance` names this process. Errors: configuration_invalid.
core::Result<adapters::kafka::Settings> kafka_settings(const Config& config, const std::string& instance);

// A Kafka cluster, whose partitions this process shares with others of its kind.
// Errors: unavailable (no answer from the cluster), configuration_invalid.
core::Result<std::unique_ptr<Bus>> open_kafka_bus(const Config& config, const BusEnvironment& environment);

}  // namespace ops
