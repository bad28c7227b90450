#include "processors/dispatch/unit_results.h"

#include <algorithm>
#include <optional>

#include "core/invariant.h"
#include "core/pricing.h"
#include "processors/line_reader.h"

namespace processors {

namespace {

constexpr std::uint64_t copy_bytes = 1u << 20;

}  // namespace

core::Result<std::unique_ptr<UnitResults>> UnitResults::open(BlobStore& blobs, const core::batch::Unit& unit,
                                                             core::Epoch epoch, const core::quote::Route& route) {
  std::unique_ptr<UnitResults> results(new UnitResults(route));
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
    Segment& segment = results->segment(artifact);
    const std::uint64_t whole = size_of(results->added_.segments, artifact);
    if (segment.size() == whole) continue;
    if (const auto cut = segment.truncate(whole); cut.has_error()) return cut.error();
  }
  if (const auto synced = results->sync(); synced.has_error()) return synced.error();
  return results;
}

// Rows are written in the same order everywhere, so that one walk along `raw` meets the rows of each item in the other
// segments. The first item with a row missing is where the crash cut: from there on, nothing counts.
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

  for (;;) {
    const auto raw = take(Artifact::raw);
    if (raw.has_error()) return raw.error();
    if (!*raw) return {};
    const core::Result<schemas::RawRow> row = schemas::parse_raw_row(**raw);
    if (row.has_error()) return {};  // a torn tail
    const bool succeeded = row->outcome == schemas::ItemOutcome::succeeded;
    for (const auto& [artifact, expected] :
         {std::pair(succeeded ? Artifact::output : Artifact::error, true), std::pair(Artifact::receipt, row->charged),
          std::pair(Artifact::review, row->reviewed)}) {
      if (!expected) continue;
      const auto line = take(artifact);
      if (line.has_error()) return line.error();
      if (!*line) return {};
    }
    answered_.insert(row->number);
    count(*row);
    for (const Artifact artifact : artifacts)
      size_of(added_.segments, artifact) = lines[static_cast<std::size_t>(artifact)]->offset();
  }
}

core::Result<void> UnitResults::copy(BlobStore& blobs, const core::batch::Unit& written) {
  for (const Artifact artifact : artifacts) {
    Segment& own = segment(artifact);
    if (const auto emptied = own.truncate(0); emptied.has_error()) return emptied;
    const core::Result<std::unique_ptr<BlobReader>> reader = blobs.read_segment(segment_name(written, artifact));
    if (reader.has_error()) return reader.error();
    const std::uint64_t whole = size_of(added_.segments, artifact);
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
