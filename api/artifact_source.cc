#include "api/artifact_source.h"

#include <algorithm>

#include "api/http/coroutines.h"
#include "processors/artifacts.h"

namespace api {

http::awaitable<core::Result<std::string>> ArtifactSource::next(std::size_t bytes_max) {
  auto work = [this, bytes_max] { return read(bytes_max); };
  co_return co_await http::run_on(blocking_, std::move(work));
}

core::Result<std::string> ArtifactSource::read(std::size_t bytes_max) {
  if (left_ == 0) return std::string();
  while (offset_ >= end_) {
    if (const auto opened = open_next_segment(); opened.has_error()) return opened.error();
  }
  const std::uint64_t length = std::min({std::uint64_t{bytes_max}, end_ - offset_, left_});
  core::Result<std::string> piece = segment_->read(offset_, static_cast<std::size_t>(length));
  if (piece.has_error()) return piece;
  if (piece->empty())
    return core::Error{core::ErrorCode::blob_corrupt,
                       "a segment of batch " + file_.batch.value() + " is shorter than its unit reported"};
  offset_ += piece->size();
  left_ -= piece->size();
  return piece;
}

// Leaves nothing open where the unit's rows all lie before the range.
core::Result<void> ArtifactSource::open_next_segment() {
  const core::UnitIndex index = next_unit_;
  const core::Result<std::optional<core::batch::Unit>> unit =
      reader_.find<core::batch::Unit>(core::aggregate_of(file_.org), {file_.org, file_.batch, index});
  if (unit.has_error()) return unit.error();
  if (!*unit)
    return core::Error{core::ErrorCode::blob_corrupt,
                       "the units of batch " + file_.batch.value() + " hold less than the batch reported"};
  next_unit_ = core::UnitIndex(index.value() + 1);

  const std::uint64_t size = processors::size_of((*unit)->progress.segments, *file_.artifact);
  offset_ = std::min(skip_, size);
  end_ = size;
  skip_ -= offset_;
  segment_.reset();
  if (offset_ == end_) return {};
  auto segment = blobs_.read_segment(processors::segment_name(**unit, *file_.artifact));
  if (segment.has_error()) return segment.error();
  segment_ = std::move(*segment);
  return {};
}

}  // namespace api
