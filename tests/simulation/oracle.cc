#include "tests/simulation/oracle.h"

#include <algorithm>
#include <utility>

#include "processors/state_reader.h"
#include "schemas/journal_codec.h"
#include "tests/simulation/world.h"

namespace simulation {

Oracle::Oracle(World& world) : world_(world) {
  processors::audit::Options options;
  options.one_writer = false;
  options.partition_count = world.partition_count();
  for (std::uint32_t i = 0; i < world.partition_count(); ++i) {
    Part& part = parts_[core::Partition(i)];
    part.fold = std::make_unique<processors::Fold>(state_, core::Partition(i));
    if (const auto loaded = part.fold->load(); loaded.has_error()) fail(25, loaded.error().detail);
    part.audit = std::make_unique<processors::audit::PartitionAudit>(core::Partition(i), options,
                                                                     std::vector<schemas::Checkpoint>{});
  }
}

Oracle::~Oracle() = default;

void Oracle::fail(int invariant, std::string what) {
  if (failed()) return;
  invariant_ = invariant;
  failure_ = std::move(what);
  world_.say("FAILED: " + failure_);
}

void Oracle::look() {
  for (auto& [partition, part] : parts_) {
    const auto& records = world_.records(partition);
    for (; part.read < records.size() && !failed(); ++part.read) {
      ++records_;
      take(partition, {core::Offset(static_cast<std::int64_t>(part.read)), records[part.read]});
    }
  }
}

void Oracle::take(core::Partition partition, const processors::StoredRecord& stored) {
  Part& part = parts_.at(partition);
  const std::string place = std::to_string(partition.value()) + "/" + std::to_string(stored.offset.value());
  part.audit->take(stored);
  for (const processors::audit::Finding& finding : part.audit->findings().kept())
    return fail(25, "the auditor finds " + std::string(to_string(finding.rule)) + " at " + place_of(finding) + ": " +
                        finding.detail);
  const core::Result<bool> counted = part.fold->take(stored);
  if (counted.has_error()) return fail(25, "record " + place + " cannot be folded: " + counted.error().detail);
  if (!*counted) return;
  if (const auto written = part.fold->write(); written.has_error()) return fail(25, written.error().detail);
  const auto events = schemas::decode_group(stored.record.value);
  if (events.has_error()) return fail(25, events.error().detail);
  events_ += events->size();
  for (const schemas::RecordedEvent& event : *events) world_.say(place + " " + schemas::event_type(event.event));
}

void Oracle::provider_called(const processors::Attempt& attempt) {
  look();
  const processors::StateReader reader(state_, world_.partition_count());
  const auto unit =
      reader.find<core::batch::Unit>(core::aggregate_of(attempt.org), {attempt.org, attempt.batch, attempt.unit});
  if (unit.has_error() || !*unit || (*unit)->attempt < attempt.number)
    fail(16, "a provider is called for " + attempt.batch.value() + " without the intent in the log");
}

void Oracle::webhook_arrived(const processors::WebhookRequest& request) {
  look();
  std::string id;
  for (const auto& [name, value] : request.headers) {
    if (name == "webhook-id") id = value;
  }
  const auto [known, is_new] = webhooks_.try_emplace(id, request.body);
  if (!is_new && known->second != request.body) fail(21, "webhook " + id + " says something else the second time");
}

bool Oracle::quiet() const {
  return waits_for().empty();
}

std::string Oracle::waits_for() const {
  std::string waits;
  const processors::StateReader reader(state_, world_.partition_count());
  const auto listed = reader.list_served<core::Outstanding>(schemas::row_prefix<core::Outstanding>(),
                                                            [&](core::Outstanding row) { waits += row.id + " "; });
  const auto batches =
      reader.list_served<core::batch::Batch>(schemas::row_prefix<core::batch::Batch>(), [&](core::batch::Batch row) {
        if (!core::batch::terminal(row.phase)) waits += row.id.value() + " ";
      });
  if (listed.has_error() || batches.has_error()) waits += "the state cannot be read";
  return waits;
}

void Oracle::end() {
  look();
}

}  // namespace simulation
