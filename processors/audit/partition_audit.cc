#include "processors/audit/partition_audit.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/command.h"
#include "processors/chain.h"
#include "processors/fold.h"
#include "schemas/digest.h"
#include "schemas/rfc3339.h"

namespace processors::audit {

namespace {

const std::string no_chain(64, '0');
constexpr std::string_view org_prefix = "org:";

std::string text_of(core::Offset offset) {
  return std::to_string(offset.value());
}

core::Offset before(core::Offset offset) {
  return core::Offset(offset.value() - 1);
}

// "<cause>.<index>"
bool is_event_id(std::string_view id, std::string_view cause, std::uint32_t index) {
  if (!id.starts_with(cause) || cause.empty()) return false;
  id.remove_prefix(cause.size());
  if (!id.starts_with('.')) return false;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() && number == index;
}

}  // namespace

PartitionAudit::PartitionAudit(core::Partition partition, Options options, std::vector<schemas::Checkpoint> checkpoints)
    : options_(options),
      source_("/batchrouter/partitions/" + std::to_string(partition.value())),
      checkpoints_(std::move(checkpoints)),
      chain_(no_chain) {
  reporter_.partition = partition;
  for (const schemas::Checkpoint& checkpoint : checkpoints_) {
    if (options_.until_time && checkpoint.at <= *options_.until_time) owed_ = std::max(owed_, checkpoint.next);
  }
}

// --- records --------------------------------------------------------------------------------------------------------

void PartitionAudit::take(const StoredRecord& stored) {
  const JournalRecord& record = stored.record;
  over_ = over_ || (options_.until_offset && stored.offset >= *options_.until_offset) ||
          (options_.until_time && record.time > *options_.until_time && next_ >= owed_);
  if (over_) return;
  reporter_.offset = stored.offset;
  reporter_.time = record.time;
  reporter_.epoch = record.epoch;
  reporter_.event = 0;
  if (!in_order(stored)) return;
  ++records_;
  next_ = core::Offset(stored.offset.value() + 1);
  if (!after_gap_ && !processors::counts(record, epoch_, instance_)) {
    ++ignored_;
    if (options_.one_writer)
      reporter_.report_record(Rule::owner_replaced, "the record is of epoch " + std::to_string(record.epoch.value()) +
                                                        " and " + record.instance + ", which had been replaced");
    return check_checkpoints();
  }
  const bool opens = record.epoch > epoch_;
  check_chain(record, opens);
  check_time(record, opens);
  read_events(record, opens && !after_gap_);
  epoch_ = record.epoch;
  instance_ = record.instance;
  opened_last_ = opens;
  last_counted_ = stored.offset;
  after_gap_ = false;
  check_checkpoints();
}

bool PartitionAudit::in_order(const StoredRecord& stored) {
  if (stored.offset < next_) {
    reporter_.report_record(Rule::repeated_record, "record " + text_of(next_) + " should be here");
    return false;
  }
  if (stored.offset == next_) return true;
  reporter_.findings.add({Rule::missing_records, reporter_.partition, next_, before(stored.offset), std::nullopt,
                          "records " + text_of(next_) + " to " + text_of(before(stored.offset)) + " are missing"});
  after_gap_ = true;
  if (!blind_from_) blind_from_ = next_;
  return true;
}

// What a record was chained to may be what the record before says, or what it should say: whichever was changed.
void PartitionAudit::check_chain(const JournalRecord& record, bool opens) {
  const std::string computed = chain_of(chain_, record);
  const bool unchained = opens && record.chain == unknown_chain;
  const bool holds = unchained || after_gap_ || chain_unknown_ || record.chain == computed ||
                     (!chain_other_.empty() && record.chain == chain_of(chain_other_, record));
  if (!holds) {
    Finding finding{Rule::chain_broken, reporter_.partition,
                    reporter_.offset,   std::nullopt,
                    std::nullopt,       "the record is not what was written, or does not follow the one before"};
    if (opened_last_) {  // which carries no chain: only this one can tell
      finding.offset = last_counted_;
      finding.last = reporter_.offset;
      finding.detail = "one of these two records is not what was written, or one between them is missing";
    }
    reporter_.findings.add(std::move(finding));
  }
  chain_unknown_ = after_gap_ && unchained;
  chain_ = schemas::to_hex(unchained ? computed : record.chain);
  chain_other_ = unchained || record.chain == computed ? std::string() : schemas::to_hex(computed);
}

// A new owner's clock may be behind the one's before, whose last records it did not know.
void PartitionAudit::check_time(const JournalRecord& record, bool opens) {
  if (record.time < time_ && !(opens && !options_.one_writer))
    reporter_.report_record(Rule::time_ran_back, "the record is of " + schemas::to_rfc3339(record.time) +
                                                     ", the one before of " + schemas::to_rfc3339(time_));
  if (!first_time_) first_time_ = record.time;
  if (time_text_.empty() || record.time != time_) time_text_ = schemas::to_rfc3339(record.time);
  time_ = record.time;
}

void PartitionAudit::check_checkpoints() {
  for (; checkpoint_ < checkpoints_.size() && checkpoints_[checkpoint_].next <= next_; ++checkpoint_) {
    const schemas::Checkpoint& checkpoint = checkpoints_[checkpoint_];
    if (checkpoint.next < next_ || chain_unknown_) continue;  // of what is missing
    if (checkpoint.chain == chain_ && checkpoint.epoch == epoch_ && checkpoint.instance == instance_) {
      ++checkpoints_held_;
      if (!mismatched_) witnessed_ = next_;
      continue;
    }
    if (std::exchange(mismatched_, true)) continue;  // nothing after it can match
    reporter_.findings.add(
        {Rule::checkpoint_mismatch, reporter_.partition, witnessed_, before(checkpoint.next), std::nullopt,
         "the checkpoint of " + schemas::to_rfc3339(checkpoint.at) + " says otherwise: records were rewritten after " +
             text_of(witnessed_) + " records had been witnessed"});
  }
}

void PartitionAudit::end() {
  ledger_.end();
  if (over_ || checkpoints_.empty() || checkpoints_.back().next <= next_) return;
  const schemas::Checkpoint& last = checkpoints_.back();
  reporter_.findings.add({Rule::log_truncated, reporter_.partition, next_, before(last.next), std::nullopt,
                          "the log ends before record " + text_of(next_) + ", and by the checkpoint of " +
                              schemas::to_rfc3339(last.at) + " it had come to record " + text_of(before(last.next))});
}

// --- events ---------------------------------------------------------------------------------------------------------

void PartitionAudit::read_events(const JournalRecord& record, bool opens) {
  cause_.clear();
  bool first = true;
  const bool read = reader_.read_group(record.value, [&](const Event& event) {
    if (std::exchange(first, false) && opens) {
      ++owners_;
      PartitionOpened opened;
      if (event.type != "partition.opened" || !reader_.read(event.data, opened) ||
          opened.epoch != record.epoch.value() || opened.instance != record.instance)
        reporter_.report_record(Rule::epoch_without_owner, "epoch " + std::to_string(record.epoch.value()) +
                                                               " begins, and no owner took over with it");
    } else if (event.type == "partition.opened" && !after_gap_) {
      reporter_.report(Rule::epoch_without_owner, "an owner takes over within an epoch");
    }
    take_event(event);
    ++reporter_.event;
  });
  end_command();
  events_ += reporter_.event;
  if (read && !first) return;
  reporter_.report_record(Rule::unreadable_record, "the record's value is no JSON array of events");
  if (!blind_from_) blind_from_ = reporter_.offset;
}

void PartitionAudit::take_event(const Event& event) {
  if (event.cause != cause_) {
    end_command();
    cause_ = event.cause;
  }
  check_head(event);
  subject_org_ = event.subject.starts_with(org_prefix) ? event.subject.substr(org_prefix.size()) : std::string_view{};
  const Take rule = rule_of(event.type);
  if (rule == nullptr) {
    reporter_.report(Rule::unknown_event, "events of type \"" + std::string(event.type) + "\" are not known");
    if (!blind_from_) blind_from_ = reporter_.offset;
    return;
  }
  if (blind_from_) return;
  if ((this->*rule)(event.data)) return;
  reporter_.report(Rule::unreadable_record, "what the " + std::string(event.type) + " says cannot be read");
  blind_from_ = reporter_.offset;
}

void PartitionAudit::check_head(const Event& event) {
  if (!is_event_id(event.id, event.cause, reporter_.event) || event.time != time_text_)
    reporter_.report(Rule::event_misnamed, "event " + std::string(event.id) + " of " + std::string(event.time) +
                                               " does not say what command it is of, its place or its time");
  if (!event_ids_.insert(event.id))
    reporter_.report(Rule::event_repeated, "event " + std::string(event.id) + " was there before");
  if (event.source != source_) reporter_.report(Rule::wrong_partition, "the event is of " + std::string(event.source));
  if (options_.partition_count == 0 || event.subject.starts_with("partition:") || !subjects_.insert(event.subject))
    return;
  const core::AggregateKey aggregate{std::string(event.subject)};
  if (core::partition_of(aggregate, options_.partition_count) != reporter_.partition)
    reporter_.report(Rule::wrong_partition, aggregate.value() + " does not belong into this partition");
}

void PartitionAudit::check_org(std::string_view org) {
  if (subject_org_.empty() || org.empty() || org == subject_org_) return;
  reporter_.report(Rule::wrong_org,
                   "the event stands among those of " + std::string(subject_org_) + " and is of " + std::string(org));
}

void PartitionAudit::end_command() {
  deliveries_.end_command(batches_.endings());
  batches_.end_command();
  ledger_.end_command();
}

PartitionAudit::Take PartitionAudit::rule_of(std::string_view type) {
  using Self = PartitionAudit;
  static const ByText<Take> rules = {
      {"partition.opened", &Self::take_opened},
      {"timer.fired", &Self::take_timer},
      {"bus.command_taken", &Self::take_bus_command},
      {"effect.completed", &Self::take_effect},
      {"identity.org_created", &Self::take_org},
      {"ledger.transfer_posted", &Self::take_transfer},
      {"quote.locked", &Self::take_quote_locked},
      {"quote.consumed", &Self::take_about<&Batches::take_quote_consumed>},
      {"quote.expired", &Self::take_about<&Batches::take_quote_expired>},
      {"batch.accepted", &Self::take_accepted},
      {"batch.queued", &Self::take_about<&Batches::take_queued>},
      {"batch.units_planned", &Self::take_units},
      {"batch.unit_dispatched", &Self::take_unit<&Batches::take_dispatched>},
      {"batch.handle_recorded", &Self::take_unit<&Batches::take_handle>},
      {"batch.unit_progressed", &Self::take_unit<&Batches::take_progress>},
      {"batch.attempt_ended", &Self::take_unit<&Batches::take_attempt_ended>},
      {"batch.unit_closed", &Self::take_unit<&Batches::take_closed>},
      {"batch.feedback_recorded", &Self::take_about<&Batches::take_feedback>},
      {"batch.stop_requested", &Self::take_stop},
      {"batch.ended", &Self::take_ended},
      {"job_queue.jobs_flushed", &Self::take_jobs},
      {"webhook.delivery_scheduled", &Self::take_scheduled},
      {"webhook.delivery_succeeded", &Self::take_tried<true>},
      {"webhook.delivery_failed", &Self::take_tried<false>},
      {"webhook.delivery_exhausted", &Self::take_tried<true>},
      {"webhook.delivery_retried", &Self::take_delivery<&Deliveries::take_retried>},
      {"webhook.delivery_replayed", &Self::take_delivery<&Deliveries::take_replayed>},
      {"billing.checkout_opened", &Self::take_checkout<&Payments::take_opened>},
      {"billing.checkout_page_recorded", &Self::take_checkout<&Payments::take_page>},
      {"billing.checkout_paid", &Self::take_checkout<&Payments::take_paid>},
      {"billing.checkout_closed", &Self::take_checkout<&Payments::take_closed>},
      {"billing.checkout_refunded", &Self::take_checkout<&Payments::take_refunded>},
      {"billing.dispute_moved", &Self::take_checkout<&Payments::take_dispute>},
  };
  const auto rule = rules.find(type);
  if (rule != rules.end()) return rule->second;
  return known_type(type) ? &Self::take_other : nullptr;
}

bool PartitionAudit::take_opened(std::string_view) {
  return true;  // see read_events
}

bool PartitionAudit::take_timer(std::string_view data) {
  TimerFired event;
  if (!reader_.read(data, event)) return false;
  if (event.due > reporter_.time) reporter_.report(Rule::timer_early, "a timer went off before its time");
  return true;
}

bool PartitionAudit::take_bus_command(std::string_view data) {
  BusCommandTaken event;
  if (!reader_.read(data, event)) return false;
  if (event.offset <= bus_offset_)
    reporter_.report(Rule::command_repeated, "command " + std::to_string(event.offset) +
                                                 " of the bus was taken after " + std::to_string(bus_offset_));
  bus_offset_ = std::max(bus_offset_, event.offset);
  return true;
}

bool PartitionAudit::take_org(std::string_view data) {
  About event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  ledger_.add_org(event.org);
  return true;
}

bool PartitionAudit::take_transfer(std::string_view data) {
  Transfer event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  ledger_.take(event);
  return true;
}

bool PartitionAudit::take_quote_locked(std::string_view data) {
  QuoteLocked event;
  Plan plan;
  if (!reader_.read(data, event) || !reader_.read(event.plan, plan)) return false;
  check_org(event.org);
  batches_.take(event, plan);
  return true;
}

template <void (Batches::*Rule)(const About&)>
bool PartitionAudit::take_about(std::string_view data) {
  About event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  (batches_.*Rule)(event);
  return true;
}

bool PartitionAudit::take_accepted(std::string_view data) {
  BatchAccepted event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  batches_.take(event, reader_);
  return true;
}

bool PartitionAudit::take_units(std::string_view data) {
  UnitsPlanned event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  batches_.take(event);
  return true;
}

template <void (Batches::*Rule)(const UnitEvent&)>
bool PartitionAudit::take_unit(std::string_view data) {
  UnitEvent event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  (batches_.*Rule)(event);
  return true;
}

bool PartitionAudit::take_stop(std::string_view data) {
  StopRequested event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  batches_.take(event);
  return true;
}

bool PartitionAudit::take_ended(std::string_view data) {
  BatchEnded event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  batches_.take(event);
  return true;
}

bool PartitionAudit::take_jobs(std::string_view data) {
  JobsFlushed event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  batches_.take(event);
  return true;
}

bool PartitionAudit::take_scheduled(std::string_view data) {
  DeliveryEvent event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  deliveries_.take_scheduled(event, batches_.endings());
  return true;
}

template <bool last>
bool PartitionAudit::take_tried(std::string_view data) {
  DeliveryEvent event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  deliveries_.take_tried(event, last);
  return true;
}

template <void (Deliveries::*Rule)(const DeliveryEvent&)>
bool PartitionAudit::take_delivery(std::string_view data) {
  DeliveryEvent event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  (deliveries_.*Rule)(event);
  return true;
}

template <void (Payments::*Rule)(const CheckoutEvent&)>
bool PartitionAudit::take_checkout(std::string_view data) {
  CheckoutEvent event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  (payments_.*Rule)(event);
  return true;
}

bool PartitionAudit::take_other(std::string_view data) {
  About event;
  if (!reader_.read(data, event)) return false;
  check_org(event.org);
  return true;
}

// --- what came of it ------------------------------------------------------------------------------------------------

schemas::AuditPartition PartitionAudit::summary() const {
  schemas::AuditPartition summary;
  summary.partition = reporter_.partition;
  summary.records = records_;
  summary.events = events_;
  summary.ignored = ignored_;
  summary.next = next_;
  summary.epoch = epoch_;
  summary.owners = owners_;
  summary.from = first_time_;
  if (first_time_) summary.to = time_;
  summary.chain = chain_;
  summary.checkpoints = checkpoints_held_;
  summary.witnessed = witnessed_;
  summary.blind = blind_from_;
  summary.findings = reporter_.findings.count();
  return summary;
}

std::vector<schemas::AuditCount> PartitionAudit::counts() const {
  const BatchFigures& batches = batches_.figures();
  std::vector<schemas::AuditCount> counts{{"orgs", ledger_.orgs()},
                                          {"transfers", ledger_.transfers()},
                                          {"quotes_locked", batches.quotes},
                                          {"quotes_open", batches_.open_quotes()},
                                          {"batches_accepted", batches.accepted},
                                          {"batches_open", batches_.open_batches()},
                                          {"items_settled", batches.items},
                                          {"checkouts_paid", payments_.paid()},
                                          {"deliveries_scheduled", deliveries_.scheduled()}};
  for (const std::string_view phase : {"completed", "failed", "cancelled", "expired"}) {
    const auto ended = batches.ended.find(std::string(phase));
    counts.push_back({"batches_" + std::string(phase), ended == batches.ended.end() ? 0 : ended->second});
  }
  return counts;
}

}  // namespace processors::audit
