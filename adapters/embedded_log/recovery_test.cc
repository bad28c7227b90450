// If these fail, a crash or a bad disk can lose confirmed records in silence, or keep a sound log from opening.
#include "adapters/embedded_log/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/embedded_log/frame.h"
#include "adapters/files/temporary_directory.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::embedded_log {
namespace {

using namespace processors;  // the conformance suite's helpers

constexpr std::uint32_t segment_bytes = 4096;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A segment made by hand, frame by frame.
class Segment {
 public:
  // One write: what comes next is synced from its beginning on.
  void begin_group() { synced_ = bytes_.size(); }

  std::size_t add(std::string value, std::uint32_t partition = 0) {
    const std::size_t begin = bytes_.size();
    encode_frame(bytes_, core::Partition(partition), core::Offset(ends_[partition]++),
                 static_cast<std::uint32_t>(synced_), journal_record(std::move(value)));
    return begin;
  }
  std::size_t add_group(std::string value) {
    begin_group();
    return add(std::move(value));
  }

  std::size_t size() const { return bytes_.size(); }
  std::string padded(std::size_t size = segment_bytes) const {
    return bytes_ + std::string(size - bytes_.size(), '\0');
  }

 private:
  std::string bytes_;
  std::size_t synced_ = 0;
  std::map<std::uint32_t, std::int64_t> ends_;
};

class RecoveryTest : public testing::Test {
 protected:
  std::filesystem::path path(FirstSequence segment = 0) const { return segment_path(directory_.path(), segment); }

  core::Result<std::unique_ptr<EmbeddedLog>> open() const {
    return EmbeddedLog::open_log({.directory = directory_.path(), .segment_bytes = segment_bytes});
  }

  // Opens, appends, reopens; the records are as many as expected at each step and nothing of the tail comes back.
  void expect_goes_on_after(std::size_t records) const {
    for (std::size_t pass = 0; pass < 2; ++pass) {
      auto log = open();
      ASSERT_TRUE(log) << log.error().detail;
      ASSERT_EQ(read_records(**log, core::Partition(0)).size(), records + pass);
      if (pass == 1) {
        EXPECT_EQ((*log)->torn_tail_bytes(), 0u);
      }
      const auto offset = append_and_wait(**log, core::Partition(0), journal_record("after"));
      ASSERT_TRUE(offset) << offset.error().detail;
      ASSERT_EQ(*offset, core::Offset(static_cast<std::int64_t>(records + pass)));
    }
  }

  void expect_corrupt(std::size_t position, FirstSequence segment = 0) const {
    const auto recovered = recover(files::posix_disk(), directory_.path());
    ASSERT_FALSE(recovered);
    ASSERT_EQ(recovered.error().code, core::ErrorCode::log_corrupt);
    ASSERT_THAT(recovered.error().detail,
                testing::HasSubstr(path(segment).string() + " at byte " + std::to_string(position) + ":"));
  }

  files::TemporaryDirectory directory_;
};

TEST_F(RecoveryTest, AWriteTornAtAnyByteIsCutOffAndNothingElse) {
  Segment segment;
  segment.add_group("first");
  segment.add_group("second");
  const std::size_t last = segment.add_group("the last one");
  const std::string whole = segment.padded();
  std::mt19937 random(7);
  for (std::size_t cut = last; cut <= segment.size(); ++cut) {
    const std::size_t records = cut == segment.size() ? 3 : 2;
    const std::string begun = whole.substr(0, cut);

    write_file(path(), begun);
    ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(records)) << "file ends at " << cut;

    write_file(path(), begun + std::string(segment_bytes - cut, '\0'));
    ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(records)) << "zeros from " << cut;

    std::string garbage = whole;
    for (std::size_t at = cut; at < garbage.size(); ++at) garbage[at] = static_cast<char>(random());
    if (cut < segment.size()) garbage[cut] = static_cast<char>(~whole[cut]);
    write_file(path(), garbage);
    ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(records)) << "garbage from " << cut;
  }
}

TEST_F(RecoveryTest, AGroupWhoseBlocksCameToTheDiskOutOfOrderIsATornTail) {
  Segment segment;
  segment.add_group("confirmed");
  segment.begin_group();
  const std::size_t lost = segment.add("lost");
  const std::size_t kept = segment.add("kept, but never confirmed");
  std::string bytes = segment.padded();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(lost), bytes.begin() + static_cast<std::ptrdiff_t>(kept), '\0');
  write_file(path(), bytes);
  ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(1));
}

TEST_F(RecoveryTest, AFlippedByteBeforeLaterWritesIsCorruptionWhereverItIs) {
  Segment segment;
  segment.add_group("first");
  const std::size_t damaged = segment.add_group("second");
  const std::size_t next = segment.add_group("third");
  const std::string sound = segment.padded();
  for (std::size_t at = damaged; at < next; ++at) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    write_file(path(), bytes);
    ASSERT_NO_FATAL_FAILURE(expect_corrupt(damaged)) << "byte " << at;
    ASSERT_FALSE(open());
    ASSERT_EQ(read_file(path()), bytes) << "a damaged log must be left as it is";
  }
}

TEST_F(RecoveryTest, ALostBlockBeforeLaterWritesIsCorruption) {
  Segment segment;
  segment.add_group("first");
  const std::size_t lost = segment.add_group("second");
  const std::size_t next = segment.add_group("third");
  std::string bytes = segment.padded();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(lost), bytes.begin() + static_cast<std::ptrdiff_t>(next), '\0');
  write_file(path(), bytes);
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(lost));
}

TEST_F(RecoveryTest, DamageFarBehindTheLastFrameIsSeenAcrossReads) {
  Segment segment;
  segment.add_group("first");
  const std::size_t damaged = segment.add_group(std::string(300'000, 'x'));
  segment.add_group("third");
  std::string bytes = segment.padded(400'000);
  bytes[damaged + 100] = 'y';
  write_file(path(), bytes);
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(damaged));
}

TEST_F(RecoveryTest, OnlyTheLastSegmentMayEndTorn) {
  Segment first;
  first.add_group("first");
  const std::size_t torn = first.size();
  std::string bytes = first.padded();
  bytes[torn] = 'x';
  write_file(path(), bytes);
  write_file(path(1), std::string(segment_bytes, '\0'));
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(torn));

  write_file(path(), first.padded());
  ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(1));
}

TEST_F(RecoveryTest, AMissingSegmentOrEndOfOneIsCorruption) {
  {
    auto log = open();
    ASSERT_TRUE(log);
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(append_and_wait(**log, core::Partition(0), journal_record(std::string(1200, 'x'))));
    }
  }
  const auto segments = list_segments(files::posix_disk(), directory_.path());
  ASSERT_TRUE(segments);
  ASSERT_EQ(*segments, (std::vector<FirstSequence>{0, 3, 6, 9}));
  const std::string first = read_file(path(0));
  const std::string second = read_file(path(3));

  write_file(path(3), second.substr(0, 2 * (frame_fixed_bytes + 6 + 1200)));
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(0, 6));
  std::filesystem::remove(path(3));
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(0, 6));
  write_file(path(3), second);
  std::filesystem::remove(path(0));
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(0, 0));
  write_file(path(0), second);
  ASSERT_NO_FATAL_FAILURE(expect_corrupt(0, 0));

  write_file(path(0), first);
  write_file(directory_.path() / "notes.log", "not ours");
  ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(12));
}

TEST_F(RecoveryTest, ASegmentThatWasNamedButNeverFilledIsGoneOnWith) {
  write_file(path(), "");
  ASSERT_NO_FATAL_FAILURE(expect_goes_on_after(0));
}

TEST_F(RecoveryTest, RandomFilesNeverCrashIt) {
  Segment segment;
  for (int i = 0; i < 20; ++i) segment.add_group("record " + std::to_string(i));
  const std::string sound = segment.padded();
  std::mt19937 random(99);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = sound;
    const auto changes = random() % 30;
    for (unsigned change = 0; change < changes; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    write_file(path(), bytes);
    const auto recovered = recover(files::posix_disk(), directory_.path());
    if (recovered) {
      EXPECT_LE(recovered->records, 20u);
    } else {
      EXPECT_EQ(recovered.error().code, core::ErrorCode::log_corrupt);
    }
  }
}

}  // namespace
}  // namespace adapters::embedded_log
