#include "processors/audit/audit.h"

#include <algorithm>
#include <utility>

namespace processors::audit {

namespace {

constexpr std::size_t records_per_chunk = 256;
constexpr std::size_t bytes_per_chunk = 512u << 10;
constexpr std::size_t chunks_waiting_max = 8;

void add(std::vector<schemas::AuditCount>& sums, const std::vector<schemas::AuditCount>& more) {
  for (const schemas::AuditCount& each : more) {
    const auto same = std::find_if(sums.begin(), sums.end(), [&](const auto& sum) { return sum.what == each.what; });
    if (same == sums.end())
      sums.push_back(each);
    else
      same->count += each.count;
  }
}

schemas::AuditFinding rendered(const Finding& finding) {
  return {std::string(to_string(finding.rule)), place_of(finding), finding.detail};
}

}  // namespace

Audit::Audit(Options options, CheckpointFiles::ByPartition checkpoints, std::vector<core::Partition> partitions)
    : options_(options),
      wanted_(std::move(partitions)),
      checkpoints_(std::move(checkpoints.good)),
      findings_(std::move(checkpoints.findings)) {
  for (const auto& [partition, ours] : checkpoints_) {
    if (wanted(partition)) audit_of(worker_of(partition), partition);  // also when the journal has nothing of it
  }
  for (Worker& worker : workers_) {
    worker.filling = std::make_unique<Chunk>();
    worker.thread = std::thread([this, &worker] { work(worker); });
  }
}

Audit::~Audit() {
  stop();
}

bool Audit::wanted(core::Partition partition) const {
  return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), partition) != wanted_.end();
}

PartitionAudit& Audit::audit_of(Worker& worker, core::Partition partition) {
  const auto found = worker.partitions.find(partition);
  if (found != worker.partitions.end()) return found->second;
  const auto checkpoints = checkpoints_.find(partition);
  return worker.partitions
      .try_emplace(partition, partition, options_,
                   checkpoints == checkpoints_.end() ? std::vector<schemas::Checkpoint>() : checkpoints->second)
      .first->second;
}

void Audit::take(core::Partition partition, const StoredRecord& stored) {
  if (!wanted(partition)) return;
  Worker& worker = worker_of(partition);
  Chunk& chunk = *worker.filling;
  if (chunk.count == chunk.items.size()) chunk.items.emplace_back();
  Item& item = chunk.items[chunk.count++];
  item.partition = partition;
  item.stored = stored;
  chunk.bytes += stored.record.value.size();
  if (chunk.count >= records_per_chunk || chunk.bytes >= bytes_per_chunk) hand_over(worker);
}

void Audit::found(Finding finding) {
  if (!finding.partition || wanted(*finding.partition)) findings_.push_back(std::move(finding));
}

void Audit::hand_over(Worker& worker) {
  std::unique_lock lock(worker.mutex);
  worker.changed.wait(lock, [&] { return worker.waiting.size() < chunks_waiting_max; });
  worker.waiting.push_back(std::move(worker.filling));
  if (worker.used.empty()) {
    worker.filling = std::make_unique<Chunk>();
  } else {
    worker.filling = std::move(worker.used.back());
    worker.used.pop_back();
  }
  worker.changed.notify_all();
}

void Audit::work(Worker& worker) {
  std::unique_lock lock(worker.mutex);
  for (;;) {
    worker.changed.wait(lock, [&] { return worker.last || !worker.waiting.empty(); });
    if (worker.waiting.empty()) return;
    std::unique_ptr<Chunk> chunk = std::move(worker.waiting.front());
    worker.waiting.pop_front();
    lock.unlock();
    worker.changed.notify_all();
    std::uint64_t events = 0;
    for (std::size_t i = 0; i < chunk->count; ++i) {
      PartitionAudit& audit = audit_of(worker, chunk->items[i].partition);
      const std::uint64_t before = audit.events();
      audit.take(chunk->items[i].stored);
      events += audit.events() - before;
    }
    events_ += events;
    chunk->count = 0;
    chunk->bytes = 0;
    lock.lock();
    worker.used.push_back(std::move(chunk));
  }
}

void Audit::stop() {
  for (Worker& worker : workers_) {
    if (!worker.thread.joinable()) continue;
    hand_over(worker);
    {
      const std::lock_guard lock(worker.mutex);
      worker.last = true;
    }
    worker.changed.notify_all();
    worker.thread.join();
  }
}

void Audit::add(schemas::AuditReport& report, const PartitionAudit& partition) const {
  report.partitions.push_back(partition.summary());
  report.records += report.partitions.back().records;
  report.events += report.partitions.back().events;
  report.findings_count += partition.findings().count();
  for (const Finding& finding : partition.findings().kept()) report.findings.push_back(rendered(finding));
  audit::add(report.counts, partition.counts());
}

schemas::AuditReport Audit::finish() {
  stop();
  schemas::AuditReport report;
  report.findings_count = findings_.size();
  for (const Finding& finding : findings_) report.findings.push_back(rendered(finding));
  std::map<core::Partition, PartitionAudit*> partitions;
  for (Worker& worker : workers_) {
    for (auto& [number, partition] : worker.partitions) partitions.emplace(number, &partition);
  }
  BatchFigures figures;
  std::map<std::string, std::int64_t> balances;
  for (auto& [number, partition] : partitions) {
    partition->end();
    add(report, *partition);
    for (const auto& [account, balance] : partition->balances()) balances[account] += balance;
    BatchFigures ours = partition->batches();
    for (BatchOutcome& loss : ours.losses) loss.place = place_of({{}, number, loss.offset, {}, {}, {}});
    figures.add(ours);
  }
  for (const auto& [account, balance] : balances)
    report.balances.push_back({account, core::Money::from_nanos(balance)});
  report.revenue = core::Money::from_nanos(figures.captured);
  report.provider_cost = core::Money::from_nanos(figures.provider_cost);
  report.margin = core::Money::from_nanos(figures.captured - figures.provider_cost);
  report.batches_at_a_loss = figures.at_a_loss;
  for (const BatchOutcome& loss : figures.losses)
    report.largest_losses.push_back({loss.org, loss.batch, loss.place, core::Money::from_nanos(loss.captured),
                                     core::Money::from_nanos(loss.provider_cost),
                                     core::Money::from_nanos(loss.margin())});
  report.clean = report.findings_count == 0;
  return report;
}

}  // namespace processors::audit
