#include "tests/simulation/oracle.h"

#include <algorithm>
#include <utility>

#include "processors/state_reader.h"
#include "schemas/journal_codec.h"
#include "schemas/position_codec.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/world.h"

namespace simulation {

Oracle::Oracle(World& world) : world_(world) {
  processors::audit::Options options;
  options.one_writer = false;
  options.partition_count = world.partition_count();
  for (std::uint32_t i = 0; i < world.partition_count(); ++i) {
    Part& part = parts_[core::Partition(i)];
    part.prints.push_back(0);
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
  world_.say("FAILED: invariant " + std::to_string(invariant) + ": " + failure_);
}

std::uint32_t Oracle::attempts_max() const {
  return world_.policy().unit_attempts_max;
}

core::Partition Oracle::partition_of(const core::OrgId& org) const {
  return core::partition_of(core::aggregate_of(org), world_.partition_count());
}

core::Offset Oracle::read_of(const core::OrgId& org) const {
  return core::Offset(static_cast<std::int64_t>(parts_.at(partition_of(org)).read));
}

// --- the log --------------------------------------------------------------------------------------------------------

void Oracle::look() {
  for (auto& [partition, part] : parts_) {
    const auto& records = world_.records(partition);
    for (; part.read < records.size() && !failed(); ++part.read) {
      ++records_;
      take(partition, {core::Offset(static_cast<std::int64_t>(part.read)), records[part.read]});
      part.prints.push_back(state_.print_of(partition));
    }
  }
  if (!failed()) compare_states();
}

void Oracle::take(core::Partition partition, const processors::StoredRecord& stored) {
  Part& part = parts_.at(partition);
  const std::string place = std::to_string(partition.value()) + "/" + std::to_string(stored.offset.value());
  const core::Result<bool> counted = part.fold->take(stored);
  if (counted.has_error()) return fail(25, "record " + place + " cannot be folded: " + counted.error().detail);
  if (!*counted) {
    part.audit->take(stored);
    return reached("two writers, one fenced");
  }
  const std::vector<schemas::RecordedEvent>& events = part.fold->events();
  events_ += events.size();
  for (const schemas::RecordedEvent& event : events) world_.say(place + " " + schemas::event_type(event.event));
  if (stored.record.time > part.time + std::chrono::minutes(59) && part.time != core::Timestamp{})
    reached("log time leaps");
  part.time = stored.record.time;
  check_events(stored, partition, events);
  if (failed()) return;
  if (const auto written = part.fold->write(); written.has_error()) return fail(25, written.error().detail);
  check_rows(partition, events);
  if (failed()) return;
  part.audit->take(stored);
  check_audit(part);
}

// Each event against what was before it, and the events of each command together.
void Oracle::check_events(const processors::StoredRecord& stored, core::Partition partition,
                          const std::vector<schemas::RecordedEvent>& events) {
  for (std::size_t begin = 0, end = 0; begin < events.size() && !failed(); begin = end) {
    while (end < events.size() && events[end].cause == events[begin].cause) ++end;
    check_group(*this, model_, Group(events).subspan(begin, end - begin));
    for (std::size_t i = begin; i < end && !failed(); ++i) {
      const core::Event& event = events[i].event;
      const Seen seen{partition, stored.offset, stored.record.time, stored.record.epoch, event};
      const core::OrgId org = org_of(event);
      if (events[i].aggregate.value().starts_with("org:") && !org.value().empty() &&
          events[i].aggregate != core::aggregate_of(org))
        return fail(23, "an event of " + org.value() + " stands in the stream " + events[i].aggregate.value());
      if (std::holds_alternative<core::parking::CommandParked>(event))
        return fail(25,
                    "a decision that the fold does not take: " + std::get<core::parking::CommandParked>(event).reason);
      check_ledger(*this, model_, seen);
      check_quotes(*this, model_, seen);
      check_batches(*this, model_, seen);
      check_payments(*this, model_, seen);
      check_deliveries(*this, model_, seen);
      model_.take(seen);
    }
  }
}

// What the fold keeps of money, against the postings.
void Oracle::check_rows(core::Partition partition, const std::vector<schemas::RecordedEvent>& events) {
  const processors::StateReader reader(state_, world_.partition_count());
  bool any = false;
  for (const schemas::RecordedEvent& each : events) {
    const auto* transfer = std::get_if<core::ledger::TransferPosted>(&each.event);
    if (transfer == nullptr) continue;
    any = true;
    const bool settles = transfer->kind == core::ledger::TransferKind::capture ||
                         transfer->kind == core::ledger::TransferKind::release ||
                         transfer->kind == core::ledger::TransferKind::reserve;
    if (!settles) continue;
    const auto row = reader.find<core::ledger::Reservation>(each.aggregate, {transfer->org, transfer->batch});
    const auto batch = model_.batches.find(transfer->batch);
    if (row.has_error() || !*row || batch == model_.batches.end())
      return fail(10, "the reservation of " + transfer->batch.value() + " is not kept");
    if ((*row)->captured + (*row)->released > (*row)->amount || (*row)->amount != batch->second.reserved ||
        (*row)->captured != batch->second.captured || (*row)->released != batch->second.released)
      return fail(10, "what is kept of the reservation of " + transfer->batch.value() + " is not what was posted");
    if (model_.balance(core::ledger::reserved(transfer->org)) != model_.held(transfer->org))
      return fail(10, transfer->org.value() + " has more or less reserved than its batches hold");
  }
  if (!any) return;
  core::Money sum;
  const std::string prefix = schemas::row_prefix<core::ledger::Account>();
  const auto scanned =
      state_.scan(partition, prefix, schemas::prefix_end(prefix), [&](std::string_view, std::string_view value) {
        const auto account = schemas::decode_row<core::ledger::Account>(value);
        if (account.has_value()) sum = sum + account->balance;
        return true;
      });
  if (scanned.has_error() || sum != core::Money{})
    return fail(1, "all accounts together have " + core::to_decimal(sum) + ", not nothing");
  for (const schemas::RecordedEvent& each : events) {
    const auto* transfer = std::get_if<core::ledger::TransferPosted>(&each.event);
    if (transfer == nullptr) continue;
    for (const core::AccountId& id : {transfer->debit, transfer->credit}) {
      if (!core::ledger::owned_by_customer(id)) continue;  // a row in each partition
      const auto row = reader.find<core::ledger::Account>(each.aggregate, {id});
      if (row.has_error() || !*row || (*row)->balance != model_.balance(id))
        return fail(3, "what is kept of " + id.value() + " is not the sum of its postings");
    }
  }
}

void Oracle::check_audit(const Part& part) {
  if (part.audit->findings().count() == 0) return;
  const processors::audit::Finding& finding = part.audit->findings().kept().front();
  fail(invariant_of(finding.rule), "the auditor finds " + std::string(to_string(finding.rule)) + " at " +
                                       place_of(finding) + ": " + finding.detail);
}

// --- state ----------------------------------------------------------------------------------------------------------

bool Oracle::same_rows(const Store& store, core::Partition partition, std::string& position) const {
  const auto bytes = store.get(partition, schemas::position_key);
  if (bytes.has_error() || !*bytes || **bytes == position) return true;
  position = **bytes;
  const auto decoded = schemas::decode_position(position);
  const std::vector<std::uint64_t>& prints = parts_.at(partition).prints;
  const auto next = decoded.has_error() ? 0 : static_cast<std::size_t>(decoded->next.value());
  if (next >= prints.size()) {  // the oracle could not read so far yet
    position.clear();
    return true;
  }
  return prints[next] == store.print_of(partition);
}

void Oracle::compare_states() {
  for (std::size_t machine = 0; machine < world_.machine_count(); ++machine) {
    Process* process = world_.process(machine);
    if (process == nullptr || process->dead()) continue;
    for (auto& [partition, part] : parts_) {
      if (!same_rows(world_.store(machine), partition, compared_[{machine, partition}]))
        return fail(25, process->instance() + " has other rows of partition " + std::to_string(partition.value()) +
                            " than the records make");
    }
  }
}

void Oracle::begins(std::size_t machine) {
  look();
  for (auto& [partition, part] : parts_) {
    std::string& compared = compared_[{machine, partition}];
    compared.clear();
    if (!same_rows(world_.store(machine), partition, compared))
      return fail(3, "what a crash has left of partition " + std::to_string(partition.value()) +
                         " is not what the records make up to the offset that it names");
    if (!compared.empty() && part.read > 0) reached("begun anew with state");
  }
  for (const auto& [id, org] : model_.orgs) {
    if (org.erased) reached("crypto-shredded org replayed");
  }
}

// --- the end --------------------------------------------------------------------------------------------------------

std::string Oracle::waits_for() const {
  std::string waits;
  const processors::StateReader reader(state_, world_.partition_count());
  const auto listed = reader.list_served<core::Outstanding>(schemas::row_prefix<core::Outstanding>(),
                                                            [&](core::Outstanding row) { waits += row.id + " "; });
  if (listed.has_error()) waits += "the state cannot be read";
  for (const auto& [id, batch] : model_.batches) {
    if (!batch.over()) waits += id.value() + " ";
  }
  for (const auto& [id, delivery] : model_.deliveries) {
    if (delivery.pending) waits += id.value() + " ";
  }
  return waits;
}

void Oracle::end() {
  look();
  if (failed()) return;
  check_funding();
  for (const auto& [id, batch] : model_.batches) {
    if (batch.captured + batch.released != batch.reserved) fail(12, id.value() + " has an open reservation");
    const bool told = std::any_of(model_.deliveries.begin(), model_.deliveries.end(),
                                  [&, &id = id](const auto& each) { return each.second.batch == id; });
    if (batch.accepted.webhook.has_value() && !told)
      fail(22, id.value() + " has ended, and its webhook was never told");
  }
  for (auto& [partition, part] : parts_) {
    part.audit->end();
    check_audit(part);
  }
}

}  // namespace simulation
