// A journal record's value: a CloudEvents 1.0 batch in JSON, one event after another as they were decided.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace schemas {

struct RecordedEvent {
  core::CommandId cause;         // the command that decided it
  core::AggregateKey aggregate;  // whose stream it belongs to
  core::Event event;
};

// "batchrouter.batch.accepted.v1"
std::string event_type(const core::Event& event);

std::string encode_group(core::Partition partition, core::Timestamp time, const std::vector<RecordedEvent>& events);

// Errors: malformed_event, naming the event and the member that cannot be read.
core::Result<std::vector<RecordedEvent>> decode_group(std::string_view value);

}  // namespace schemas
