// The events of the journal that money follows from, read from its beginning.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "ops/brctl/run.h"
#include "ops/config_load.h"
#include "processors/projector/public_events.h"

namespace ops::brctl {

// What every subcommand of `brctl ledger` is told.
struct LedgerOptions {
  ConfigFlags flags;
  std::string org;   // empty: all
  std::string from;  // as arguments.h reads times; empty: from the beginning
  std::string to;    // before it; empty: to the end
  bool json = false;
  bool progress = false;
};

struct Period {
  std::optional<core::Timestamp> from;
  std::optional<core::Timestamp> to;

  bool has(core::Timestamp time) const { return (!from || time >= *from) && (!to || time < *to); }
};
// Errors: invalid_request.
core::Result<Period> period_of(const LedgerOptions& options);

using VisitEvent = std::function<core::Result<void>(const processors::EventPlace&, const core::Event&)>;

// Visits the events of records that name one of `types` ("ledger.transfer_posted", "batch."), and of the org, if there
// is one, those of its partition; what a replaced owner wrote counts for nobody and is not visited. Of a partition the
// events come in order, before `until`. Memory: one record.
// Errors: those of reading the journal and of `visit`; log_corrupt when a partition does not begin at its beginning.
core::Result<void> read_ledger_events(Console& console, const LedgerOptions& options,
                                      const std::vector<std::string_view>& types, std::optional<core::Timestamp> until,
                                      const VisitEvent& visit);

}  // namespace ops::brctl
