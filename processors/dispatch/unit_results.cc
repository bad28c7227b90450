#include "processors/dispatch/unit_results.h"

#include <algorithm>
#include <optional>

#include "core/invariant.h"
#include "core/mutant.h"
#include "core/pricing.h"
#include "processors/dispatch/item_result.h"
#include "processors/line_reader.h"

namespace processors {

namespace {

constexpr std::uint64_t copy_bytes = 1u << 20;

}  // namespace

core::Result<std::unique_ptr<UnitResults>> UnitResults::open(BlobStore& blobs, const core::batch::Unit& unit,
                                                             core::Epoch epoch, const core::quote::Route& route,
                                                             Equals equals) {
  std::unique_ptr<UnitResults> results(new UnitResults(route, std::move(equals)));
  core::batch::Unit own = unit;
  own.epoch = epoch;
  for (const Artifact artifact : artifacts) {
    core::Result<std::unique_ptr<Segment>> segment = blobs.open_segment(segment_name(own, artifact));
    if (segment.has_error()) return segment.error();
    results->segments_[static_cast<std::size_t>(artifact)] = std::move(*segment);
  }
  const bool begun = unit.attempt.value() > 0 || unit.progress.tally.total() > 0;
  const core::batch::Unit& written = begun ? unit : own;
  if (const auto recovered = results->recover(blobs, written); recovered.has_error()) return recovered.error();
  if (written.epoch != own.epoch) {
    if (const auto copied = results->copy(blobs, written); copied.has_error()) return copied.error();
  }
  for (const Artifact artifact : artifacts) {
    const std::uint64_t whole = size_of(results->added_.progress.segments, artifact);
    const bool copied = written.epoch != own.epoch;
    const std::uint64_t durable = copied ? whole : std::min(whole, size_of(unit.progress.segments, artifact));
    if (const auto settled = results->settle(blobs, own, artifact, durable); settled.has_error())
      return settled.error();
  }
  if (const auto synced = results->sync(); synced.has_error()) return synced.error();
  return results;
}

// Rows are written in the same order everywhere, so that one walk along `raw` meets the rows of each item in the other
// segments. The first item with a row missing, of its own or of an item that equals it, is where the crash cut: from
// there on, nothing counts.
core::Result<void> UnitResults::recover(BlobStore& blobs, const core::batch::Unit& written) {
  std::array<std::unique_ptr<BlobReader>, artifacts.size()> readers;
  std::array<std::optional<LineReader>, artifacts.size()> lines;
  for (const Artifact artifact : artifacts) {
    const auto i = static_cast<std::size_t>(artifact);
    core::Result<std::unique_ptr<BlobReader>> reader = blobs.read_segment(segment_name(written, artifact));
    if (reader.has_error()) return reader.error();
    readers[i] = std::move(*reader);
    lines[i].emplace(*readers[i]);
  }
  const auto take = [&](Artifact artifact) { return lines[static_cast<std::size_t>(artifact)]->next(); };

  Sums sums;
  std::vector<std::uint32_t> met;  // since the last item that is whole
  std::uint32_t equals_to_come = 0;
  for (;;) {
    const auto raw = take(Artifact::raw);
    if (raw.has_error()) return raw.error();
    if (!*raw) return {};
    const core::Result<schemas::RawRow> row = schemas::parse_raw_row(**raw);
    if (row.has_error()) return {};  // a torn tail
    const bool counts = row->outcome != schemas::ItemOutcome::discarded;
    const bool succeeded = row->outcome == schemas::ItemOutcome::succeeded;
    for (const auto& [artifact, expected] :
         {std::pair(succeeded ? Artifact::output : Artifact::error, counts), std::pair(Artifact::receipt, row->charged),
          std::pair(Artifact::review, row->reviewed)}) {
      if (!expected) continue;
      const auto line = take(artifact);
      if (line.has_error()) return line.error();
      if (!*line) return {};
    }
    count(*row, sums);
    if (counts) {
      if (met.empty()) {
        const auto equals = equals_.find(row->number);
        equals_to_come = equals == equals_.end() ? 0 : equals->second;
      } else {
        --equals_to_come;
      }
      met.push_back(row->number);
    }
    if (equals_to_come > 0) continue;
    for (const Artifact artifact : artifacts)
      size_of(sums.progress.segments, artifact) = lines[static_cast<std::size_t>(artifact)]->offset();
    answered_.insert(met.begin(), met.end());
    met.clear();
    added_ = sums;
  }
}

// Cuts off what is not whole. Behind what is known to be durable the sync may have failed: such bytes still read well,
// and no later sync brings them to the disk, unless they are written once more.
core::Result<void> UnitResults::settle(BlobStore& blobs, const core::batch::Unit& own, Artifact artifact,
                                       std::uint64_t durable) {
  if (segment(artifact).size() == durable || (artifact == Artifact::receipt && MUTANT(18))) return {};
  const std::uint64_t whole = size_of(added_.progress.segments, artifact);
  const core::Result<std::unique_ptr<BlobReader>> reader = blobs.read_segment(segment_name(own, artifact));
  if (reader.has_error()) return reader.error();
  const core::Result<std::string> again = (*reader)->read(durable, static_cast<std::size_t>(whole - durable));
  if (again.has_error()) return again.error();
  if (const auto cut = segment(artifact).truncate(durable); cut.has_error()) return cut;
  return segment(artifact).append(*again);
}

core::Result<void> UnitResults::copy(BlobStore& blobs, const core::batch::Unit& written) {
  for (const Artifact artifact : artifacts) {
    Segment& own = segment(artifact);
    if (const auto emptied = own.truncate(0); emptied.has_error()) return emptied;
    const core::Result<std::unique_ptr<BlobReader>> reader = blobs.read_segment(segment_name(written, artifact));
    if (reader.has_error()) return reader.error();
    const std::uint64_t whole = size_of(added_.progress.segments, artifact);
    while (own.size() < whole) {
      const std::uint64_t rest = whole - own.size();
      const core::Result<std::string> bytes =
          (*reader)->read(own.size(), static_cast<std::size_t>(std::min<std::uint64_t>(rest, copy_bytes)));
      if (bytes.has_error()) return bytes.error();
      if (bytes->empty()) return core::Error{core::ErrorCode::blob_corrupt, "a result segment became shorter"};
      if (const auto appended = own.append(*bytes); appended.has_error()) return appended;
    }
  }
  return {};
}

void UnitResults::count(const schemas::RawRow& row, Sums& sums) const {
  core::batch::Progress& progress = sums.progress;
  core::batch::LaneShare share;
  switch (row.outcome) {
    case schemas::ItemOutcome::succeeded:
      ++progress.tally.succeeded;
      share.succeeded = 1;
      break;
    case schemas::ItemOutcome::failed:
      ++progress.tally.failed;
      share.failed = 1;
      break;
    case schemas::ItemOutcome::exhausted: ++progress.tally.exhausted; break;
    case schemas::ItemOutcome::cancelled: ++progress.tally.cancelled; break;
    case schemas::ItemOutcome::expired: ++progress.tally.expired; break;
    case schemas::ItemOutcome::discarded: break;
  }
  const core::Money provider_cost =
      row.provider_cost ? *row.provider_cost
                        : core::price_tokens(route_.prices, row.input_tokens, row.cached_tokens, row.output_tokens)
                              .value_or(row.cost);
  progress.charged = progress.charged + row.cost;
  progress.provider_cost = progress.provider_cost + provider_cost;
  if (row.outcome != schemas::ItemOutcome::discarded) {
    progress.input_tokens += row.input_tokens;
    progress.output_tokens += row.output_tokens;
    share.input_tokens = row.input_tokens;
    share.cached_tokens = row.cached_tokens;
    share.output_tokens = row.output_tokens;
  }
  if (row.provider.value().empty()) return;  // nobody was asked
  share.provider = row.provider;
  share.model = row.model;
  share.mode = row.mode.value_or(route_.mode);
  share.operation = route_.operation;
  share.charged = row.cost;
  share.provider_cost = provider_cost;
  core::batch::add_share(sums.shares, share);
}

core::Result<void> UnitResults::append(const schemas::ItemResult& result) {
  const schemas::ResultRows rows = schemas::render_rows(result);
  for (const auto& [artifact, text] : {std::pair<Artifact, const std::string&>(Artifact::output, rows.output),
                                       {Artifact::error, rows.error},
                                       {Artifact::receipt, rows.receipt},
                                       {Artifact::review, rows.review},
                                       {Artifact::raw, rows.raw}}) {
    if (text.empty()) continue;
    if (result.outcome == schemas::ItemOutcome::exhausted && artifact == Artifact::error && MUTANT(14)) continue;
    if (const auto appended = segment(artifact).append(text); appended.has_error()) return appended;
    size_of(added_.progress.segments, artifact) += text.size();
  }
  schemas::RawRow row;
  row.outcome = result.outcome;
  row.cost = result.cost;
  row.input_tokens = result.input_tokens;
  row.cached_tokens = result.cached_tokens;
  row.output_tokens = result.output_tokens;
  row.provider = result.provider;
  row.model = result.model;
  row.mode = result.mode;
  row.provider_cost = result.provider_cost;
  count(row, added_);
  ++unsynced_;
  return {};
}

core::Result<void> UnitResults::add(const schemas::ItemResult& result, const std::vector<schemas::WorkItem>& equals) {
  INVARIANT(!answered(result.number));
  if (const auto appended = append(result); appended.has_error()) return appended;
  for (const schemas::WorkItem& equal : equals) {
    if (const auto appended = append(result_of_equal(equal, result)); appended.has_error()) return appended;
  }
  answered_.insert(result.number);
  for (const schemas::WorkItem& equal : equals) answered_.insert(equal.item.number);
  return {};
}

core::Result<void> UnitResults::discard(const schemas::ItemResult& result) {
  INVARIANT(result.outcome == schemas::ItemOutcome::discarded);
  return append(result);
}

core::Result<void> UnitResults::sync() {
  for (const Artifact artifact : artifacts) {
    if (size_of(added_.progress.segments, artifact) == size_of(synced_.progress.segments, artifact)) continue;
    if (const auto synced = segment(artifact).sync(); synced.has_error()) return synced;
  }
  synced_ = added_;
  unsynced_ = 0;
  return {};
}

}  // namespace processors
