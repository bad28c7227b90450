// If these fail, a damaged or hostile segment file can crash the process or pass for a record.
#include "processors/record_frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "processors/crc32c.h"

namespace processors {
namespace {

JournalRecord example() {
  return {.epoch = core::Epoch(3),
          .instance = "node-1",
          .time = core::Timestamp(core::Duration(1'700'000'000'123'456)),
          .chain = std::string(chain_bytes, 'c'),
          .value = R"([{"type":"batch.accepted"}])"};
}

std::string encoded() {
  std::string bytes;
  encode_frame(bytes, core::Partition(7), core::Offset(41), 512, example());
  return bytes;
}

void store_length(std::string& frame, std::uint32_t length) {
  std::memcpy(frame.data() + 4, &length, sizeof(length));
}

// Makes the checksum hold again after a change, as hostile hands would.
void seal(std::string& frame) {
  const std::uint32_t checksum = crc32c(std::string_view(frame).substr(12));
  std::memcpy(frame.data() + 8, &checksum, sizeof(checksum));
}

TEST(Frame, ComesBackAsItWentIn) {
  const std::string bytes = encoded() + "whatever comes after";
  EXPECT_EQ(bytes.size(), frame_bytes(example()) + 20);
  const auto frame = decode_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->partition, core::Partition(7));
  EXPECT_EQ(frame->synced, 512u);
  EXPECT_EQ(frame->offset, core::Offset(41));
  EXPECT_EQ(frame->epoch, example().epoch);
  EXPECT_EQ(frame->time, example().time);
  EXPECT_EQ(frame->chain, example().chain);
  EXPECT_EQ(frame->instance, example().instance);
  EXPECT_EQ(frame->value, example().value);
}

TEST(Frame, TheLayoutOnDiskIsFixed) {
  const std::string bytes = encoded();
  EXPECT_EQ(crc32c(bytes), 0x8B2E824Cu) << "a log written by an older build could not be read any more";
}

TEST(Frame, NoFlippedBitAndNoCutPasses) {
  const std::string bytes = encoded();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(decode_frame(damaged)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(decode_frame(bytes.substr(0, size)));
}

TEST(Frame, LengthsAreCheckedBeforeTheyAreUsed) {
  for (const std::uint32_t length : {0u, 1u, 67u, static_cast<std::uint32_t>(frame_bytes_max - 11), 0x7FFFFFFFu, ~0u}) {
    std::string bytes = encoded();
    store_length(bytes, length);
    seal(bytes);
    EXPECT_FALSE(decode_head(bytes)) << length;
    EXPECT_FALSE(decode_frame(bytes)) << length;
  }
  for (const std::uint32_t instance_length : {34u, 0x80000000u, ~0u}) {
    std::string bytes = encoded();
    std::memcpy(bytes.data() + 76, &instance_length, sizeof(instance_length));
    seal(bytes);
    EXPECT_FALSE(decode_frame(bytes)) << instance_length;
  }
}

TEST(Frame, RandomBytesNeverCrashTheDecoder) {
  std::mt19937 random(20240601);
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes;
    switch (random() % 3) {
      case 0:  // noise
        bytes.resize(random() % 200);
        for (char& byte : bytes) byte = static_cast<char>(random());
        break;
      case 1:  // a frame head before noise
        bytes.resize(frame_head_bytes + random() % 200);
        for (char& byte : bytes) byte = static_cast<char>(random());
        std::memcpy(bytes.data(), frame_magic.data(), frame_magic.size());
        store_length(bytes, static_cast<std::uint32_t>(random() % 300));
        break;
      default:  // a frame with noise in it that was sealed again
        bytes = encoded();
        for (int change = 0; change < 4; ++change)
          bytes[12 + random() % (bytes.size() - 12)] = static_cast<char>(random());
        seal(bytes);
        break;
    }
    // An exact copy on the heap, so that the address sanitizer sees one byte too many.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view view(exact.data(), exact.size());
    const auto frame = decode_frame(view);
    if (!frame) continue;
    ++accepted;
    ASSERT_EQ(frame->chain.size(), chain_bytes);
    ASSERT_EQ(frame_fixed_bytes + frame->instance.size() + frame->value.size(), view.size());
    ASSERT_EQ(frame->value.data() + frame->value.size(), view.data() + view.size());
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace processors
