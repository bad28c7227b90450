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

// Puts a group together, one event at a time.
class GroupWriter {
 public:
  GroupWriter(core::Partition partition, core::Timestamp time);

  void add(const RecordedEvent& event);
  std::size_t bytes() const { return text_.size(); }
  std::string finish() &&;

 private:
  std::string source_;
  std::string time_;
  std::string text_;
  std::size_t count_ = 0;
};

// Errors: malformed_event, naming the event and the member that cannot be read.
core::Result<std::vector<RecordedEvent>> decode_group(std::string_view value);

}  // namespace schemas
