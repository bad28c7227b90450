#include "ops/brctl/ledger_reading.h"

#include <cstring>
#include <map>

#include "core/command.h"
#include "ops/brctl/arguments.h"
#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"
#include "ops/brctl/source.h"
#include "ops/clock.h"
#include "schemas/journal_codec.h"

namespace ops::brctl {

namespace {

bool names_one(std::string_view value, const std::vector<std::string>& needles) {
  for (const std::string& needle : needles) {
    if (::memmem(value.data(), value.size(), needle.data(), needle.size()) != nullptr) return true;
  }
  return false;
}

// The newest owner of a partition, and how far it was read.
struct Owner {
  core::Epoch epoch;
  std::string instance;
  core::Offset next;
};

}  // namespace

core::Result<Period> period_of(const LedgerOptions& options) {
  Period period;
  for (const auto& [text, time] : {std::pair(&options.from, &period.from), std::pair(&options.to, &period.to)}) {
    if (text->empty()) continue;
    const core::Result<core::Timestamp> parsed = parse_time(*text, now());
    if (parsed.has_error()) return parsed.error();
    *time = *parsed;
  }
  return period;
}

core::Result<void> read_ledger_events(Console& console, const LedgerOptions& options,
                                      const std::vector<std::string_view>& types, std::optional<core::Timestamp> until,
                                      const VisitEvent& visit) {
  const core::Result<EffectiveConfig> effective = load_effective_config(options.flags, console.environment);
  if (effective.has_error()) return effective.error();
  const auto source = Source::open(effective->config);
  if (source.has_error()) return source.error();
  const core::AggregateKey aggregate = core::aggregate_of(core::OrgId(options.org));
  const auto records =
      options.org.empty() ? (*source)->records()
                          : (*source)->records(core::partition_of(aggregate, (*source)->partitions()), core::Offset(0));

  std::vector<std::string> needles;
  for (const std::string_view type : types) needles.push_back("\"type\":\"batchrouter." + std::string(type));
  std::map<core::Partition, Owner> owners;
  Progress progress(console.errors, progress_shown(console, options.progress), "reading", "records");
  std::uint64_t done = 0;
  core::Result<void> outcome;
  const auto take = [&](core::Partition partition, const processors::StoredRecord& stored) -> core::Result<void> {
    const processors::JournalRecord& record = stored.record;
    Owner& owner = owners[partition];
    if (stored.offset != owner.next)
      return core::Error{core::ErrorCode::log_corrupt, "records of partition " + std::to_string(partition.value()) +
                                                           " from offset " + std::to_string(owner.next.value()) +
                                                           " on are not in the log; a ledger needs them all"};
    owner.next = core::Offset(stored.offset.value() + 1);
    if (!processors::counts(record, owner.epoch, owner.instance)) return {};
    owner.epoch = record.epoch;
    owner.instance = record.instance;
    if ((until && record.time >= *until) || !names_one(record.value, needles)) return {};
    const auto events = schemas::decode_group(record.value);
    if (events.has_error())
      return core::Error{events.error().code,
                         to_string(LogPlace{partition, stored.offset}) + ": " + events.error().detail};
    processors::EventPlace place{partition, stored.offset, 0, record.time};
    for (const schemas::RecordedEvent& event : *events) {
      if (const auto visited = visit(place, event.event); visited.has_error()) return visited;
      ++place.index;
    }
    return {};
  };
  const auto read = records->read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
    outcome = take(partition, stored);
    progress.update(++done, records->fraction());
    return outcome.has_value();
  });
  progress.finish(done);
  return read.has_error() ? read : outcome;
}

}  // namespace ops::brctl
