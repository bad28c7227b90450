// An event as it stands in the journal: decoded where this program knows its type, and as the text that it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "ops/brctl/arguments.h"
#include "processors/ports/journal.h"

namespace ops::brctl {

struct SeenEvent {
  LogPlace place;
  core::Timestamp time;
  core::Epoch epoch;
  std::string instance;
  core::CommandId cause;
  core::AggregateKey aggregate;
  std::string type;                  // "batch.ended"
  std::string json;                  // the CloudEvent
  std::optional<core::Event> event;  // nothing: of a type or version that this program does not know
};

// Errors: malformed_event (naming the record).
core::Result<std::vector<SeenEvent>> events_of(core::Partition partition, const processors::StoredRecord& stored);

// {"partition", "offset", "index", "epoch", "instance", "event": the CloudEvent}
std::string json_of(const SeenEvent& event);

}  // namespace ops::brctl
