// If these fail, a write that was confirmed can be lost, seen too early or answered wrongly.
#include "adapters/embedded_log/embedded_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <numeric>

#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"
#include "processors/testing/journal_conformance.h"

namespace {

// The disk as these tests want it.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  bool broken = false;
  int syncs = 0;
  int waiting = 0;
};

Disk& disk() {
  static Disk disk;
  return disk;
}

}  // namespace

// In the place of the C library's in this whole program, as fsync() is (files/sync_witness_test.cc).
extern "C" int fdatasync(int descriptor) {
  adapters::files::SyncWitness::synced(descriptor);
  std::unique_lock lock(disk().mutex);
  ++disk().syncs;
  ++disk().waiting;
  disk().changed.notify_all();
  disk().changed.wait(lock, [] { return !disk().held; });
  --disk().waiting;
  if (!disk().broken) return 0;
  errno = EIO;
  return -1;
}

namespace adapters::embedded_log {
namespace {

using namespace processors;  // the conformance suite's helpers

// While it lives every fdatasync waits; from then on each answers at once, as an error if it was told so.
class HeldDisk {
 public:
  HeldDisk() {
    const std::scoped_lock lock(disk().mutex);
    disk().held = true;
    disk().syncs = 0;
  }
  ~HeldDisk() { release(); }

  void wait_until_a_sync_waits() {
    std::unique_lock lock(disk().mutex);
    ASSERT_TRUE(disk().changed.wait_for(lock, journal_hang, [] { return disk().waiting > 0; }));
  }
  void release() {
    const std::scoped_lock lock(disk().mutex);
    disk().held = false;
    disk().changed.notify_all();
  }
  int syncs() const {
    const std::scoped_lock lock(disk().mutex);
    return disk().syncs;
  }
};

class BrokenDisk {
 public:
  BrokenDisk() { set(true); }
  ~BrokenDisk() { set(false); }

 private:
  static void set(bool broken) {
    const std::scoped_lock lock(disk().mutex);
    disk().broken = broken;
  }
};

std::unique_ptr<EmbeddedLog> must_open(Settings settings) {
  auto log = EmbeddedLog::open_log(std::move(settings));
  EXPECT_TRUE(log) << log.error().detail;
  return log ? std::move(*log) : nullptr;
}

struct EmbeddedPlace {
  std::unique_ptr<processors::Journal> open() { return must_open({.directory = directory.path() / "journal"}); }
  files::TemporaryDirectory directory;
};

struct TinySegmentsPlace {
  std::unique_ptr<processors::Journal> open() {
    return must_open({.directory = directory.path() / "journal", .segment_bytes = 700});
  }
  files::TemporaryDirectory directory;
};

class EmbeddedLogTest : public testing::Test {
 protected:
  Settings settings() const { return {.directory = directory_.path() / "journal", .segment_bytes = 4096}; }
  files::TemporaryDirectory directory_;
  const core::Partition first_{0};
  const core::Partition second_{1};
};

TEST_F(EmbeddedLogTest, NothingIsVisibleOrConfirmedBeforeItIsDurable) {
  const auto log = must_open(settings());
  ASSERT_TRUE(append_and_wait(*log, first_, journal_record("durable")));
  HeldDisk held;
  Confirmation waiting = append_record(*log, first_, journal_record("not yet"));
  ASSERT_NO_FATAL_FAILURE(held.wait_until_a_sync_waits());
  EXPECT_EQ(read_records(*log, first_).size(), 1u);
  EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  held.release();
  ASSERT_TRUE(wait_for(std::move(waiting)));
  EXPECT_EQ(read_records(*log, first_).size(), 2u);
}

TEST_F(EmbeddedLogTest, WhateverArrivesDuringASyncSharesTheNextOne) {
  Settings large = settings();
  large.segment_bytes = 1u << 20;
  const auto log = must_open(large);
  HeldDisk held;
  std::vector<Confirmation> confirmations;
  confirmations.push_back(append_record(*log, first_, journal_record("first")));
  ASSERT_NO_FATAL_FAILURE(held.wait_until_a_sync_waits());
  for (int i = 0; i < 100; ++i) {
    confirmations.push_back(
        append_record(*log, core::Partition(static_cast<std::uint32_t>(i % 7)), journal_record("x")));
  }
  held.release();
  for (Confirmation& confirmation : confirmations) ASSERT_TRUE(wait_for(std::move(confirmation)));
  EXPECT_EQ(held.syncs(), 2);
}

TEST_F(EmbeddedLogTest, TooManyWaitingBytesAreRefusedAndLeaveNoGap) {
  Settings small = settings();
  small.pending_bytes_max = 1000;
  const auto log = must_open(small);
  HeldDisk held;
  Confirmation large = append_record(*log, first_, journal_record(std::string(5000, 'x')));
  const auto refused = append_and_wait(*log, first_, journal_record("one too many"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::overloaded);
  held.release();
  ASSERT_TRUE(wait_for(std::move(large))) << "a record alone is taken whatever its size";
  const auto next = append_and_wait(*log, first_, journal_record("fits again"));
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_EQ(*next, core::Offset(1));
}

TEST_F(EmbeddedLogTest, AnAppendIsFencedByOneThatStillWaits) {
  const auto log = must_open(settings());
  HeldDisk held;
  Confirmation newer = append_record(*log, first_, journal_record("newer", 2));
  const auto older = append_and_wait(*log, first_, journal_record("older", 1));
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, core::ErrorCode::fenced);
  held.release();
  EXPECT_TRUE(wait_for(std::move(newer)));
}

TEST_F(EmbeddedLogTest, AFailedSyncIsFinal) {
  std::vector<std::string> fatal;
  Settings watched = settings();
  watched.on_fatal = [&](std::string detail) { fatal.push_back(std::move(detail)); };
  auto log = must_open(watched);
  ASSERT_TRUE(append_and_wait(*log, first_, journal_record("before")));
  {
    const BrokenDisk broken;
    const auto failed = append_and_wait(*log, first_, journal_record("lost, or perhaps not"));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, core::ErrorCode::storage_failed);
  }
  const auto later = append_and_wait(*log, second_, journal_record("the disk is well again"));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, core::ErrorCode::storage_failed);
  EXPECT_FALSE(log->open(first_, [](const core::Error&) {}));
  EXPECT_EQ(read_records(*log, first_).size(), 1u) << "what was confirmed stays readable";
  log.reset();
  ASSERT_EQ(fatal.size(), 1u);
  EXPECT_THAT(fatal[0], testing::HasSubstr(".log"));

  log = must_open(settings());
  EXPECT_GE(read_records(*log, first_).size(), 1u);
  EXPECT_TRUE(append_and_wait(*log, first_, journal_record("after the restart")));
}

TEST_F(EmbeddedLogTest, ADiskWithoutSpaceForASegmentIsFinalToo) {
  const auto log = must_open(settings());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto former = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 8192, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto refused = append_and_wait(*log, first_, journal_record(std::string(20'000, 'x')));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, former);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::storage_failed);
}

TEST_F(EmbeddedLogTest, StoppingAnswersEverythingThatWaits) {
  const auto log = must_open(settings());
  std::vector<Confirmation> confirmations;
  for (int i = 0; i < 200; ++i) confirmations.push_back(append_record(*log, first_, journal_record("x")));
  log->stop();
  log->stop();
  for (Confirmation& confirmation : confirmations) {
    ASSERT_EQ(confirmation.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_TRUE(confirmation.get());
  }
  const auto late = append_and_wait(*log, first_, journal_record("late"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, core::ErrorCode::unavailable);
}

TEST_F(EmbeddedLogTest, ASecondOwnerIsRefusedAndToldWhoTheFirstIs) {
  auto log = must_open(settings());
  const auto second = EmbeddedLog::open_log(settings());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::ErrorCode::unavailable);
  EXPECT_THAT(second.error().detail, testing::HasSubstr("process " + std::to_string(::getpid())));
  log.reset();
  EXPECT_TRUE(EmbeddedLog::open_log(settings()));
}

TEST_F(EmbeddedLogTest, ARarePartitionIsFoundAmongManySegments) {
  Settings large = settings();
  large.segment_bytes = 3u << 20;
  auto log = must_open(large);
  constexpr int rounds = 8;
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(append_and_wait(*log, second_, journal_record("rare " + std::to_string(round))));
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(append_and_wait(*log, first_, journal_record(std::string(200'000, 'x'))));
    }
  }
  for (int pass = 0; pass < 2; ++pass) {
    for (int from = 0; from <= rounds; ++from) {
      const auto rare = read_records(*log, second_, core::Offset(from));
      ASSERT_EQ(rare.size(), static_cast<std::size_t>(rounds - from));
      if (!rare.empty()) {
        EXPECT_EQ(rare[0].record.value, "rare " + std::to_string(from));
      }
    }
    EXPECT_EQ(read_records(*log, first_, core::Offset(3)).size(), 77u);
    log.reset();
    log = must_open(large);
  }
}

// A confirmation as the outside world saw it: it survives the process that wrote it.
struct Witness {
  std::uint32_t partition;
  std::int64_t offset;
  std::int64_t number;
};

[[noreturn]] void append_until_killed(const Settings& settings, int witness) {
  const auto log = must_open(settings);
  std::vector<std::thread> appenders;
  for (std::uint32_t partition = 0; partition < 3; ++partition) {
    appenders.emplace_back([&log, witness, partition] {
      for (std::int64_t number = 0;; ++number) {
        const auto record =
            journal_record(std::to_string(number) + std::string(static_cast<std::size_t>(number % 300), 'x'));
        log->append(core::Partition(partition), record, [=](core::Result<core::Offset> offset) {
          if (!offset) return;
          const Witness seen{partition, offset->value(), number};
          if (::write(witness, &seen, sizeof(seen)) != sizeof(seen)) std::abort();
        });
        if (number % 50 == 49) std::this_thread::yield();
      }
    });
  }
  for (;;) ::pause();
}

TEST_F(EmbeddedLogTest, EveryConfirmedRecordSurvivesKill9) {
  Settings crashing = settings();
  crashing.segment_bytes = 64u << 10;
  crashing.pending_bytes_max = 20'000;
  std::map<std::uint32_t, std::int64_t> ends;
  for (int round = 0; round < 3; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      append_until_killed(crashing, pipe[1]);
    }
    ::close(pipe[1]);
    std::vector<Witness> confirmed;
    Witness witness{};
    while (confirmed.size() < 500u + 333u * static_cast<unsigned>(round) &&
           ::read(pipe[0], &witness, sizeof(witness)) == sizeof(witness)) {
      confirmed.push_back(witness);
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(pipe[0], &witness, sizeof(witness)) == sizeof(witness)) confirmed.push_back(witness);
    ::close(pipe[0]);
    ASSERT_GE(confirmed.size(), 500u);

    const auto log = must_open(crashing);
    ASSERT_NE(log, nullptr);
    std::map<std::uint32_t, std::vector<processors::StoredRecord>> records;
    for (std::uint32_t partition = 0; partition < 3; ++partition) {
      records[partition] = read_records(*log, core::Partition(partition));
    }
    for (const Witness& seen : confirmed) {
      const auto& partition = records[seen.partition];
      ASSERT_LT(seen.offset, static_cast<std::int64_t>(partition.size()));
      const auto& record = partition[static_cast<std::size_t>(seen.offset)];
      ASSERT_GE(seen.offset, ends[seen.partition]) << "an offset was given twice";
      ASSERT_EQ(std::stoll(record.record.value), seen.number);
    }
    for (const auto& [partition, stored] : records) ends[partition] = static_cast<std::int64_t>(stored.size());
  }
}

}  // namespace
}  // namespace adapters::embedded_log

namespace processors {

INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedLog, JournalConformance, adapters::embedded_log::EmbeddedPlace);
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedLogOfTinySegments, JournalConformance,
                               adapters::embedded_log::TinySegmentsPlace);

}  // namespace processors
