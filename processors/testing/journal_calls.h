// Calls of the Journal port that wait for their outcome.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/journal.h"

namespace processors {

inline constexpr auto journal_hang = std::chrono::seconds(60);

inline JournalRecord journal_record(std::string value, std::int64_t epoch = 1) {
  return {.epoch = core::Epoch(epoch),
          .instance = "node-1",
          .time = core::Timestamp(core::Duration(1'700'000'000'000'000 + epoch)),
          .chain = std::string(32, 'c'),
          .value = std::move(value)};
}

using Confirmation = std::future<core::Result<core::Offset>>;

inline Confirmation append_record(Journal& journal, core::Partition partition, JournalRecord record) {
  auto promise = std::make_shared<std::promise<core::Result<core::Offset>>>();
  auto future = promise->get_future();
  journal.append(partition, std::move(record),
                 [promise](core::Result<core::Offset> answer) { promise->set_value(std::move(answer)); });
  return future;
}

inline core::Result<core::Offset> wait_for(Confirmation confirmation) {
  if (confirmation.wait_for(journal_hang) != std::future_status::ready) {
    return core::Error{core::ErrorCode::internal, "an append was never answered"};
  }
  return confirmation.get();
}

inline core::Result<core::Offset> append_and_wait(Journal& journal, core::Partition partition, JournalRecord record) {
  return wait_for(append_record(journal, partition, std::move(record)));
}

inline std::vector<StoredRecord> read_records(JournalReader& journal, core::Partition partition,
                                              core::Offset from = core::Offset(0)) {
  std::vector<StoredRecord> records;
  const auto end = journal.read(partition, from, [&](const StoredRecord& record) {
    records.push_back(record);
    return true;
  });
  EXPECT_TRUE(end) << end.error().detail;
  const auto next = core::Offset(from.value() + static_cast<std::int64_t>(records.size()));
  if (end) {
    EXPECT_EQ(*end, next);
  }
  return records;
}

}  // namespace processors
