#include "processors/job_queue/job_outcomes.h"

#include <utility>

#include "core/pricing.h"
#include "schemas/queue/job_result.h"

namespace processors {

namespace {

using core::job_queue::Outcome;
using core::job_queue::Phase;

Artifact artifact_of(Phase end) {
  return end == Phase::completed ? Artifact::output : Artifact::error;
}

Phase phase_of(const schemas::queue::JobRow& row) {
  if (row.completed) return Phase::completed;
  return row.error_code == "batch_cancelled" ? Phase::cancelled : Phase::failed;
}

// What the same tokens cost by a synchronous call; what was charged where nobody knows.
core::Money list_cost(const core::quote::Route& route, const schemas::queue::JobRow& row) {
  if (row.cost == core::Money{} || route.list_prices == core::Prices{}) return row.cost;
  return core::price_tokens(route.list_prices, row.input_tokens, row.cached_tokens, row.output_tokens)
      .value_or(row.cost);
}

}  // namespace

JobOutcomes::JobOutcomes(const BlobStore& blobs, core::batch::Batch batch, std::vector<core::batch::Unit> units)
    : blobs_(blobs), batch_(std::move(batch)), units_(std::move(units)) {}

core::Result<std::vector<Outcome>> JobOutcomes::next(std::size_t count_max) {
  std::vector<Outcome> outcomes;
  while (outcomes.size() < count_max) {
    core::Result<std::optional<Outcome>> outcome = next_row();
    if (outcome.has_error() && outcome.error().code == core::ErrorCode::blob_corrupt) continue;
    if (outcome.has_error()) return outcome.error();
    if (!*outcome) break;
    outcomes.push_back(std::move(**outcome));
  }
  return outcomes;
}

core::Result<std::optional<Outcome>> JobOutcomes::next_row() {
  while (!lines_ || lines_->offset() >= end_) {
    const core::Result<bool> opened = open_next();
    if (opened.has_error()) return opened.error();
    if (!*opened) return std::optional<Outcome>{};
  }
  const core::batch::Unit& unit = units_[unit_];
  const std::uint64_t offset = lines_->offset();
  const core::Result<std::optional<std::string_view>> line = lines_->next();
  if (line.has_error()) return line.error();
  if (!*line) {
    end_ = offset;  // goes on with the next segment
    return core::Error{core::ErrorCode::blob_corrupt,
                       "a segment of batch " + batch_.id.value() + " is shorter than its unit reported"};
  }
  const core::Result<schemas::queue::JobRow> row = schemas::queue::parse_job_row(**line);
  if (row.has_error()) return row.error();

  Outcome outcome;
  outcome.job = row->job;
  outcome.end = phase_of(*row);
  outcome.input_tokens = row->input_tokens;
  outcome.output_tokens = row->output_tokens;
  outcome.charged = row->cost;
  outcome.list_cost = list_cost(batch_.plan.routes[unit.route], *row);
  outcome.error = row->error_code;
  outcome.row = {unit.index, offset, static_cast<std::uint32_t>((*line)->size())};
  return std::optional(std::move(outcome));
}

// The errors of the unit after its output, then the next unit. False: there is no more.
core::Result<bool> JobOutcomes::open_next() {
  if (lines_) {
    if (artifact_ == Artifact::output) {
      artifact_ = Artifact::error;
    } else {
      artifact_ = Artifact::output;
      ++unit_;
    }
  }
  lines_.reset();
  segment_.reset();
  for (; unit_ < units_.size(); ++unit_, artifact_ = Artifact::output) {
    for (const Artifact artifact : {Artifact::output, Artifact::error}) {
      if (artifact < artifact_) continue;
      end_ = size_of(units_[unit_].progress.segments, artifact);
      if (end_ == 0) continue;
      auto segment = blobs_.read_segment(segment_name(units_[unit_], artifact));
      if (segment.has_error()) return segment.error();
      artifact_ = artifact;
      segment_ = std::move(*segment);
      lines_.emplace(*segment_, 0, end_);
      return true;
    }
  }
  return false;
}

core::Result<std::string> read_job_row(const BlobStore& blobs, const core::batch::Unit& unit, const Outcome& outcome) {
  if (outcome.row.bytes == 0)
    return core::Error{core::ErrorCode::blob_corrupt,
                       "the result of job " + outcome.job.value() + " could not be read when its batch ended"};
  const auto segment = blobs.read_segment(segment_name(unit, artifact_of(outcome.end)));
  if (segment.has_error()) return segment.error();
  core::Result<std::string> row = (*segment)->read(outcome.row.offset, outcome.row.bytes);
  if (row.has_error()) return row;
  if (row->size() != outcome.row.bytes)
    return core::Error{core::ErrorCode::blob_corrupt, "the result row of job " + outcome.job.value() + " is cut off"};
  return row;
}

}  // namespace processors
