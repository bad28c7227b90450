// If these fail, something of an erased org can still be read, or an erasure that was cut off is never finished.
#include "processors/erasure/eraser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/ledger/state.h"
#include "processors/testing/service.h"

namespace processors {
namespace {

using namespace processors::testing;

const core::Effect erasure = core::EraseOrgData{lab_customer};
const core::OrgId stranger("org_00000000000000000000000009");

class EraserTest : public ::testing::Test {
 protected:
  EraserTest() { service.emplace(world); }

  // An org with a batch that has ended.
  void work() {
    service->open_account();
    batch = service->submit(manifest_of(6));
    service->run_to_the_end(batch);
    ASSERT_GT(world.blobs.count_of(lab_customer), 0u);
    ASSERT_FALSE(world.blobs.list(batch.value())->empty());
  }
  core::Result<Answer> erase() {
    return service->carry_out(core::identity::EraseOrg{lab_customer, "ann", "asked for"});
  }
  // The rows of the books, as bytes.
  std::vector<std::pair<std::string, std::string>> books() const {
    std::vector<std::pair<std::string, std::string>> rows;
    const auto add = [&](const std::string& prefix) {
      EXPECT_TRUE(world.store.scan(core::Partition(0), prefix, schemas::prefix_end(prefix),
                                   [&](std::string_view key, std::string_view value) {
                                     rows.emplace_back(key, value);
                                     return true;
                                   }));
    };
    add(schemas::row_prefix<core::ledger::Account>());
    add(schemas::row_prefix<core::ledger::Entry>());
    add(schemas::row_prefix<core::ledger::Book>());
    add(schemas::row_prefix<core::ledger::Posted>());
    add(schemas::row_prefix<core::ledger::Reservation>());
    return rows;
  }
  void expect_gone() {
    EXPECT_EQ(world.blobs.count_of(lab_customer), 0u);
    EXPECT_TRUE(world.blobs.list(batch.value())->empty());
    EXPECT_TRUE(world.vault.unseal(lab_customer, core::Sealed("for " + lab_customer.value() + ":x")).has_error());
    EXPECT_FALSE(service->outstanding(erasure));
  }

  World world;
  std::optional<Service> service;
  core::BatchId batch;
};

TEST_F(EraserTest, PayloadsAndKeyGoAndTheBooksStay) {
  work();
  const auto before = books();
  ASSERT_FALSE(before.empty());
  const core::Digest of_stranger = [&] {
    auto writer = *world.blobs.create(stranger);
    EXPECT_TRUE(writer->append("theirs"));
    return *writer->finish();
  }();
  ASSERT_TRUE(erase());
  service->run_until([&] { return !service->outstanding(erasure); });
  expect_gone();
  EXPECT_EQ(books(), before);
  EXPECT_TRUE(world.blobs.open(stranger, of_stranger).has_value());
  EXPECT_TRUE(world.blobs.create(lab_customer).has_error());
  EXPECT_TRUE(erase()->replayed);
}

TEST_F(EraserTest, AFaultOfTheDiskIsTriedAgain) {
  work();
  world.blobs.fail_next_erasure();
  ASSERT_TRUE(erase());
  service->run_until([&] { return !service->outstanding(erasure); });
  expect_gone();
}

TEST_F(EraserTest, ACrashBeforeTheReportMeansOnceMore) {
  work();
  service->bus.refuse_next(1000, core::ErrorCode::overloaded);  // the report never gets through
  ASSERT_TRUE(erase());
  service->run_until([&] { return world.blobs.count_of(lab_customer) == 0; });
  service->settle();
  ASSERT_TRUE(service->outstanding(erasure));
  service.reset();
  service.emplace(world);
  service->run_until([&] { return !service->outstanding(erasure); });
  expect_gone();
}

TEST_F(EraserTest, AnOrgWithOpenBatchesIsNotErased) {
  service->open_account();
  service->lane.fail_attempts("nobody answers");
  service->submit(manifest_of(1));
  EXPECT_EQ(erase().error().code, core::ErrorCode::org_has_open_batches);
}

TEST_F(EraserTest, MailsAndWebhooksOfAnErasedOrgEnd) {
  service->open_account();
  const core::Sealed target = *world.vault.seal(lab_customer, R"({"url":"https://hook.test/","secret":"whsec_eA=="})");
  service->webhooks.fail_next();
  batch = service->submit(manifest_of(1), target);
  service->run_to_the_end(batch);
  ASSERT_TRUE(erase());
  service->run_until([&] { return !service->outstanding(erasure); });
  const core::DeliveryId delivery("msg_" + batch.value().substr(4));
  const auto row = [&] {
    return **service->reader.find<core::webhook::Delivery>(core::aggregate_of(lab_customer), {lab_customer, delivery});
  };
  ASSERT_EQ(row().phase, core::webhook::Phase::pending);
  world.clock.advance(std::chrono::hours(1));
  service->run_until([&] { return row().phase == core::webhook::Phase::exhausted; });
  const core::SendMail mail{lab_customer, core::MailId("mail_late"), core::identity::MailKind::password_changed,
                            core::Sealed("for " + lab_customer.value() + ":{}"), core::Sealed()};
  service->delivery.send_mail(service->term, core::aggregate_of(lab_customer), mail);
  service->run_until([&] {
    const auto& ids = service->bus.ids;
    return std::find(ids.begin(), ids.end(), "complete/" + core::key_of(core::Effect(mail))) != ids.end();
  });
}

}  // namespace
}  // namespace processors
