#include "adapters/embedded_log/frame_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/embedded_log/base.h"

namespace adapters::embedded_log {
namespace {

constexpr std::size_t chunk_bytes = 64u << 10;
constexpr std::array<char, chunk_bytes> zeros{};

bool all_zeros(std::string_view bytes) {
  return bytes == std::string_view(zeros.data(), bytes.size());
}

bool operator==(const Place& a, const Place& b) {
  return a.segment == b.segment && a.position == b.position;
}

}  // namespace

core::Error error_of(const Damage& damage) {
  std::string record;
  if (damage.partition && damage.offset)
    record = fmt::format(" (the record {}/{})", damage.partition->value(), damage.offset->value());
  return core::Error{
      core::ErrorCode::log_corrupt,
      fmt::format("{} at byte {}: {}{}; restore the file from a backup, nothing after this can be trusted",
                  damage.file.string(), damage.byte, damage.what, record)};
}

core::Error corrupt_at(const std::filesystem::path& directory, Place place, std::string what) {
  return error_of({.file = segment_path(directory, place.segment), .byte = place.position, .what = std::move(what)});
}

FrameWalk::FrameWalk(Disk& disk, const std::filesystem::path& directory)
    : disk_(disk), directory_(directory), reader_(disk, directory) {}

FrameWalk::FrameWalk(Disk& disk, const std::filesystem::path& directory, Place begin)
    : disk_(disk), directory_(directory), reader_(disk, directory), place_(begin), counted_(begin.position == 0) {}

core::Result<std::optional<Frame>> FrameWalk::next(const Damaged& damaged) {
  for (;;) {
    auto begun = begin(damaged);
    if (!begun) return begun.error();
    if (!*begun) break;
    auto frame = frame_at(*place_);
    if (!frame) {
      if (auto skipped = skip_trimmed(frame.error()); !skipped) return skipped.error();
      continue;
    }
    if (*frame) {
      if (auto checked = check_order(**frame, damaged); !checked) return checked.error();
      found_at_ = *place_;
      found_any_ = true;
      place_->position += (*frame)->bytes();
      ++frames_;
      return frame;
    }
    auto more = go_on(damaged);
    if (!more) return more.error();
    if (!*more) break;
  }
  return std::nullopt;
}

// False where there is nothing to read yet.
core::Result<bool> FrameWalk::begin(const Damaged& damaged) {
  if (place_) return true;
  for (std::optional<FirstSequence> before;;) {
    const auto base = read_base(disk_, directory_);
    if (!base) return base.error();
    auto segments = list_segments(disk_, directory_);
    if (!segments) return segments.error();
    const auto front = std::ranges::lower_bound(*segments, base->segment);
    if (front == segments->end() && base->segment == 0) return false;
    const bool missing = front == segments->end() || *front != base->segment;
    if (missing && before != base->segment) {  // perhaps it was trimmed away just now
      before = base->segment;
      continue;
    }
    whole_log_ = !missing;
    for (const auto& [partition, kept] : base->partitions) {
      if (!missing) expected_[partition] = kept.first;
    }
    if (missing) {
      auto reported =
          report(damage_at({base->segment, 0}, "the log begins with this segment, and it is missing"), damaged);
      if (!reported) return reported.error();
      if (front == segments->end()) return false;
    }
    place_ = Place{.segment = *front, .position = 0};
    return true;
  }
}

core::Result<std::optional<Frame>> FrameWalk::frame_at(Place place) {
  auto head_bytes = reader_.bytes_at(place, frame_head_bytes);
  if (!head_bytes) return head_bytes.error();
  const std::optional<FrameHead> head = decode_head(*head_bytes);
  if (!head) return std::nullopt;
  auto bytes = reader_.bytes_at(place, head->frame_bytes);
  if (!bytes) return bytes.error();
  return decode_frame(*bytes);
}

core::Error FrameWalk::trimmed_away() const {
  return core::Error{core::ErrorCode::unavailable,
                     directory_.string() + ": segments were trimmed away before they were read; begin again"};
}

// A segment that was listed and is gone when it is opened was trimmed away: the log begins behind it now.
core::Result<void> FrameWalk::skip_trimmed(const core::Error& error) {
  const auto segments = list_kept_segments(disk_, directory_);
  if (!segments) return segments.error();
  if (segments->empty() || segments->front() <= place_->segment) return error;
  if (found_any_) return trimmed_away();
  place_.reset();
  expected_.clear();
  return {};
}

// No whole frame begins here. False where the log ends for now.
core::Result<bool> FrameWalk::go_on(const Damaged& damaged) {
  // The order counts: what is listed, looked for behind, and read again, in this order, cannot be outrun by the writer.
  reader_.forget();
  auto segments = list_segments(disk_, directory_);
  if (!segments) return segments.error();
  const auto later = std::ranges::upper_bound(*segments, place_->segment);
  const bool last = later == segments->end();
  if (last && quiet_at_ && *quiet_at_ == *place_) {
    auto head = reader_.bytes_at(*place_, frame_head_bytes);
    if (!head) return head.error();
    if (all_zeros(*head)) return false;
  }
  auto tail = scan_tail(*place_);
  if (!tail) return tail.error();
  reader_.forget();
  auto again = frame_at(*place_);
  if (!again) return again.error();
  if (*again) return true;
  if (last && !tail->was_durable) {
    unfinished_bytes_ = tail->bytes;
    quiet_at_ = *place_;
    return false;
  }

  if (tail->bytes > 0) {
    auto damage = describe_lost_frame();
    if (!damage) return damage.error();
    if (auto reported = report(*damage, damaged); !reported) return reported.error();
    if (damage->partition) expected_[*damage->partition] = core::Offset(damage->offset->value() + 1);
    counted_ = false;
    if (tail->next_frame) {
      place_ = *tail->next_frame;
      return true;
    }
    if (last) return false;
  }
  if (auto entered = enter(*later, damaged); !entered) return entered.error();
  return true;
}

core::Result<void> FrameWalk::enter(FirstSequence segment, const Damaged& damaged) {
  const FirstSequence expected = place_->segment + frames_;
  if (counted_ && segment != expected) {
    const auto base = read_base(disk_, directory_);
    if (!base) return base.error();
    if (base->segment > expected) return trimmed_away();
    auto reported = report(damage_at({segment, 0}, fmt::format("this segment should follow {} records, but {} are "
                                                               "there; a segment or its end is missing",
                                                               segment, expected)),
                           damaged);
    if (!reported) return reported;
  }
  place_ = Place{.segment = segment, .position = 0};
  frames_ = 0;
  counted_ = true;
  return {};
}

core::Result<FrameWalk::Tail> FrameWalk::scan_tail(Place end) {
  Tail tail;
  Place place = end;
  for (;;) {
    auto chunk = reader_.bytes_at(place, chunk_bytes);
    if (!chunk) return chunk.error();
    if (chunk->empty()) return tail;
    if (all_zeros(*chunk)) {
      place.position += chunk->size();
      continue;
    }
    tail.bytes = place.position + chunk->find_last_not_of('\0') + 1 - end.position;
    // A magic may begin in this chunk and end in the next.
    std::vector<Place> candidates;
    for (std::size_t at = chunk->find(frame_magic[0]); at != std::string_view::npos;
         at = chunk->find(frame_magic[0], at + 1)) {
      candidates.push_back({place.segment, place.position + at});
    }
    place.position += chunk->size();
    for (const Place candidate : candidates) {
      if (candidate.position == end.position) continue;
      auto frame = frame_at(candidate);
      if (!frame) return frame.error();
      if (!*frame) continue;
      if (!tail.next_frame) tail.next_frame = candidate;
      if ((*frame)->synced > end.position) {
        tail.was_durable = true;
        return tail;
      }
    }
  }
}

core::Result<void> FrameWalk::check_order(const Frame& frame, const Damaged& damaged) {
  const auto known = expected_.find(frame.partition);
  const bool checkable = known != expected_.end() || whole_log_;
  const core::Offset expected = known == expected_.end() ? core::Offset(0) : known->second;
  if (checkable && frame.offset != expected) {
    Damage damage = damage_at(*place_, fmt::format("offset {} of partition {} where {} should be", frame.offset.value(),
                                                   frame.partition.value(), expected.value()));
    damage.partition = frame.partition;
    damage.offset = expected;
    if (auto reported = report(std::move(damage), damaged); !reported) return reported;
  }
  expected_[frame.partition] = core::Offset(frame.offset.value() + 1);
  return {};
}

// What the damaged bytes say of themselves is believed where it is what should be there.
core::Result<Damage> FrameWalk::describe_lost_frame() {
  Damage damage = damage_at(*place_, "a frame's checksum does not hold");
  auto bytes = reader_.bytes_at(*place_, frame_fixed_bytes);
  if (!bytes) return bytes.error();
  const std::optional<FrameClaim> claim = claim_of(*bytes);
  if (!claim) return damage;
  const auto expected = expected_.find(claim->partition);
  if (expected != expected_.end() && expected->second == claim->offset) {
    damage.partition = claim->partition;
    damage.offset = claim->offset;
  }
  return damage;
}

core::Result<void> FrameWalk::report(Damage damage, const Damaged& damaged) const {
  if (!damaged) return error_of(damage);
  damaged(damage);
  return {};
}

Damage FrameWalk::damage_at(Place place, std::string what) const {
  return Damage{.file = segment_path(directory_, place.segment), .byte = place.position, .what = std::move(what)};
}

}  // namespace adapters::embedded_log
