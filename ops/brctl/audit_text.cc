#include "ops/brctl/audit_text.h"

#include "core/money.h"
#include "ops/brctl/output.h"
#include "ops/brctl/table.h"

namespace ops::brctl {

namespace {

std::string number(std::uint64_t value) {
  return grouped(value);
}

std::string usd(core::Money amount) {
  return core::to_decimal(amount) + " USD";
}

std::string verdict(const schemas::AuditReport& report) {
  if (report.clean) return "CLEAN: nothing was found.\n";
  return "NOT CLEAN: " + counted(report.findings_count, "finding") + ".\n";
}

std::string findings(const schemas::AuditReport& report) {
  std::vector<std::vector<std::string>> rows{{"PLACE", "RULE", "WHAT"}};
  for (const schemas::AuditFinding& each : report.findings)
    rows.push_back({each.place.empty() ? "-" : each.place, each.rule, each.detail});
  std::string text = "\nFindings\n" + render_table(rows);
  if (report.findings.size() < report.findings_count)
    text += number(report.findings_count - report.findings.size()) + " more are not shown.\n";
  return text;
}

std::string partitions(const schemas::AuditReport& report) {
  std::vector<std::vector<std::string>> rows{
      {"PARTITION", "RECORDS", "EVENTS", "IGNORED", "OWNERS", "ENDS AT", "WITNESSED TO", "LAST RECORD", "FINDINGS"}};
  for (const schemas::AuditPartition& each : report.partitions)
    rows.push_back({std::to_string(each.partition.value()), number(each.records), number(each.events),
                    number(each.ignored), number(each.owners), std::to_string(each.next.value()),
                    each.checkpoints == 0 ? "-" : std::to_string(each.witnessed.value()),
                    each.to ? time_text(*each.to) : "-", number(each.findings)});
  std::string text = "\nPartitions\n" + render_table(rows);
  for (const schemas::AuditPartition& each : report.partitions) {
    if (each.blind)
      text += "Partition " + std::to_string(each.partition.value()) + ": from record " +
              std::to_string(each.blind->value()) +
              " on money and batches were not checked, as records before are missing "
              "or unreadable.\n";
  }
  return text;
}

std::string money(const schemas::AuditReport& report) {
  std::vector<std::vector<std::string>> rows{{"ACCOUNT", "BALANCE (USD)"}};
  for (const schemas::AuditBalance& each : report.balances)
    rows.push_back({each.account, core::to_decimal(each.balance)});
  std::string text = "\nBalances\n" + render_table(rows);
  text += "\nOf the batches that have ended: revenue " + usd(report.revenue) + ", cost at providers " +
          usd(report.provider_cost) + ", margin " + usd(report.margin) + "; " + number(report.batches_at_a_loss) +
          " at a loss.\n";
  if (report.largest_losses.empty()) return text;
  std::vector<std::vector<std::string>> losses{{"BATCH", "PLACE", "REVENUE", "COST", "MARGIN"}};
  for (const schemas::AuditBatch& each : report.largest_losses)
    losses.push_back({each.batch, each.place, core::to_decimal(each.captured), core::to_decimal(each.provider_cost),
                      core::to_decimal(each.margin)});
  return text + render_table(losses);
}

}  // namespace

std::string audit_text(const schemas::AuditReport& report) {
  std::string text = verdict(report);
  text += "Read: " + report.source + ", " + number(report.records) + " records, " + number(report.events) + " events";
  if (!report.until.empty()) text += ", until " + report.until;
  text += ".\n";
  text += report.checkpoints.empty()
              ? "No checkpoints: a log that was rewritten as a whole, or cut off at its end, would not be seen.\n"
              : "Checkpoints: " + report.checkpoints + ".\n";
  if (!report.clean) text += findings(report);
  text += partitions(report);
  text += money(report);
  std::string counts;
  for (const schemas::AuditCount& each : report.counts) {
    if (each.count > 0) counts += (counts.empty() ? "" : ", ") + each.what + " " + number(each.count);
  }
  if (!counts.empty()) text += "Counted: " + counts + ".\n";
  text += "By " + report.program + ", " + time_text(report.made_at) + ".\n";
  return text;
}

}  // namespace ops::brctl
