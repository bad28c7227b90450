#include "schemas/audit_report.h"

#include "schemas/json_codec.h"
#include "schemas/json_cursor.h"

namespace schemas {

SCHEMAS_FIELDS(AuditFinding, rule, place, detail);
SCHEMAS_FIELDS(AuditPartition, partition, records, events, ignored, next, epoch, owners, from, to, chain, checkpoints,
               witnessed, blind, findings);
SCHEMAS_FIELDS(AuditBalance, account, balance);
SCHEMAS_FIELDS(AuditCount, what, count);
SCHEMAS_FIELDS(AuditBatch, org, batch, place, captured, provider_cost, margin);
SCHEMAS_FIELDS(AuditReport, format, program, made_at, source, checkpoints, until, clean, findings_count, findings,
               records, events, partitions, balances, counts, revenue, provider_cost, margin, batches_at_a_loss,
               largest_losses);

std::string to_json(const AuditReport& report) {
  return to_json_text(report);
}

core::Result<AuditReport> audit_report_from_json(std::string_view text) {
  AuditReport report;
  std::string path;
  if (from_json_text(text, report, path)) return report;
  return core::Error{core::ErrorCode::malformed_json, "this is no report of an audit, see '" + path + "'"};
}

std::string to_json(const SignedReport& report) {
  return "{\"report\":" + report.report + ",\"key\":" + to_json_text(report.key) +
         ",\"signature\":" + to_json_text(report.signature) + "}";
}

core::Result<SignedReport> signed_report_from_json(std::string_view text) {
  UnescapedTexts unescaped;
  JsonCursor json(text, unescaped);
  SignedReport report;
  json.members([&](std::string_view name) {
    if (name == "report")
      report.report = json.raw();
    else if (name == "key")
      report.key = json.text();
    else if (name == "signature")
      report.signature = json.text();
    else
      json.skip();
  });
  if (json.at_end() && !report.report.empty()) return report;
  return core::Error{core::ErrorCode::malformed_json, "this is no signed report: it has no report, key and signature"};
}

}  // namespace schemas
