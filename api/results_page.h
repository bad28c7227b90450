// One page of a batch's result rows, and where the next one begins. A walk from cursor to cursor meets every row once,
// also while units are still being answered, side by side and out of order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch/state.h"
#include "core/ids.h"
#include "core/result.h"
#include "processors/artifacts.h"
#include "processors/ports/blob_store.h"

namespace api {

enum class RowForm {
  plain,     // rows of `output`, then rows of `error`, of each unit
  with_raw,  // in the order of `raw`, each with its provider's own body
};

struct ResultsCursor {
  // Bytes of a unit's segments that earlier pages have given. `raw` stays 0 with RowForm::plain.
  struct Taken {
    std::uint64_t output = 0;
    std::uint64_t error = 0;
    std::uint64_t raw = 0;
    friend bool operator==(const Taken&, const Taken&) = default;
  };

  RowForm form = RowForm::plain;
  core::UnitIndex floor;                   // units below are closed and given whole
  std::map<core::UnitIndex, Taken> taken;  // of units from the floor on of which something was given
  friend bool operator==(const ResultsCursor&, const ResultsCursor&) = default;
};

// "p 12 14:100:0 15:0:200": form, floor, then unit:output:error (:raw) for each that was begun.
std::string to_text(const ResultsCursor& cursor);
core::Result<ResultsCursor> parse_results_cursor(std::string_view text);  // Errors: invalid_cursor

// Threading: one thread. Blocks on files.
class ResultsPage {
 public:
  // How far beyond the floor units are looked at: what keeps a cursor small.
  static constexpr std::uint32_t units_ahead_max = 64;
  // A page ends with the row that reaches this, so that large rows do not add up to an answer of any size.
  static constexpr std::size_t page_bytes_max = std::size_t{16} << 20;

  // `blobs` must outlive this.
  ResultsPage(const processors::BlobStore& blobs, core::BatchId batch, ResultsCursor from, std::size_t rows_max)
      : blobs_(blobs), batch_(std::move(batch)), cursor_(std::move(from)), rows_max_(rows_max) {}

  // Adds rows of a unit, of those that its progress reports: what lies beyond may not survive a crash. Units come in
  // order, from the cursor's floor on. Answers whether to go on with the next one.
  // Errors: storage_failed, blob_not_found, blob_corrupt.
  core::Result<bool> add(const core::batch::Unit& unit);

  const std::vector<std::string>& rows() const { return rows_; }
  bool full() const { return rows_.size() >= rows_max_ || bytes_ >= page_bytes_max; }
  // Where the next page begins.
  const ResultsCursor& cursor() const { return cursor_; }

 private:
  core::Result<void> add_plain(const core::batch::Unit& unit, ResultsCursor::Taken& taken);
  core::Result<void> add_with_raw(const core::batch::Unit& unit, ResultsCursor::Taken& taken);
  void add_row(std::string row);

  const processors::BlobStore& blobs_;
  const core::BatchId batch_;
  ResultsCursor cursor_;
  const std::size_t rows_max_;
  std::vector<std::string> rows_;
  std::size_t bytes_ = 0;
};

}  // namespace api
