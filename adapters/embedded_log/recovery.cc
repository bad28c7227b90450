#include "adapters/embedded_log/recovery.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/embedded_log/base.h"
#include "adapters/embedded_log/frame.h"

namespace adapters::embedded_log {
namespace {

constexpr std::size_t chunk_bytes = 64u << 10;
constexpr std::array<char, chunk_bytes> zeros{};

// What lies behind the last frame that holds.
struct Tail {
  std::uint64_t torn_bytes = 0;          // up to the last byte that is not zero
  std::optional<Place> frame_behind_it;  // a frame written when the place of the tail was already durable
};

class Recovery {
 public:
  explicit Recovery(const std::filesystem::path& directory) : directory_(directory), reader_(directory) {}

  core::Result<Recovered> run() {
    auto base = read_base(directory_);
    if (!base) return base.error();
    recovered_.records = base->segment;
    for (const auto& [partition, before] : base->partitions) {
      recovered_.partitions.emplace(partition, PartitionLog(before.first, before.newest));
    }
    auto segments = list_segments(directory_);
    if (!segments) return segments.error();
    std::erase_if(*segments, [&](FirstSequence segment) { return segment < base->segment; });
    if (segments->empty() && base->segment > 0) {
      return corrupt_at(directory_, {base->segment, 0}, "the log begins with this segment, and it is missing");
    }
    for (const FirstSequence segment : *segments) {
      if (segment != recovered_.records) {
        return corrupt_at(directory_, {segment, 0},
                          fmt::format("this segment should follow {} records, but {} are there; a segment or its end "
                                      "is missing",
                                      segment, recovered_.records));
      }
      auto end = scan_frames(segment);
      if (!end) return end.error();
      auto tail = scan_tail(*end);
      if (!tail) return tail.error();
      const bool last = segment == segments->back();
      if (tail->torn_bytes > 0 && !last) return corrupt_at(directory_, *end, "a frame's checksum does not hold");
      if (tail->frame_behind_it) {
        return corrupt_at(
            directory_, *end,
            fmt::format("a frame's checksum does not hold, and records that came after it begin at byte {}",
                        tail->frame_behind_it->position));
      }
      recovered_.end = *end;
      recovered_.torn_tail_bytes = tail->torn_bytes;
    }
    return std::move(recovered_);
  }

 private:
  core::Result<std::optional<Frame>> frame_at(Place place) {
    auto head_bytes = reader_.bytes_at(place, frame_head_bytes);
    if (!head_bytes) return head_bytes.error();
    const std::optional<FrameHead> head = decode_head(*head_bytes);
    if (!head) return std::nullopt;
    auto bytes = reader_.bytes_at(place, head->frame_bytes);
    if (!bytes) return bytes.error();
    return decode_frame(*bytes);
  }

  // Answers the place after the last of the frames that follow one another from the beginning.
  core::Result<Place> scan_frames(FirstSequence segment) {
    Place place{segment, 0};
    for (;;) {
      auto frame = frame_at(place);
      if (!frame) return frame.error();
      if (!*frame) return place;
      PartitionLog& partition = recovered_.partitions[(*frame)->partition];
      if ((*frame)->offset != partition.next()) {
        return corrupt_at(directory_, place,
                          fmt::format("offset {} of partition {} where {} should be", (*frame)->offset.value(),
                                      (*frame)->partition.value(), partition.next().value()));
      }
      partition.assign((*frame)->epoch);
      partition.stored(place);
      ++recovered_.records;
      place.position += (*frame)->bytes();
    }
  }

  core::Result<Tail> scan_tail(Place end) {
    Tail tail;
    Place place = end;
    for (;;) {
      auto chunk = reader_.bytes_at(place, chunk_bytes);
      if (!chunk) return chunk.error();
      if (chunk->empty()) return tail;
      const std::string_view as_zeros = std::string_view(zeros.data(), chunk->size());
      if (*chunk == as_zeros) {
        place.position += chunk->size();
        continue;
      }
      tail.torn_bytes = place.position + chunk->find_last_not_of('\0') + 1 - end.position;
      // A magic may begin in this chunk and end in the next.
      std::vector<Place> candidates;
      for (std::size_t at = chunk->find(frame_magic[0]); at != std::string_view::npos;
           at = chunk->find(frame_magic[0], at + 1)) {
        candidates.push_back({place.segment, place.position + at});
      }
      place.position += chunk->size();
      for (const Place candidate : candidates) {
        auto frame = frame_at(candidate);
        if (!frame) return frame.error();
        if (*frame && (*frame)->synced > end.position) {
          tail.frame_behind_it = candidate;
          return tail;
        }
      }
    }
  }

  const std::filesystem::path& directory_;
  SegmentReader reader_;
  Recovered recovered_;
};

}  // namespace

core::Result<Recovered> recover(const std::filesystem::path& directory) {
  return Recovery(directory).run();
}

core::Error corrupt_at(const std::filesystem::path& directory, Place place, std::string_view what) {
  return core::Error{core::ErrorCode::log_corrupt,
                     fmt::format("{} at byte {}: {}; restore the file from a backup, nothing after this can be trusted",
                                 segment_path(directory, place.segment).string(), place.position, what)};
}

}  // namespace adapters::embedded_log
