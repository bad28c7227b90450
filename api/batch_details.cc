#include "api/batch_details.h"

#include <algorithm>

#include "api/json_text.h"
#include "processors/line_reader.h"
#include "schemas/plan.h"

namespace api {

namespace {

constexpr std::size_t units_shown_max = 100;
constexpr std::uint32_t receipt_lines_max = 1'000;  // embedded; the artifact has them all

core::Result<std::string> load_metadata(const App& app, const core::batch::Batch& batch) {
  const auto blob = app.blobs.open(batch.org, batch.plan.blob);
  if (blob.has_error()) return blob.error();
  const core::Result<std::string> text = (*blob)->read(0, (*blob)->size());
  if (text.has_error()) return text.error();
  core::Result<schemas::PlanDocument> plan = schemas::decode_plan(*text);
  if (plan.has_error()) return plan.error();
  return std::move(plan->metadata);
}

// Appends the lines of one unit's receipt; false when there is room for no more.
core::Result<bool> append_lines(const App& app, const core::batch::Unit& unit, std::string& lines,
                                std::uint32_t& count) {
  const std::uint64_t bytes = unit.progress.segments.receipt;
  if (bytes == 0) return true;
  const auto segment = app.blobs.read_segment(processors::segment_name(unit, processors::Artifact::receipt));
  if (segment.has_error()) return segment.error();
  processors::LineReader reader(**segment, 0, bytes);
  for (;;) {
    const auto line = reader.next();
    if (line.has_error()) return line.error();
    if (!*line) return true;
    if (count == receipt_lines_max) return false;
    if (count++ > 0) lines.push_back(',');
    lines += **line;
  }
}

core::Result<std::string> render_receipt(const App& app, const core::batch::Batch& batch) {
  std::string lines = "[";
  std::uint32_t count = 0;
  core::Result<bool> room = true;
  const auto listed = app.reader.list<core::batch::Unit>(
      core::aggregate_of(batch.org), schemas::row_prefix<core::batch::Unit>(batch.org, batch.id), "",
      processors::Order::oldest_first, [&](const core::batch::Unit& unit) {
        room = append_lines(app, unit, lines, count);
        return room.has_value() && *room;
      });
  if (listed.has_error()) return listed.error();
  if (room.has_error()) return room.error();
  lines.push_back(']');

  JsonText json;
  json.text("batch_id", batch.id.value()).text("quote_id", batch.quote.value());
  json.money("quoted_total", batch.plan.total).money("captured_total", batch.closed.charged);
  json.money("released_total", batch.plan.total - batch.closed.charged);
  json.number("input_tokens", batch.closed.input_tokens).number("output_tokens", batch.closed.output_tokens);
  json.time_or_null("settled_at", batch.ended_at);
  json.json("lines", lines).boolean("lines_truncated", !*room);
  // No signed link: that is a secret, and another one at each read.
  json.text("url", "/v1/batches/" + batch.id.value() + "/artifact-url?kind=receipt");
  return std::move(json).finish();
}

}  // namespace

core::Result<core::batch::Batch> find_batch(const App& app, const core::OrgId& org, const core::BatchId& id) {
  auto batch = app.reader.find<core::batch::Batch>(core::aggregate_of(org), {org, id});
  if (batch.has_error()) return batch.error();
  if (!*batch)
    return core::Error{core::ErrorCode::batch_not_found, "no batch of yours has this id; GET /v1/batches lists them"};
  return std::move(**batch);
}

core::Result<BatchDetails> load_details(const App& app, const core::batch::Batch& batch, Receipt receipt) {
  BatchDetails details;
  const auto listed = app.reader.list<core::batch::Unit>(
      core::aggregate_of(batch.org), schemas::row_prefix<core::batch::Unit>(batch.org, batch.id), "",
      processors::Order::oldest_first, [&](core::batch::Unit unit) {
        details.units.push_back(std::move(unit));
        return details.units.size() < units_shown_max;
      });
  if (listed.has_error()) return listed.error();
  core::Result<std::string> metadata = load_metadata(app, batch);
  if (metadata.has_error()) return metadata.error();
  details.metadata = std::move(*metadata);
  const auto quote = app.reader.find<core::quote::Quote>(core::aggregate_of(batch.org), {batch.org, batch.quote});
  if (quote.has_error()) return quote.error();
  if (*quote) details.route_version = (*quote)->catalog_version;
  if (receipt == Receipt::include && core::batch::terminal(batch.phase)) {
    core::Result<std::string> rendered = render_receipt(app, batch);
    if (rendered.has_error()) return rendered.error();
    details.billing_receipt = std::move(*rendered);
  }
  return details;
}

}  // namespace api
