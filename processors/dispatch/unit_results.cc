#include "processors/dispatch/unit_results.h"

#include <optional>

#include "core/invariant.h"
#include "core/pricing.h"
#include "processors/line_reader.h"

namespace processors {

core::Result<std::unique_ptr<UnitResults>> UnitResults::open(BlobStore& blobs, const core::BatchId& batch,
                                                             core::UnitIndex unit, const core::quote::Route& route) {
  std::unique_ptr<UnitResults> results(new UnitResults(route));
  for (const Artifact artifact : artifacts) {
    core::Result<std::unique_ptr<Segment>> segment = blobs.open_segment(segment_name(batch, unit, artifact));
    if (segment.has_error()) return segment.error();
    results->segments_[static_cast<std::size_t>(artifact)] = std::move(*segment);
  }
  if (const auto recovered = results->recover(blobs, batch, unit); recovered.has_error()) return recovered.error();
  return results;
}

// Rows are written in the same order everywhere, so that one walk along `raw` meets the rows of each item in the other
// segments. The first item with a row missing is where the crash cut: from there on, everything goes.
core::Result<void> UnitResults::recover(BlobStore& blobs, const core::BatchId& batch, core::UnitIndex unit) {
  std::array<std::unique_ptr<BlobReader>, artifacts.size()> readers;
  std::array<std::optional<LineReader>, artifacts.size()> lines;
  for (const Artifact artifact : artifacts) {
    const auto i = static_cast<std::size_t>(artifact);
    core::Result<std::unique_ptr<BlobReader>> reader = blobs.read_segment(segment_name(batch, unit, artifact));
    if (reader.has_error()) return reader.error();
    readers[i] = std::move(*reader);
    lines[i].emplace(*readers[i]);
  }
  const auto take = [&](Artifact artifact) { return lines[static_cast<std::size_t>(artifact)]->next(); };

  bool whole = true;
  while (whole) {
    const auto raw = take(Artifact::raw);
    if (raw.has_error()) return raw.error();
    if (!*raw) break;
    const core::Result<schemas::RawRow> row = schemas::parse_raw_row(**raw);
    if (row.has_error()) break;  // a torn tail
    const bool succeeded = row->outcome == schemas::ItemOutcome::succeeded;
    for (const auto& [artifact, expected] :
         {std::pair(succeeded ? Artifact::output : Artifact::error, true), std::pair(Artifact::receipt, row->charged),
          std::pair(Artifact::review, row->reviewed)}) {
      if (!expected) continue;
      const auto line = take(artifact);
      if (line.has_error()) return line.error();
      if (!*line) whole = false;
    }
    if (!whole) break;
    answered_.insert(row->number);
    count(*row);
    for (const Artifact artifact : artifacts)
      size_of(added_.segments, artifact) = lines[static_cast<std::size_t>(artifact)]->offset();
  }
  for (const Artifact artifact : artifacts) {
    if (segment(artifact).size() == size_of(added_.segments, artifact)) continue;
    if (const auto cut = segment(artifact).truncate(size_of(added_.segments, artifact)); cut.has_error()) return cut;
  }
  return sync();
}

void UnitResults::count(const schemas::RawRow& row) {
  switch (row.outcome) {
    case schemas::ItemOutcome::succeeded: ++added_.tally.succeeded; break;
    case schemas::ItemOutcome::failed: ++added_.tally.failed; break;
    case schemas::ItemOutcome::exhausted: ++added_.tally.exhausted; break;
    case schemas::ItemOutcome::cancelled: ++added_.tally.cancelled; break;
    case schemas::ItemOutcome::expired: ++added_.tally.expired; break;
  }
  added_.charged = added_.charged + row.cost;
  added_.provider_cost =
      added_.provider_cost +
      core::price_tokens(route_.prices, row.input_tokens, row.cached_tokens, row.output_tokens).value_or(row.cost);
  added_.input_tokens += row.input_tokens;
  added_.output_tokens += row.output_tokens;
}

core::Result<void> UnitResults::add(const schemas::ItemResult& result) {
  INVARIANT(!answered(result.number));
  const schemas::ResultRows rows = schemas::render_rows(result);
  for (const auto& [artifact, text] : {std::pair<Artifact, const std::string&>(Artifact::output, rows.output),
                                       {Artifact::error, rows.error},
                                       {Artifact::receipt, rows.receipt},
                                       {Artifact::review, rows.review},
                                       {Artifact::raw, rows.raw}}) {
    if (text.empty()) continue;
    if (const auto appended = segment(artifact).append(text); appended.has_error()) return appended;
    size_of(added_.segments, artifact) += text.size();
  }
  schemas::RawRow row;
  row.outcome = result.outcome;
  row.cost = result.cost;
  row.input_tokens = result.input_tokens;
  row.cached_tokens = result.cached_tokens;
  row.output_tokens = result.output_tokens;
  count(row);
  answered_.insert(result.number);
  ++unsynced_;
  return {};
}

core::Result<void> UnitResults::sync() {
  for (const Artifact artifact : artifacts) {
    if (size_of(added_.segments, artifact) == size_of(synced_.segments, artifact)) continue;
    if (const auto synced = segment(artifact).sync(); synced.has_error()) return synced;
  }
  synced_ = added_;
  unsynced_ = 0;
  return {};
}

}  // namespace processors
