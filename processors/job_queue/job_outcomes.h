// How the jobs of an ended batch came out, row after row.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/batch/state.h"
#include "core/job_queue/state.h"
#include "processors/artifacts.h"
#include "processors/line_reader.h"
#include "processors/ports/blob_store.h"

namespace processors {

// The error of a job whose row cannot be read; its outcome has no row.
constexpr std::string_view result_unreadable = "result_unreadable";

// Threading: one thread. Blocks on files. Memory: one row at a time.
class JobOutcomes {
 public:
  // `units` are all of the batch's, in order. `blobs` must outlive this.
  JobOutcomes(const BlobStore& blobs, core::batch::Batch batch, std::vector<core::batch::Unit> units);

  // Up to `count_max`; none at the end. Rows that cannot be read are passed over. Errors: storage_failed,
  // blob_not_found.
  core::Result<std::vector<core::job_queue::Outcome>> next(std::size_t count_max);

 private:
  core::Result<std::optional<core::job_queue::Outcome>> next_row();
  core::Result<bool> open_next();

  const BlobStore& blobs_;
  const core::batch::Batch batch_;
  const std::vector<core::batch::Unit> units_;
  std::size_t unit_ = 0;  // being read
  Artifact artifact_ = Artifact::output;
  std::uint64_t end_ = 0;
  std::unique_ptr<BlobReader> segment_;
  std::optional<LineReader> lines_;
};

// The result row of a job that a batch has ended. Errors: those of reading, blob_corrupt: it is cut off, or there is
// none.
core::Result<std::string> read_job_row(const BlobStore& blobs, const core::batch::Unit& unit,
                                       const core::job_queue::Outcome& outcome);

}  // namespace processors
