// Fuzzes the records that are neither events nor rows: commands on the bus, what nodes say of themselves, what is
// signed (checkpoints, snapshots, archives, audits), what is sealed, plans, the lines of units and of results.
// Whatever the bytes, they are refused with a reason, or what is written of them is read as the same again; what is
// signed has one form only. The first byte chooses the record.
#include <array>
#include <cstdint>
#include <string>

#include "core/result.h"
#include "schemas/audit_report.h"
#include "schemas/bus_command.h"
#include "schemas/checkpoint_codec.h"
#include "schemas/compact_json.h"
#include "schemas/dialect/json.h"
#include "schemas/group_texts.h"
#include "schemas/manifest/canonical_line.h"
#include "schemas/manifests.h"
#include "schemas/node_codec.h"
#include "schemas/plan.h"
#include "schemas/profile.h"
#include "schemas/public_progress.h"
#include "schemas/queue/job_result.h"
#include "schemas/result_row.h"
#include "schemas/work_item.h"
#include "tests/fuzz/input.h"

namespace {

using fuzz::require;

template <class Record>
void check_codec(std::string_view text, core::Result<Record> (*decode)(std::string_view),
                 std::string (*encode)(const Record&)) {
  const core::Result<Record> record = decode(text);
  if (record.has_error()) return require(!record.error().detail.empty());
  const std::string once = encode(*record);
  const core::Result<Record> again = decode(once);
  require(again.has_value() && encode(*again) == once);
}

template <class Record>
void check_signed(std::string_view text, core::Result<Record> (*decode)(std::string_view),
                  std::string (*encode)(const Record&)) {
  const core::Result<Record> record = decode(text);
  if (record.has_error()) return require(record.error().code == core::ErrorCode::log_corrupt);
  require(encode(*record) == text);
}

void check_bus_command(std::string_view text) {
  const auto command = schemas::decode_bus_command(text);
  if (command.has_error()) return require(!command.error().detail.empty() && command.error().detail.size() < 4'096);
  require(!command->id.value().empty() && !command->aggregate.value().empty());
  require(!schemas::command_word(command->command).empty());
}

void check_group(std::string_view text) {
  schemas::pretty_json(text);
  const auto events = schemas::split_group(text);
  if (events.has_error()) return require(events.error().code == core::ErrorCode::malformed_event);
  for (const std::string_view event : *events) {
    require(event.starts_with('{') && event.ends_with('}'));
    require(event.data() >= text.data() && event.data() + event.size() <= text.data() + text.size());
    schemas::short_type(schemas::attribute_of(event, "type"));
  }
}

void check_unit_line(std::string_view line) {
  const auto work = schemas::parse_work_item(line);
  if (work.has_error()) return require(work.error().code == core::ErrorCode::blob_corrupt);
  std::string canonical, written;
  schemas::manifest::write_canonical_line(work->item, canonical);
  if (work->same_as)
    schemas::append_equal_item(written, *work->same_as, work->item.number, canonical);
  else
    schemas::append_work_item(written, work->item.number, work->ceiling, work->output_tokens_max, canonical);
  written.pop_back();
  const auto again = schemas::parse_work_item(written);
  require(again.has_value() && again->item.input == work->item.input && again->ceiling == work->ceiling);
}

void check_result_rows(fuzz::Input input) {
  const std::string_view row = input.until('\n');
  const auto raw = schemas::parse_raw_row(row);
  require(raw.has_value() || raw.error().code == core::ErrorCode::blob_corrupt);
  schemas::with_raw_body(row, input.rest());
  const auto job = schemas::queue::parse_job_row(row);
  require(job.has_value() || job.error().code == core::ErrorCode::blob_corrupt);
  schemas::queue::render_job_result(row, "summary", "completed");
}

// Whatever a provider answered, its item's rows are lines of JSON.
void check_rendered(fuzz::Input input) {
  schemas::ItemResult result;
  result.outcome = static_cast<schemas::ItemOutcome>(input.choice(6));
  result.operation = static_cast<core::Operation>(input.choice(4));
  result.cost = core::Money::from_nanos(input.byte());
  result.customer_item_id = "item";
  result.error_code = "provider_error";
  using schemas::dialect::valid_utf8;  // what was read of an answer is; its body is as it came
  result.text = valid_utf8(input.until('\n'));
  result.tool_calls = valid_utf8(input.until('\n'));
  result.finish_reason = valid_utf8(input.until('\n'));
  result.review_reason = valid_utf8(input.until('\n'));
  result.error_message = valid_utf8(input.until('\n'));
  result.provider_body = input.rest();
  const schemas::ResultRows rows = schemas::render_rows(result);
  for (const std::string& row : {rows.output, rows.error, rows.receipt, rows.review, rows.raw}) {
    if (row.empty()) continue;
    require(row.find('\n') == row.size() - 1);
    require(schemas::compact_json(row, 200).has_value());
  }
  const auto raw = schemas::parse_raw_row(std::string_view(rows.raw).substr(0, rows.raw.size() - 1));
  require(raw.has_value() &&
          raw->cost == (result.outcome == schemas::ItemOutcome::discarded ? raw->cost : result.cost));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schemas;
  fuzz::Input input(data, size);
  const std::size_t record = input.choice(16);
  const std::string_view text = input.rest();
  switch (record) {
    case 0: check_bus_command(text); break;
    case 1: check_codec<NodeRecord>(text, &decode_node, &encode_node); break;
    case 2: check_signed<Checkpoint>(text, &decode_checkpoint, &encode_checkpoint); break;
    case 3: check_signed<SnapshotManifest>(text, &decode_snapshot_manifest, &encode_manifest); break;
    case 4: check_signed<ArchiveManifest>(text, &decode_archive_manifest, &encode_manifest); break;
    case 5: check_codec<PublicProgress>(text, &decode_public_progress, &encode_public_progress); break;
    case 6: check_codec<Profile>(text, &decode_profile, &encode_profile); break;
    case 7: check_codec<BillingContact>(text, &decode_billing_contact, &encode_billing_contact); break;
    case 8: check_codec<core::Webhook>(text, &decode_webhook, &encode_webhook); break;
    case 9: check_codec<PlanDocument>(text, &decode_plan, &encode_plan); break;
    case 10: check_codec<AuditReport>(text, &audit_report_from_json, &to_json); break;
    case 11: check_codec<SignedReport>(text, &signed_report_from_json, &to_json); break;
    case 12: check_group(text); break;
    case 13: check_unit_line(text); break;
    case 14: check_result_rows(input); break;
    default: check_rendered(input); break;
  }
  return 0;
}
