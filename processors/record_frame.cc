#include "processors/record_frame.h"

#include <bit>
#include <cstring>

#include "core/invariant.h"
#include "processors/crc32c.h"

namespace processors {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are copied as they lie in memory");

constexpr std::size_t length_at = 4;
constexpr std::size_t checksum_at = 8;
constexpr std::size_t checked_from = 12;
constexpr std::size_t partition_at = 12;
constexpr std::size_t synced_at = 16;
constexpr std::size_t offset_at = 20;
constexpr std::size_t epoch_at = 28;
constexpr std::size_t time_at = 36;
constexpr std::size_t chain_at = 44;
constexpr std::size_t instance_length_at = 76;

template <class Integer>
Integer load(std::string_view bytes, std::size_t position) {
  Integer value{};
  std::memcpy(&value, bytes.data() + position, sizeof(value));
  return value;
}

template <class Integer>
void store(char* frame, std::size_t position, Integer value) {
  std::memcpy(frame + position, &value, sizeof(value));
}

}  // namespace

std::size_t frame_bytes(const JournalRecord& record) {
  return frame_fixed_bytes + record.instance.size() + record.value.size();
}

void encode_frame(std::string& buffer, core::Partition partition, core::Offset offset, std::uint32_t synced,
                  const JournalRecord& record) {
  INVARIANT(record.chain.size() == chain_bytes);
  INVARIANT(record.instance.size() <= instance_bytes_max);
  INVARIANT(record.value.size() <= Journal::record_bytes_max);

  const std::size_t begin = buffer.size();
  buffer.resize(begin + frame_fixed_bytes);
  char* fixed = buffer.data() + begin;
  std::memcpy(fixed, frame_magic.data(), frame_magic.size());
  store(fixed, length_at, static_cast<std::uint32_t>(frame_bytes(record) - checked_from));
  store(fixed, partition_at, partition.value());
  store(fixed, synced_at, synced);
  store(fixed, offset_at, offset.value());
  store(fixed, epoch_at, record.epoch.value());
  store(fixed, time_at, std::int64_t{record.time.time_since_epoch().count()});
  std::memcpy(fixed + chain_at, record.chain.data(), chain_bytes);
  store(fixed, instance_length_at, static_cast<std::uint32_t>(record.instance.size()));
  buffer += record.instance;
  buffer += record.value;
  const std::uint32_t checksum = crc32c(std::string_view(buffer).substr(begin + checked_from));
  store(buffer.data() + begin, checksum_at, checksum);
}

std::optional<FrameHead> decode_head(std::string_view bytes) {
  if (bytes.size() < frame_head_bytes || !bytes.starts_with(frame_magic)) return std::nullopt;
  const std::size_t size = checked_from + std::size_t{load<std::uint32_t>(bytes, length_at)};
  if (size < frame_fixed_bytes || size > frame_bytes_max) return std::nullopt;
  return FrameHead{size, core::Partition(load<std::uint32_t>(bytes, partition_at))};
}

std::optional<FrameClaim> claim_of(std::string_view bytes) {
  if (bytes.size() < frame_fixed_bytes) return std::nullopt;
  return FrameClaim{core::Partition(load<std::uint32_t>(bytes, partition_at)),
                    core::Offset(load<std::int64_t>(bytes, offset_at))};
}

void copy(const Frame& frame, StoredRecord& into) {
  into.offset = frame.offset;
  into.record.epoch = frame.epoch;
  into.record.time = frame.time;
  into.record.instance = frame.instance;
  into.record.chain = frame.chain;
  into.record.value = frame.value;
}

std::optional<Frame> decode_frame(std::string_view bytes) {
  const std::optional<FrameHead> head = decode_head(bytes);
  if (!head || bytes.size() < head->frame_bytes) return std::nullopt;
  bytes = bytes.substr(0, head->frame_bytes);
  if (crc32c(bytes.substr(checked_from)) != load<std::uint32_t>(bytes, checksum_at)) return std::nullopt;

  const std::string_view texts = bytes.substr(frame_fixed_bytes);
  const std::size_t instance_bytes = load<std::uint32_t>(bytes, instance_length_at);
  if (instance_bytes > texts.size()) return std::nullopt;
  return Frame{.partition = head->partition,
               .synced = load<std::uint32_t>(bytes, synced_at),
               .offset = core::Offset(load<std::int64_t>(bytes, offset_at)),
               .epoch = core::Epoch(load<std::int64_t>(bytes, epoch_at)),
               .time = core::Timestamp(core::Duration(load<std::int64_t>(bytes, time_at))),
               .chain = bytes.substr(chain_at, chain_bytes),
               .instance = texts.substr(0, instance_bytes),
               .value = texts.substr(instance_bytes)};
}

}  // namespace processors
