// From frame to frame through segments that another process may be adding to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "adapters/embedded_log/frame.h"
#include "adapters/embedded_log/segment.h"
#include "core/ids.h"
#include "core/result.h"

namespace adapters::embedded_log {

// Bytes that do not hold, or records out of order.
struct Damage {
  std::filesystem::path file;
  std::uint64_t byte = 0;
  std::string what;
  // Of the record that lay there, where that can be told.
  std::optional<core::Partition> partition = {};
  std::optional<core::Offset> offset = {};
};
using Damaged = std::function<void(const Damage&)>;

// As log_corrupt, with what to do about it.
core::Error error_of(const Damage& damage);
core::Error corrupt_at(const std::filesystem::path& directory, Place place, std::string what);

// The end of the log is where no whole frame begins and nothing behind was written when that place was already durable:
// zeros, a write in progress, or what a crash left of one. It may grow: ask again. Anything else that is no frame is
// damage.
//
// Takes no lock and changes nothing. Records that its writer has written but not confirmed yet are among those it sees.
// Threading: one thread at a time. Memory: about a MiB, or what the largest frame has.
class FrameWalk {
 public:
  // From the oldest segment that is kept.
  FrameWalk(Disk& disk, const std::filesystem::path& directory);
  // From a frame on, which the caller knows to begin there.
  FrameWalk(Disk& disk, const std::filesystem::path& directory, Place begin);

  // The next frame; nothing at the end for now. Its texts are valid until the next call.
  // With `damaged` each damage is told to it and the walk goes on behind where it can; without, it ends there.
  // Errors: log_corrupt, unavailable (segments were trimmed away before they were read), storage_failed.
  core::Result<std::optional<Frame>> next(const Damaged& damaged = {});

  // Where the frame that was given last begins, and where the next one will; nothing while there is no segment.
  Place place() const { return found_at_; }
  std::optional<Place> end() const { return place_; }

  // At the end: how many bytes are behind it, up to the last that is not zero.
  std::uint64_t unfinished_bytes() const { return unfinished_bytes_; }

 private:
  // What lies behind a place where no whole frame begins.
  struct Tail {
    std::uint64_t bytes = 0;          // up to the last byte that is not zero
    std::optional<Place> next_frame;  // the first whole one
    bool was_durable = false;         // a frame there was written when the place was already durable
  };

  core::Result<bool> begin(const Damaged& damaged);
  core::Result<std::optional<Frame>> frame_at(Place place);
  core::Result<bool> go_on(const Damaged& damaged);
  core::Result<void> skip_trimmed(const core::Error& error);
  core::Error trimmed_away() const;
  core::Result<Tail> scan_tail(Place end);
  core::Result<void> check_order(const Frame& frame, const Damaged& damaged);
  core::Result<void> enter(FirstSequence segment, const Damaged& damaged);
  core::Result<void> report(Damage damage, const Damaged& damaged) const;
  Damage damage_at(Place place, std::string what) const;
  core::Result<Damage> describe_lost_frame();

  Disk& disk_;
  const std::filesystem::path directory_;
  SegmentReader reader_;
  std::optional<Place> place_;  // nothing until there is a segment
  Place found_at_{};
  bool found_any_ = false;
  std::optional<Place> quiet_at_;  // the end was here, and all behind it was looked at
  std::uint64_t unfinished_bytes_ = 0;
  std::uint64_t frames_ = 0;  // of this segment so far
  bool counted_ = true;       // all of this segment's frames are in `frames_`
  bool whole_log_ = false;    // begun where the log begins: what is not in `expected_` begins at 0
  std::map<core::Partition, core::Offset> expected_;
};

}  // namespace adapters::embedded_log
