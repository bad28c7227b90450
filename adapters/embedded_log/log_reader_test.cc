// If these fail, an auditor is shown another log than the service has, or is kept from reading a sound one.
#include "adapters/embedded_log/log_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/files/temporary_directory.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::embedded_log {
namespace {

using namespace processors;  // the conformance suite's helpers

constexpr std::uint32_t partition_count = 3;

using Records = std::map<std::uint32_t, std::vector<processors::StoredRecord>>;

bool same(const processors::StoredRecord& a, const processors::StoredRecord& b) {
  return a.offset == b.offset && a.record.epoch == b.record.epoch && a.record.instance == b.record.instance &&
         a.record.time == b.record.time && a.record.chain == b.record.chain && a.record.value == b.record.value;
}

void expect_same(const Records& a, const Records& b) {
  for (std::uint32_t partition = 0; partition < partition_count; ++partition) {
    const auto of = [&](const Records& records) {
      const auto found = records.find(partition);
      return found == records.end() ? std::vector<processors::StoredRecord>{} : found->second;
    };
    EXPECT_TRUE(std::ranges::equal(of(a), of(b), same)) << "partition " << partition;
  }
}

class LogReaderTest : public testing::Test {
 protected:
  std::unique_ptr<EmbeddedLog> open_log(std::uint32_t segment_bytes = 4096) const {
    auto log = EmbeddedLog::open_log({.directory = directory_.path(), .segment_bytes = segment_bytes});
    EXPECT_TRUE(log) << log.error().detail;
    return log ? std::move(*log) : nullptr;
  }

  std::unique_ptr<LogReader> reader() const {
    auto reader = LogReader::open(directory_.path());
    EXPECT_TRUE(reader) << reader.error().detail;
    return reader ? std::move(*reader) : nullptr;
  }

  // So many records, each a write of its own, over the partitions in turn.
  static void fill(EmbeddedLog& log, int count, std::size_t bytes = 300) {
    for (int i = 0; i < count; ++i) {
      const core::Partition partition(static_cast<std::uint32_t>(i) % partition_count);
      const std::string value = std::to_string(i) + std::string(bytes, 'x');
      ASSERT_TRUE(append_and_wait(log, partition, journal_record(value, 1 + i % 3)));
    }
  }

  static Records all(processors::JournalReader& journal) {
    Records records;
    for (std::uint32_t partition = 0; partition < partition_count; ++partition) {
      const auto end = journal.read(core::Partition(partition), core::Offset(0), [&](const auto& stored) {
        records[partition].push_back(stored);
        return true;
      });
      EXPECT_TRUE(end) << end.error().detail;
    }
    return records;
  }

  static core::Result<void> read_on(LogScan& scan, Records& into, const Damaged& damaged = {}) {
    return scan.read_on(
        [&](core::Partition partition, const processors::StoredRecord& stored) {
          into[partition.value()].push_back(stored);
          return true;
        },
        damaged);
  }

  std::vector<FirstSequence> segments() const { return *list_segments(files::posix_disk(), directory_.path()); }
  std::filesystem::path path(FirstSequence segment = 0) const { return segment_path(directory_.path(), segment); }

  static std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  files::TemporaryDirectory directory_;
};

TEST_F(LogReaderTest, ReadsWhatTheLogItselfReadsBesideItAndAfterIt) {
  auto log = open_log();
  const auto beside = reader();
  LogScan scan = beside->scan();
  Records scanned;
  ASSERT_TRUE(read_on(scan, scanned));
  EXPECT_TRUE(scanned.empty());
  for (int round = 0; round < 4; ++round) {
    ASSERT_NO_FATAL_FAILURE(fill(*log, 40));
    const Records records = all(*log);
    expect_same(all(*beside), records);
    ASSERT_TRUE(read_on(scan, scanned));
    expect_same(scanned, records);
    if (round == 1) {
      log.reset();
      log = open_log();
    }
  }
  EXPECT_GT(segments().size(), 5u);

  const Records records = all(*log);
  const auto fresh = reader();
  for (const std::int64_t from : {7, 52, 53, 54, 3}) {
    std::vector<processors::StoredRecord> found;
    const auto end = fresh->read(core::Partition(1), core::Offset(from), [&](const auto& stored) {
      found.push_back(stored);
      return found.size() < 2;
    });
    ASSERT_TRUE(end) << end.error().detail;
    const auto& expected = records.at(1);
    const std::size_t wanted =
        std::min<std::size_t>(2, expected.size() - std::min(expected.size(), static_cast<std::size_t>(from)));
    ASSERT_EQ(found.size(), wanted);
    EXPECT_EQ(end->value(), from + static_cast<std::int64_t>(wanted));
    for (std::size_t i = 0; i < wanted; ++i) EXPECT_TRUE(same(found[i], expected[static_cast<std::size_t>(from) + i]));
  }
}

TEST_F(LogReaderTest, FollowsAWriterWithoutGapsAcrossSegments) {
  const auto log = open_log(16'384);
  constexpr std::int64_t count = 3000;
  std::atomic<bool> failed = false;
  std::thread writer([&] {
    std::vector<Confirmation> waiting;
    for (std::int64_t i = 0; i < count; ++i) {
      const core::Partition partition(static_cast<std::uint32_t>(i) % partition_count);
      waiting.push_back(append_record(
          *log, partition,
          journal_record(std::to_string(i / partition_count) + std::string(static_cast<std::size_t>(i % 500), 'y'))));
      if (i % 100 != 99) continue;
      for (Confirmation& one : waiting) failed = failed || !wait_for(std::move(one));
      waiting.clear();
    }
  });
  const auto beside = reader();
  LogScan scan = beside->scan();
  std::map<std::uint32_t, std::int64_t> next;
  std::int64_t seen = 0;
  const auto deadline = std::chrono::steady_clock::now() + journal_hang;
  while (seen < count && !failed && std::chrono::steady_clock::now() < deadline) {
    const auto read = scan.read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
      EXPECT_EQ(stored.offset.value(), next[partition.value()]);
      EXPECT_EQ(std::stoll(stored.record.value), next[partition.value()]++);
      ++seen;
      return true;
    });
    if (!read) ADD_FAILURE() << read.error().detail;
    if (::testing::Test::HasFailure()) break;
  }
  writer.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(seen, count);
}

TEST_F(LogReaderTest, ATornWriteIsTheEndAndWhatComesInItsPlaceIsReadOn) {
  {
    const auto log = open_log();
    ASSERT_NO_FATAL_FAILURE(fill(*log, 3, 40));
  }
  const std::string whole = read_file(path());
  const std::size_t frame = whole.find(frame_magic, 1 + whole.find(frame_magic, 1));
  ASSERT_NE(frame, std::string::npos);
  const std::size_t end = whole.find_last_not_of('\0') + 1;
  for (std::size_t cut = frame; cut < end; cut += 7) {
    std::string torn = whole;
    for (std::size_t at = cut; at < end; ++at) torn[at] = '\0';
    if (cut % 2 == 1) torn[cut + 1] = '#';
    write_file(path(), torn);
    const auto beside = reader();
    LogScan scan = beside->scan();
    Records scanned;
    ASSERT_TRUE(read_on(scan, scanned)) << cut;
    ASSERT_EQ(scanned[0].size() + scanned[1].size() + scanned[2].size(), 2u) << cut;
    const auto log = open_log();
    ASSERT_TRUE(append_and_wait(*log, core::Partition(2), journal_record("instead")));
    ASSERT_TRUE(read_on(scan, scanned)) << cut;
    ASSERT_EQ(scanned[2].size(), 1u);
    EXPECT_EQ(scanned[2][0].record.value, "instead");
  }
}

TEST_F(LogReaderTest, EveryFlippedByteBeforeLaterWritesIsNamedAndNothingElseIsLost) {
  {
    const auto log = open_log(1u << 20);
    ASSERT_NO_FATAL_FAILURE(fill(*log, 9, 20));
  }
  const std::string sound = read_file(path());
  std::vector<std::size_t> frames;
  for (std::size_t at = sound.find(frame_magic); at != std::string::npos; at = sound.find(frame_magic, at + 1))
    frames.push_back(at);
  ASSERT_EQ(frames.size(), 9u);
  const std::size_t damaged = frames[4];  // 1/1
  for (std::size_t at = damaged; at < frames[5]; ++at) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    write_file(path(), bytes);
    const auto beside = reader();
    Records strict;
    LogScan stopping = beside->scan();
    const auto stopped = read_on(stopping, strict);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, core::ErrorCode::log_corrupt);
    EXPECT_THAT(stopped.error().detail, testing::HasSubstr(path().string() + " at byte " + std::to_string(damaged)));

    Records scanned;
    std::vector<Damage> found;
    LogScan scan = beside->scan();
    ASSERT_TRUE(read_on(scan, scanned, [&](const Damage& damage) { found.push_back(damage); }));
    EXPECT_EQ(scanned[0].size() + scanned[1].size() + scanned[2].size(), 8u) << at;
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].byte, damaged);
    EXPECT_TRUE(std::ranges::any_of(found, [](const Damage& damage) {
      return damage.partition == core::Partition(1) && damage.offset == core::Offset(1);
    })) << at;
    EXPECT_EQ(found.size(), found[0].partition ? 1u : 2u);
  }
}

TEST_F(LogReaderTest, AMissingSegmentIsDamageAndATrimmedOneIsNot) {
  auto log = open_log();
  ASSERT_NO_FATAL_FAILURE(fill(*log, 60));
  const std::vector<FirstSequence> files = segments();
  ASSERT_GE(files.size(), 4u);
  const Records records = all(*reader());

  for (const std::size_t lost : {std::size_t{1}, std::size_t{0}}) {
    const std::string bytes = read_file(path(files[lost]));
    std::filesystem::remove(path(files[lost]));
    Records scanned;
    LogScan broken = reader()->scan();
    const auto missing = read_on(broken, scanned);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, core::ErrorCode::log_corrupt);
    EXPECT_THAT(missing.error().detail, testing::HasSubstr("missing"));
    std::vector<Damage> found;
    LogScan going_on = reader()->scan();
    ASSERT_TRUE(read_on(going_on, scanned, [&](const Damage& damage) { found.push_back(damage); }));
    EXPECT_FALSE(found.empty());
    EXPECT_FALSE(scanned.empty());
    write_file(path(files[lost]), bytes);
  }

  const auto beside = reader();
  LogScan begun = beside->scan();  // has read the first record when it is trimmed away
  Records followed;
  ASSERT_TRUE(begun.read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
    followed[partition.value()].push_back(stored);
    return false;
  }));
  const std::string first_file = read_file(path(files[0]));
  for (std::uint32_t partition = 0; partition < partition_count; ++partition)
    ASSERT_TRUE(log->trim(core::Partition(partition),
                          core::Offset(static_cast<std::int64_t>((files[1] - partition + 2) / partition_count))));
  ASSERT_EQ(segments().front(), files[1]);
  ASSERT_TRUE(read_on(begun, followed));
  expect_same(followed, records);

  for (const bool left_behind : {false, true}) {
    if (left_behind) write_file(path(files[0]), first_file);  // a crash amid the trimming
    const auto first = beside->first(core::Partition(1));
    ASSERT_TRUE(first);
    EXPECT_EQ(*first, *log->first(core::Partition(1)));
    EXPECT_GT(*first, core::Offset(0));
    const auto gone = beside->read(core::Partition(1), core::Offset(0), [](const auto&) { return true; });
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, core::ErrorCode::log_corrupt);
    EXPECT_THAT(gone.error().detail, testing::HasSubstr("trimmed"));
    std::vector<processors::StoredRecord> kept;
    ASSERT_TRUE(beside->read(core::Partition(1), *first, [&](const auto& stored) {
      kept.push_back(stored);
      return true;
    }));
    EXPECT_EQ(kept.size(), records.at(1).size() - static_cast<std::size_t>(first->value()));
    Records scanned;
    LogScan whole = beside->scan();
    ASSERT_TRUE(read_on(whole, scanned));
    EXPECT_TRUE(std::ranges::equal(scanned[1], kept, same));
  }

  LogScan left_alone = beside->scan();
  ASSERT_TRUE(left_alone.read_on([](core::Partition, const processors::StoredRecord&) { return false; }));
  for (std::uint32_t partition = 0; partition < partition_count; ++partition)
    ASSERT_TRUE(log->trim(core::Partition(partition), core::Offset(19)));
  const auto outrun = read_on(left_alone, followed);
  ASSERT_FALSE(outrun);
  EXPECT_EQ(outrun.error().code, core::ErrorCode::unavailable);
}

TEST_F(LogReaderTest, DamagedFilesNeverCrashItAndItComesToAnEnd) {
  {
    const auto log = open_log();
    ASSERT_NO_FATAL_FAILURE(fill(*log, 40, 100));
  }
  const std::string sound = read_file(path());
  std::mt19937 random(99);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = sound;
    const auto changes = random() % 30;
    for (unsigned change = 0; change < changes; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    write_file(path(), bytes);
    LogScan scan = reader()->scan();
    Records scanned;
    EXPECT_TRUE(read_on(scan, scanned, [](const Damage&) {}));
  }
}

TEST_F(LogReaderTest, WhatAKilledWriterHadConfirmedIsRead) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(pipe[0]);
    const auto log = open_log(64u << 10);
    for (std::int64_t number = 0;; ++number) {
      const core::Partition partition(static_cast<std::uint32_t>(number) % partition_count);
      if (!append_and_wait(*log, partition, journal_record(std::string(static_cast<std::size_t>(number % 700), 'x'))))
        std::abort();
      if (::write(pipe[1], &number, sizeof(number)) != sizeof(number)) std::abort();
    }
  }
  ::close(pipe[1]);
  std::int64_t number = 0;
  while (number < 800) ASSERT_EQ(::read(pipe[0], &number, sizeof(number)), static_cast<ssize_t>(sizeof(number)));
  const auto beside = reader();
  LogScan scan = beside->scan();
  Records scanned;
  ASSERT_TRUE(read_on(scan, scanned));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  while (::read(pipe[0], &number, sizeof(number)) == sizeof(number)) continue;
  ::close(pipe[0]);
  ASSERT_TRUE(read_on(scan, scanned));
  EXPECT_GT(scanned[0].size() + scanned[1].size() + scanned[2].size(), static_cast<std::size_t>(number));
  const auto log = open_log(64u << 10);
  expect_same(scanned, all(*log));
}

}  // namespace
}  // namespace adapters::embedded_log
