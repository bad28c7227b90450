#include "api/results_page.h"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "api/cursor.h"
#include "processors/line_reader.h"
#include "schemas/result_row.h"

namespace api {

namespace {

using processors::Artifact;

// Lines of [offset, end) of a segment, which is opened when the first one is asked for.
class SegmentLines {
 public:
  SegmentLines(const processors::BlobStore& blobs, std::string name, std::uint64_t offset, std::uint64_t end)
      : blobs_(blobs), name_(std::move(name)), offset_(offset), end_(end) {}

  bool done() const { return offset_ >= end_; }
  std::uint64_t offset() const { return offset_; }  // of the byte after the last line answered

  // Valid until the next call. Errors: blob_corrupt where the line is not there whole.
  core::Result<std::string_view> next() {
    if (!reader_) {
      auto reader = blobs_.read_segment(name_);
      if (reader.has_error()) return reader.error();
      reader_ = std::move(*reader);
      lines_.emplace(*reader_, offset_, end_);
    }
    const core::Result<std::optional<std::string_view>> line = lines_->next();
    if (line.has_error()) return line.error();
    if (!*line)
      return core::Error{core::ErrorCode::blob_corrupt, "segment " + name_ + " is shorter than its unit reported"};
    offset_ = lines_->offset();
    return **line;
  }

 private:
  const processors::BlobStore& blobs_;
  const std::string name_;
  std::uint64_t offset_;
  const std::uint64_t end_;
  std::unique_ptr<processors::BlobReader> reader_;
  std::optional<processors::LineReader> lines_;
};

SegmentLines lines_of(const processors::BlobStore& blobs, const core::batch::Unit& unit, Artifact artifact,
                      std::uint64_t offset) {
  return {blobs, processors::segment_name(unit, artifact), offset,
          processors::size_of(unit.progress.segments, artifact)};
}

bool given_whole(RowForm form, const ResultsCursor::Taken& taken, const core::batch::Segments& sizes) {
  switch (form) {
    case RowForm::plain: return taken.output >= sizes.output && taken.error >= sizes.error;
    case RowForm::with_raw: return taken.raw >= sizes.raw;
  }
  return false;
}

// Takes a number off the front of `text`, and `separator` before it.
template <class Number>
bool take_number(std::string_view& text, char separator, Number& number) {
  if (!text.starts_with(separator)) return false;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + 1, end, number);
  text = std::string_view(rest, static_cast<std::size_t>(end - rest));
  return error == std::errc();
}

}  // namespace

std::string to_text(const ResultsCursor& cursor) {
  const bool raw = cursor.form == RowForm::with_raw;
  std::string text = (raw ? "r " : "p ") + std::to_string(cursor.floor.value());
  for (const auto& [unit, taken] : cursor.taken) {
    text += " " + std::to_string(unit.value()) + ":" + std::to_string(taken.output) + ":" + std::to_string(taken.error);
    if (raw) text += ":" + std::to_string(taken.raw);
  }
  return text;
}

core::Result<ResultsCursor> parse_results_cursor(std::string_view text) {
  if (!text.starts_with('p') && !text.starts_with('r')) return invalid_cursor();
  ResultsCursor cursor;
  cursor.form = text.front() == 'r' ? RowForm::with_raw : RowForm::plain;
  text.remove_prefix(1);
  std::uint32_t floor = 0;
  if (!take_number(text, ' ', floor)) return invalid_cursor();
  cursor.floor = core::UnitIndex(floor);
  while (!text.empty()) {
    std::uint32_t unit = 0;
    ResultsCursor::Taken taken;
    if (!take_number(text, ' ', unit) || !take_number(text, ':', taken.output) || !take_number(text, ':', taken.error))
      return invalid_cursor();
    if (cursor.form == RowForm::with_raw && !take_number(text, ':', taken.raw)) return invalid_cursor();
    cursor.taken[core::UnitIndex(unit)] = taken;
  }
  return cursor;
}

core::Result<bool> ResultsPage::add(const core::batch::Unit& unit) {
  const auto found = cursor_.taken.find(unit.index);
  ResultsCursor::Taken taken = found == cursor_.taken.end() ? ResultsCursor::Taken{} : found->second;
  const core::Result<void> added = cursor_.form == RowForm::plain ? add_plain(unit, taken) : add_with_raw(unit, taken);
  if (added.has_error()) return added.error();

  const bool finished =
      unit.phase == core::batch::UnitPhase::closed && given_whole(cursor_.form, taken, unit.progress.segments);
  if (finished && unit.index == cursor_.floor) {
    cursor_.floor = core::UnitIndex(cursor_.floor.value() + 1);
    cursor_.taken.erase(unit.index);
  } else if (taken != ResultsCursor::Taken{}) {
    cursor_.taken[unit.index] = taken;
  }
  return !full() && unit.index.value() + 1 < cursor_.floor.value() + units_ahead_max;
}

core::Result<void> ResultsPage::add_plain(const core::batch::Unit& unit, ResultsCursor::Taken& taken) {
  for (const auto& [artifact, offset] :
       {std::pair(Artifact::output, &taken.output), std::pair(Artifact::error, &taken.error)}) {
    SegmentLines lines = lines_of(blobs_, unit, artifact, *offset);
    while (!full() && !lines.done()) {
      const core::Result<std::string_view> line = lines.next();
      if (line.has_error()) return line.error();
      add_row(std::string(*line));
    }
    *offset = lines.offset();
  }
  return {};
}

core::Result<void> ResultsPage::add_with_raw(const core::batch::Unit& unit, ResultsCursor::Taken& taken) {
  SegmentLines output = lines_of(blobs_, unit, Artifact::output, taken.output);
  SegmentLines error = lines_of(blobs_, unit, Artifact::error, taken.error);
  SegmentLines raw = lines_of(blobs_, unit, Artifact::raw, taken.raw);
  while (!full() && !raw.done()) {
    const core::Result<std::string_view> raw_line = raw.next();
    if (raw_line.has_error()) return raw_line.error();
    const core::Result<schemas::RawRow> raw_row = schemas::parse_raw_row(*raw_line);
    if (raw_row.has_error()) return raw_row.error();
    if (raw_row->outcome == schemas::ItemOutcome::discarded) continue;
    SegmentLines& rows = raw_row->outcome == schemas::ItemOutcome::succeeded ? output : error;
    const core::Result<std::string_view> line = rows.next();
    if (line.has_error()) return line.error();
    add_row(schemas::with_raw_body(*line, *raw_line));
  }
  taken = {output.offset(), error.offset(), raw.offset()};
  return {};
}

void ResultsPage::add_row(std::string row) {
  bytes_ += row.size();
  rows_.push_back(std::move(row));
}

}  // namespace api
