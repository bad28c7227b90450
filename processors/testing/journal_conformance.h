// What every adapter of the Journal port has to keep. An adapter's test names a Place and runs the suite over it:
//
//   struct MyPlace {                                    // made anew for each test, empty
//     std::unique_ptr<Journal> open();      // again after the one before was destroyed: the same records
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyAdapter, JournalConformance, MyPlace);
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "processors/ports/journal.h"
#include "processors/testing/journal_calls.h"

namespace processors {

template <class Place>
class JournalConformance : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    journal_.reset();
    journal_ = place_.open();
    ASSERT_NE(journal_, nullptr);
  }

  core::Offset open(core::Partition partition) {
    const auto next = journal_->open(partition, [](const core::Error&) {});
    EXPECT_TRUE(next) << next.error().detail;
    return next ? *next : core::Offset(-1);
  }

  void append(core::Partition partition, JournalRecord record, std::int64_t expected_offset) {
    const auto offset = append_and_wait(*journal_, partition, std::move(record));
    ASSERT_TRUE(offset) << offset.error().detail;
    ASSERT_EQ(*offset, core::Offset(expected_offset));
  }

  Place place_;
  std::unique_ptr<Journal> journal_;
  const core::Partition first_{0};
  const core::Partition second_{1};
};

TYPED_TEST_SUITE_P(JournalConformance);

TYPED_TEST_P(JournalConformance, ANewPartitionIsEmpty) {
  EXPECT_EQ(this->open(this->first_), core::Offset(0));
  EXPECT_TRUE(read_records(*this->journal_, this->first_).empty());
  EXPECT_TRUE(read_records(*this->journal_, this->first_, core::Offset(5)).empty());
}

TYPED_TEST_P(JournalConformance, ARecordComesBackWhole) {
  this->open(this->first_);
  JournalRecord record = journal_record(std::string("value with \0 and \xF5 in it", 24), 7);
  record.chain =
      "0123456789abcdef\0\x01\x02\xFF"
      "0123456789ab";
  record.chain.resize(32, '\xFE');
  record.instance = "node-42";
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, record, 0));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("", 7), 1));

  const auto records = read_records(*this->journal_, this->first_);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].offset, core::Offset(0));
  EXPECT_EQ(records[0].record.epoch, record.epoch);
  EXPECT_EQ(records[0].record.instance, record.instance);
  EXPECT_EQ(records[0].record.time, record.time);
  EXPECT_EQ(records[0].record.chain, record.chain);
  EXPECT_EQ(records[0].record.value, record.value);
  EXPECT_EQ(records[1].record.value, "");
}

TYPED_TEST_P(JournalConformance, AppendsKeepTheirOrderAndLeaveNoGap) {
  this->open(this->first_);
  constexpr std::int64_t count = 500;
  std::vector<Confirmation> confirmations;
  for (std::int64_t i = 0; i < count; ++i) {
    confirmations.push_back(append_record(*this->journal_, this->first_, journal_record(std::to_string(i))));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto offset = wait_for(std::move(confirmations[static_cast<std::size_t>(i)]));
    ASSERT_TRUE(offset) << offset.error().detail;
    ASSERT_EQ(*offset, core::Offset(i));
  }
  const auto records = read_records(*this->journal_, this->first_);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(records[i].offset, core::Offset(static_cast<std::int64_t>(i)));
    ASSERT_EQ(records[i].record.value, std::to_string(i));
  }
}

TYPED_TEST_P(JournalConformance, ReadingStartsWhereItIsToldAndStopsWhenItIsTold) {
  this->open(this->first_);
  for (std::int64_t i = 0; i < 10; ++i) {
    ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record(std::to_string(i)), i));
  }
  const auto tail = read_records(*this->journal_, this->first_, core::Offset(7));
  ASSERT_EQ(tail.size(), 3u);
  EXPECT_EQ(tail[0].offset, core::Offset(7));
  EXPECT_EQ(tail[0].record.value, "7");
  EXPECT_TRUE(read_records(*this->journal_, this->first_, core::Offset(10)).empty());

  int visited = 0;
  const auto end =
      this->journal_->read(this->first_, core::Offset(2), [&](const StoredRecord&) { return ++visited < 3; });
  ASSERT_TRUE(end) << end.error().detail;
  EXPECT_EQ(visited, 3);
  EXPECT_EQ(*end, core::Offset(5));
}

TYPED_TEST_P(JournalConformance, PartitionsAreApartEvenWhenWrittenAtOnce) {
  constexpr std::int64_t count = 200;
  const std::vector<core::Partition> partitions{this->first_, this->second_};
  for (const core::Partition partition : partitions) this->open(partition);
  std::vector<std::thread> writers;
  for (const core::Partition partition : partitions) {
    writers.emplace_back([this, partition] {
      std::vector<Confirmation> confirmations;
      for (std::int64_t i = 0; i < count; ++i) {
        std::string value = std::to_string(partition.value()) + "/" + std::to_string(i);
        confirmations.push_back(append_record(*this->journal_, partition, journal_record(std::move(value))));
      }
      for (std::int64_t i = 0; i < count; ++i) {
        const auto offset = wait_for(std::move(confirmations[static_cast<std::size_t>(i)]));
        ASSERT_TRUE(offset) << offset.error().detail;
        ASSERT_EQ(*offset, core::Offset(i));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const core::Partition partition : partitions) {
    const auto records = read_records(*this->journal_, partition);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].record.value, std::to_string(partition.value()) + "/" + std::to_string(i));
    }
  }
}

TYPED_TEST_P(JournalConformance, WhatWasConfirmedIsThereAfterReopening) {
  this->open(this->first_);
  for (std::int64_t i = 0; i < 5; ++i) {
    ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record(std::to_string(i)), i));
  }
  this->open(this->second_);
  ASSERT_NO_FATAL_FAILURE(this->append(this->second_, journal_record("other"), 0));
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  EXPECT_EQ(this->open(this->first_), core::Offset(5));
  EXPECT_EQ(this->open(this->second_), core::Offset(1));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("5"), 5));
  const auto records = read_records(*this->journal_, this->first_);
  ASSERT_EQ(records.size(), 6u);
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].record.value, std::to_string(i));
}

TYPED_TEST_P(JournalConformance, AnOlderOwnerIsFenced) {
  this->open(this->first_);
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("of the old owner", 1), 0));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("of the new owner", 2), 1));
  const auto late = append_and_wait(*this->journal_, this->first_, journal_record("too late", 1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, core::ErrorCode::fenced);
  EXPECT_TRUE(append_and_wait(*this->journal_, this->first_, journal_record("again", 2)));
  this->open(this->second_);
  EXPECT_TRUE(append_and_wait(*this->journal_, this->second_, journal_record("elsewhere it is still the owner", 1)));
}

TYPED_TEST_P(JournalConformance, FencingOutlivesReopening) {
  this->open(this->first_);
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("of the new owner", 2), 0));
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  this->open(this->first_);
  read_records(*this->journal_, this->first_);  // as every owner does before it appends
  const auto late = append_and_wait(*this->journal_, this->first_, journal_record("too late", 1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, core::ErrorCode::fenced);
}

TYPED_TEST_P(JournalConformance, RecordsMayBeAsLargeAsThePortSays) {
  this->open(this->first_);
  std::string largest(Journal::record_bytes_max, '\0');
  for (std::size_t i = 0; i < largest.size(); ++i) largest[i] = static_cast<char>(i * 31 + i / 4096);
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("before"), 0));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record(largest), 1));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("after"), 2));
  const auto too_large = append_and_wait(*this->journal_, this->first_, journal_record(largest + "x"));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, core::ErrorCode::payload_too_large);

  ASSERT_NO_FATAL_FAILURE(this->reopen());
  EXPECT_EQ(this->open(this->first_), core::Offset(3));
  const auto records = read_records(*this->journal_, this->first_);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_TRUE(records[1].record.value == largest);
  EXPECT_EQ(records[2].record.value, "after");
}

TYPED_TEST_P(JournalConformance, WhileAppendsRunAReaderSeesAllThatWasConfirmedAndNoGap) {
  this->open(this->first_);
  constexpr std::int64_t count = 300;
  std::atomic<std::int64_t> confirmed{0};
  std::thread writer([&] {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto offset = append_and_wait(*this->journal_, this->first_, journal_record(std::to_string(i)));
      ASSERT_TRUE(offset) << offset.error().detail;
      confirmed = i + 1;
    }
  });
  std::int64_t seen = 0;
  while (seen < count && !::testing::Test::HasFatalFailure()) {
    const std::int64_t promised = confirmed;
    const auto end = this->journal_->read(this->first_, core::Offset(seen), [&](const StoredRecord& stored) {
      EXPECT_EQ(stored.offset, core::Offset(seen));
      EXPECT_EQ(stored.record.value, std::to_string(seen));
      ++seen;
      return true;
    });
    EXPECT_TRUE(end) << end.error().detail;
    EXPECT_GE(seen, promised);
    if (::testing::Test::HasFailure()) break;
  }
  writer.join();
}

// What goes is the journal's choice, but nothing may go that was not given up, and offsets stay.
TYPED_TEST_P(JournalConformance, TrimmingKeepsWhatWasNotGivenUp) {
  const auto first_kept = [&](core::Partition partition) {
    const auto first = this->journal_->first(partition);
    EXPECT_TRUE(first) << first.error().detail;
    return first ? first->value() : -1;
  };
  const auto check = [&](std::int64_t given_up) {
    const std::int64_t first = first_kept(this->first_);
    EXPECT_LE(first, given_up);
    EXPECT_EQ(first_kept(this->second_), 0);
    const auto records = read_records(*this->journal_, this->first_, core::Offset(first));
    ASSERT_EQ(records.size(), static_cast<std::size_t>(6 - first));
    for (const StoredRecord& stored : records) EXPECT_EQ(stored.record.value, std::to_string(stored.offset.value()));
    EXPECT_EQ(read_records(*this->journal_, this->second_).size(), 1u);
    if (first == 0) return;
    const auto gone = this->journal_->read(this->first_, core::Offset(0), [](const StoredRecord&) { return true; });
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, core::ErrorCode::log_corrupt);
  };
  this->open(this->first_);
  this->open(this->second_);
  EXPECT_EQ(first_kept(this->first_), 0);
  ASSERT_NO_FATAL_FAILURE(this->append(this->second_, journal_record("0"), 0));
  for (std::int64_t i = 0; i < 6; ++i) {
    ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record(std::to_string(i)), i));
  }
  const auto trimmed = this->journal_->trim(this->first_, core::Offset(4));
  ASSERT_TRUE(trimmed) << trimmed.error().detail;
  ASSERT_NO_FATAL_FAILURE(check(4));
  ASSERT_TRUE(this->journal_->trim(this->first_, core::Offset(2)));  // nothing comes back
  ASSERT_NO_FATAL_FAILURE(check(4));
  ASSERT_NO_FATAL_FAILURE(this->reopen());
  EXPECT_EQ(this->open(this->first_), core::Offset(6));
  this->open(this->second_);
  ASSERT_NO_FATAL_FAILURE(check(4));
  ASSERT_NO_FATAL_FAILURE(this->append(this->first_, journal_record("6"), 6));
}

REGISTER_TYPED_TEST_SUITE_P(JournalConformance, ANewPartitionIsEmpty, ARecordComesBackWhole,
                            AppendsKeepTheirOrderAndLeaveNoGap, ReadingStartsWhereItIsToldAndStopsWhenItIsTold,
                            PartitionsAreApartEvenWhenWrittenAtOnce, WhatWasConfirmedIsThereAfterReopening,
                            AnOlderOwnerIsFenced, FencingOutlivesReopening, RecordsMayBeAsLargeAsThePortSays,
                            WhileAppendsRunAReaderSeesAllThatWasConfirmedAndNoGap, TrimmingKeepsWhatWasNotGivenUp);

}  // namespace processors
