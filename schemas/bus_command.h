// A command that comes over the bus: one CloudEvent in structured JSON mode.
//
//   {"specversion": "1.0", "id": "refund-771", "source": "/crm", "type": "batchrouter.batch.cancel.v1",
//    "subject": "org:org_…", "data": {"org": "org_…", "batch": "bat_…"}}
#pragma once

#include <string>
#include <string_view>

#include "core/command.h"
#include "core/result.h"

namespace schemas {

struct BusCommand {
  core::CommandId id;
  core::AggregateKey aggregate;
  core::Command command;
};

// `data` is as schemas/commands says, and `subject` the aggregate that it belongs to. What only this service may say,
// such as how an attempt went, is refused.
// Errors: malformed_json; invalid_request, its `param` naming the place.
core::Result<BusCommand> decode_bus_command(std::string_view value);

// "batch.cancel": the type without what all types have in common.
std::string command_word(const core::Command& command);

}  // namespace schemas
