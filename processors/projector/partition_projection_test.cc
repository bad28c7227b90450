// The projection of a journal that the service itself has written. Broken: analysts would count money twice or not at
// all, or read what never happened.
#include "processors/projector/partition_projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/ledger/state.h"
#include "processors/testing/fake_public_log.h"
#include "processors/testing/service.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::HasSubstr;
using ::testing::Not;

const core::Partition zero(0);

std::string text_member(const std::string& json, const std::string& name) {
  const std::size_t at = json.find("\"" + name + "\":\"");
  return at == std::string::npos
             ? ""
             : json.substr(at + name.size() + 4, json.find('"', at + name.size() + 4) - at - name.size() - 4);
}
std::int64_t number_member(const std::string& json, const std::string& name) {
  const std::size_t at = json.find("\"" + name + "\":");
  return at == std::string::npos ? 0 : std::stoll(json.substr(at + name.size() + 3));
}
std::string header(const PublicRecord& record, const std::string& name) {
  for (const auto& [key, value] : record.headers) {
    if (key == name) return value;
  }
  return "";
}

// All but `batches`, whose records depend on what is published together; of those, the newest of each key.
std::vector<std::string> facts(const FakePublicTopics::Content& content) {
  std::vector<std::string> all;
  std::map<std::string, std::string> newest;
  for (const PublicRecord& record : content.records) {
    if (record.topic == "batches")
      newest[record.key] = record.value;
    else
      all.push_back(record.topic + " " + record.key + " " + header(record, "ce_id") + " " + record.value);
  }
  for (const auto& [key, value] : newest) all.push_back("batches " + key + " " + value);
  return all;
}

class PartitionProjectionTest : public ::testing::Test {
 protected:
  // A batch of 10 items in 3 units, one of which needs a second attempt.
  void run_a_batch() {
    service.emplace(world);
    service->lane.report_handles();
    service->lane.fail_attempts("provider_trouble");
    service->lane.answer_by([](const Attempt& attempt, const LaneItem& item) -> std::optional<LaneAnswer> {
      if (attempt.number == core::AttemptNumber(1) && item.number == 0) return std::nullopt;
      return answer_with(item, Verdict::succeeded);
    });
    service->open_account();
    service->run_to_the_end(service->submit(manifest_of(10)));
    end = world.journal.end(zero);
  }

  PartitionProjection projection(PublicLog& publisher) {
    return {zero, world.journal, publisher, reader, world.metrics};
  }

  // What a projection publishes that nothing goes wrong with.
  std::vector<std::string> undisturbed() {
    FakePublicTopics all;
    FakePublicLog publisher(all);
    PartitionProjection smooth = projection(publisher);
    EXPECT_TRUE(smooth.step(end).has_value());
    return facts(all.read(zero));
  }

  void append(std::int64_t epoch, const std::string& instance, const std::vector<core::Event>& events) {
    schemas::GroupWriter group(zero, world.clock.now());
    for (const core::Event& event : events)
      group.add({core::CommandId("command"), core::aggregate_of(lab_customer), event});
    world.journal.append(zero, {core::Epoch(epoch), instance, world.clock.now(), "", std::move(group).finish()},
                         [](const core::Result<core::Offset>&) {});
    end = world.journal.end(zero);
  }
  static core::ledger::TransferPosted grant(const std::string& name, const std::string& label = "") {
    return {core::TransferId("grant/" + name),
            core::ledger::TransferKind::grant,
            lab_customer,
            core::ledger::promotions(),
            core::ledger::available(lab_customer),
            core::Money::from_cents(1),
            core::BatchId(label)};
  }

  World world;
  std::optional<Service> service;
  const StateReader reader{world.store, 1};
  core::Offset end;
  FakePublicTopics topics;
  FakePublicLog log{topics};
};

TEST_F(PartitionProjectionTest, TheSumsOfTheLedgerAreTheBalances) {
  run_a_batch();
  PartitionProjection whole = projection(log);
  ASSERT_EQ(whole.step(end)->next, end);

  std::map<std::string, std::int64_t> sums;
  for (const PublicRecord& record : topics.read(zero).records) {
    if (record.topic == "ledger") sums[text_member(record.value, "account")] += number_member(record.value, "amount");
  }
  std::map<std::string, std::int64_t> balances;
  const std::string prefix = schemas::row_prefix<core::ledger::Account>();
  ASSERT_TRUE(reader
                  .list<core::ledger::Account>(core::aggregate_of(lab_customer), prefix, "", Order::oldest_first,
                                               [&](const core::ledger::Account& account) {
                                                 balances[account.id.value()] = account.balance.nanos();
                                                 return true;
                                               })
                  .has_value());
  EXPECT_EQ(sums, balances);
  EXPECT_GT(sums.at(core::ledger::available(lab_customer).value()), 0);
  EXPECT_EQ(sums.at(core::ledger::reserved(lab_customer).value()), 0);
}

TEST_F(PartitionProjectionTest, EveryRecordIsACloudEventKeyedForItsPartition) {
  run_a_batch();
  PartitionProjection whole = projection(log);
  ASSERT_TRUE(whole.step(end).has_value());
  std::map<std::string, int> count;
  std::set<std::string> ids;
  for (const PublicRecord& record : topics.read(zero).records) {
    ++count[record.topic];
    EXPECT_EQ(record.key,
              record.topic == "batches" ? "bat_00000000000000000000000002" : core::aggregate_of(lab_customer).value());
    EXPECT_EQ(header(record, "ce_specversion"), "1.0");
    EXPECT_EQ(header(record, "ce_type"), "batchrouter.public." + record.topic + ".v1");
    EXPECT_EQ(header(record, "content-type"), "application/json");
    EXPECT_TRUE(ids.insert(header(record, "ce_source") + header(record, "ce_id")).second);
    EXPECT_THAT(record.value, Not(HasSubstr("Say "))) << "a prompt";
  }
  EXPECT_EQ(count["quotes"], 2) << "locked, consumed";
  EXPECT_EQ(count["dispatch"], 12) << "four attempts, dispatched and with a handle; one failed; three units closed";
  EXPECT_EQ(count["batches"], 1) << "one batch, published once";
}

TEST_F(PartitionProjectionTest, DispatchTellsOfEachStepWhoDidItAndWhatCameOfIt) {
  run_a_batch();
  PartitionProjection whole = projection(log);
  ASSERT_TRUE(whole.step(end).has_value());
  std::map<std::string, std::string> newest;
  for (const PublicRecord& record : topics.read(zero).records) {
    if (record.topic != "dispatch" || number_member(record.value, "unit") != 0) continue;
    newest[text_member(record.value, "step")] = record.value;
    EXPECT_EQ(text_member(record.value, "provider"), "lab");
    EXPECT_EQ(text_member(record.value, "model"), "small");
    EXPECT_EQ(text_member(record.value, "mode"), number_member(record.value, "attempt") == 1 ? "batch" : "sync")
        << "a second attempt goes to another lane";
    EXPECT_EQ(number_member(record.value, "item_count"), 4);
  }
  EXPECT_EQ(number_member(newest["dispatched"], "attempt"), 2);
  EXPECT_THAT(text_member(newest["handle_recorded"], "handle"), HasSubstr("provider_batch_"));
  EXPECT_EQ(number_member(newest["attempt_ended"], "attempt"), 1);
  EXPECT_EQ(text_member(newest["attempt_ended"], "reason"), "provider_trouble");
  EXPECT_EQ(number_member(newest["attempt_ended"], "succeeded"), 3);
  EXPECT_EQ(number_member(newest["unit_closed"], "attempt"), 2);
  EXPECT_EQ(number_member(newest["unit_closed"], "succeeded"), 4);
  EXPECT_EQ(number_member(newest["unit_closed"], "input_tokens"), 40);
  EXPECT_THAT(newest["unit_closed"], HasSubstr("latency_microseconds"));
  EXPECT_THAT(newest["attempt_ended"], Not(HasSubstr("latency_microseconds")))
      << "by now the unit is in its next attempt";
}

TEST_F(PartitionProjectionTest, AnyRestartGivesTheSame) {
  run_a_batch();
  const std::vector<std::string> expected = undisturbed();
  for (std::int64_t cut = 0; cut <= end.value(); ++cut) {
    FakePublicTopics all;
    FakePublicLog before(all);
    PartitionProjection first = projection(before);
    ASSERT_TRUE(first.step(core::Offset(cut)).has_value()) << cut;
    FakePublicLog after(all);
    PartitionProjection second = projection(after);
    ASSERT_EQ(second.step(end)->next, end) << cut;
    EXPECT_EQ(facts(all.read(zero)), expected) << cut;
  }
}

TEST_F(PartitionProjectionTest, EachOnceWhereverAnOutcomeIsUnknown) {
  run_a_batch();
  const std::vector<std::string> expected = undisturbed();
  for (std::int64_t trouble = 1; trouble <= end.value(); ++trouble) {
    for (const bool stored : {false, true}) {
      FakePublicTopics all;
      FakePublicLog flaky(all);
      PartitionProjection one = projection(flaky);
      for (std::int64_t next = 1; next <= end.value(); ++next) {
        if (next == trouble) {
          stored ? flaky.lose_next_acknowledgement() : flaky.lose_next_publish();
          EXPECT_EQ(one.step(core::Offset(next)).error().code, core::ErrorCode::unavailable);
          flaky.fail_next_begins(1);
          EXPECT_EQ(one.step(core::Offset(next)).error().code, core::ErrorCode::unavailable);
        }
        ASSERT_EQ(one.step(core::Offset(next))->next, core::Offset(next));
      }
      EXPECT_EQ(facts(all.read(zero)), expected) << trouble << stored;
    }
  }
}

TEST_F(PartitionProjectionTest, APublisherThatWasReplacedAddsNothingUntilItBeginsAgain) {
  run_a_batch();
  const std::vector<std::string> expected = undisturbed();
  PartitionProjection old = projection(log);
  ASSERT_TRUE(old.step(core::Offset(2)).has_value());
  FakePublicLog other(topics);
  PartitionProjection young = projection(other);
  ASSERT_TRUE(young.step(core::Offset(4)).has_value());
  EXPECT_EQ(old.step(end).error().code, core::ErrorCode::fenced);
  EXPECT_EQ(topics.read(zero).progress->next, core::Offset(4));
  ASSERT_EQ(old.step(end)->next, end);
  EXPECT_EQ(young.step(end).error().code, core::ErrorCode::fenced);
  EXPECT_EQ(facts(topics.read(zero)), expected);
  EXPECT_EQ(young.step(core::Offset(4)).error().code, core::ErrorCode::unavailable)
      << "more is published than this one knows to be confirmed";
}

TEST_F(PartitionProjectionTest, RecordsThatCountForNobodyAreNotPublished) {
  append(1, "a", {core::PartitionOpened{core::Epoch(1), "a"}, grant("1")});
  append(2, "b", {core::PartitionOpened{core::Epoch(2), "b"}});
  append(1, "a", {grant("of an older epoch")});
  append(2, "c", {core::PartitionOpened{core::Epoch(2), "c"}, grant("of the loser")});
  append(2, "b", {grant("2")});
  for (std::int64_t cut = 0; cut <= end.value(); ++cut) {
    FakePublicTopics all;
    FakePublicLog publisher(all);
    PartitionProjection first = projection(publisher);
    ASSERT_TRUE(first.step(core::Offset(cut)).has_value());
    PartitionProjection second = projection(publisher);
    ASSERT_TRUE(second.step(end).has_value());
    std::vector<std::string> transfers;
    for (const PublicRecord& record : all.read(zero).records) transfers.push_back(text_member(record.value, "posting"));
    EXPECT_EQ(transfers,
              (std::vector<std::string>{"grant/1/debit", "grant/1/credit", "grant/2/debit", "grant/2/credit"}));
    EXPECT_EQ(all.read(zero).progress->epoch, core::Epoch(2));
    EXPECT_EQ(all.read(zero).progress->instance, "b");
  }
}

TEST_F(PartitionProjectionTest, NothingBeyondWhatIsConfirmed) {
  append(1, "a", {grant("1")});
  append(1, "a", {grant("2")});
  PartitionProjection one = projection(log);
  EXPECT_FALSE(one.step(core::Offset(1))->full);
  EXPECT_EQ(topics.read(zero).records.size(), 2u);
  EXPECT_FALSE(one.step(core::Offset(1))->published);
  EXPECT_EQ(topics.read(zero).batches.size(), 1u);
}

TEST_F(PartitionProjectionTest, BatchesAreBoundedByRecordsAndBytes) {
  for (int i = 0; i < 1'200; ++i) append(1, "a", {grant(std::to_string(i))});
  const std::string long_name(100'000, 'x');
  for (int i = 0; i < 30; ++i) append(1, "a", {grant(std::to_string(i) + long_name)});
  PartitionProjection one = projection(log);
  core::Result<PartitionProjection::Step> step = one.step(end);
  for (; step.has_value() && step->full; step = one.step(end)) {
  }
  ASSERT_TRUE(step.has_value());
  const FakePublicTopics::Content content = topics.read(zero);
  ASSERT_GT(content.batches.size(), 5u);
  EXPECT_EQ(content.batches.front(), PartitionProjection::batch_records_full);
  EXPECT_EQ(content.records.size(), 2u * 1'230u);
  auto record = content.records.begin();
  for (const std::size_t count : content.batches) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += (record++)->value.size();
    EXPECT_LE(bytes, PartitionProjection::batch_bytes_full + 2 * 250'000);
  }
}

TEST_F(PartitionProjectionTest, WhatCannotBeReadIsNeverSkipped) {
  append(1, "a", {grant("1")});
  append(1, "a", {grant("2")});
  append(1, "a", {grant("3")});
  world.journal.at(zero, core::Offset(1)).value = R"([{"type": "batchrouter.from.the.future.v9", "data": {}}])";
  PartitionProjection one = projection(log);
  ASSERT_EQ(one.step(end)->next, core::Offset(1)) << "what stands before it is published";
  for (int i = 0; i < 2; ++i) {
    const auto refused = one.step(end);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, core::ErrorCode::malformed_event);
    EXPECT_THAT(refused.error().detail, HasSubstr("partition 0, offset 1"));
  }
  EXPECT_EQ(topics.read(zero).records.size(), 2u);
}

}  // namespace
}  // namespace processors
