#include "api/retry_items.h"

#include <set>
#include <utility>

#include "processors/line_reader.h"
#include "schemas/manifest/canonical_line.h"
#include "schemas/plan.h"
#include "schemas/result_row.h"
#include "schemas/work_item.h"

namespace api {

namespace {

core::Result<std::set<std::uint32_t>> succeeded_items(const App& app, const core::batch::Unit& unit) {
  std::set<std::uint32_t> succeeded;
  const auto segment = app.blobs.read_segment(processors::segment_name(unit, processors::Artifact::raw));
  if (segment.has_error()) return segment.error();
  processors::LineReader lines(**segment, 0, unit.progress.segments.raw);
  for (;;) {
    const auto line = lines.next();
    if (line.has_error()) return line.error();
    if (!*line) return succeeded;
    const core::Result<schemas::RawRow> row = schemas::parse_raw_row(**line);
    if (row.has_error()) return row.error();
    if (row->outcome == schemas::ItemOutcome::succeeded) succeeded.insert(row->number);
  }
}

// Appends "<number> <canonical line>" of each item of the unit that did not succeed.
core::Result<std::size_t> append_unit(const App& app, const core::batch::Unit& unit, processors::Spool& items) {
  const core::Result<std::set<std::uint32_t>> succeeded = succeeded_items(app, unit);
  if (succeeded.has_error()) return succeeded.error();
  const auto blob = app.blobs.open(unit.org, unit.blob);
  if (blob.has_error()) return blob.error();
  processors::LineReader lines(**blob);
  std::size_t appended = 0;
  std::string text;
  std::string canonical;
  for (;;) {
    const auto line = lines.next();
    if (line.has_error()) return line.error();
    if (!*line) break;
    const core::Result<schemas::WorkItem> work = schemas::parse_work_item(**line);
    if (work.has_error()) return work.error();
    if (succeeded->contains(work->item.number)) continue;
    schemas::manifest::write_canonical_line(work->item, canonical);
    text = std::to_string(work->item.number) + " " + canonical + "\n";
    if (const auto written = items.append(text); written.has_error()) return written.error();
    ++appended;
  }
  return appended;
}

}  // namespace

core::quote::Terms retry_terms(core::quote::Terms terms) {
  terms.run_after.reset();
  terms.deadline.reset();
  return terms;
}

core::Result<processors::ReplannedItems> collect_retry_items(const App& app, const core::batch::Batch& batch) {
  core::Result<std::unique_ptr<processors::Spool>> spool = app.blobs.create_spool();
  if (spool.has_error()) return spool.error();
  std::size_t count = 0;
  std::optional<core::Error> failure;
  const auto listed = app.reader.list<core::batch::Unit>(
      core::aggregate_of(batch.org), schemas::row_prefix<core::batch::Unit>(batch.org, batch.id), "",
      processors::Order::oldest_first, [&](const core::batch::Unit& unit) {
        const core::batch::Tally& tally = unit.progress.tally;
        if (tally.succeeded == tally.total()) return true;
        const core::Result<std::size_t> appended = append_unit(app, unit, **spool);
        if (appended.has_error())
          failure = appended.error();
        else
          count += *appended;
        return !failure.has_value();
      });
  if (failure) return *failure;
  if (listed.has_error()) return listed.error();
  if (count == 0)
    return core::Error{core::ErrorCode::nothing_to_retry,
                       "every item of this batch succeeded; there is nothing to retry"};

  const auto blob = app.blobs.open(batch.org, batch.plan.blob);
  if (blob.has_error()) return blob.error();
  const core::Result<std::string> text = (*blob)->read(0, (*blob)->size());
  if (text.has_error()) return text.error();
  const core::Result<schemas::PlanDocument> plan = schemas::decode_plan(*text);
  if (plan.has_error()) return plan.error();
  return processors::ReplannedItems{retry_terms(batch.terms), plan->metadata, std::move(*spool)};
}

}  // namespace api
