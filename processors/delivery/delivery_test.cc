// Delivery over a real partition loop, with a mail server and receivers that do as they are told.
#include "processors/delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "processors/testing/service.h"
#include "schemas/standard_webhooks.h"

namespace processors {
namespace {

using namespace processors::testing;
using core::webhook::Phase;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() { service.emplace(world); }
  void crash() {
    service.reset();
    world.blobs.crash();
    service.emplace(world);
  }

  core::Sealed target() {
    return *world.vault.seal(lab_customer, schemas::encode_webhook({"https://acme.test/hook", secret}));
  }
  void end_a_batch() {
    service->open_account();
    batch = service->submit(manifest_of(2), target());
    service->run_to_the_end(batch);
    service->run_until([&] { return !service->webhooks.posted.empty(); });
  }
  core::webhook::Delivery delivery() const {
    const core::DeliveryId id("msg_" + batch.value().substr(4));
    return service->reader.find<core::webhook::Delivery>(core::aggregate_of(lab_customer), {lab_customer, id})->value();
  }
  // After so long the timer of the next try is due.
  void wait_for_try(std::uint32_t number, core::Duration after) {
    service->run_until([&] { return delivery().attempt.value() == number - 1; });
    world.clock.advance(after);
    service->run_until([&] { return service->webhooks.posted.size() >= number; });
  }
  bool verifies(const WebhookRequest& request) const {
    const std::chrono::sys_seconds sent{std::chrono::seconds(std::stoll(header(request, "webhook-timestamp")))};
    return schemas::standard_webhooks::verify(core::Secret(secret), header(request, "webhook-id"), sent, request.body,
                                              header(request, "webhook-signature"),
                                              std::chrono::floor<std::chrono::seconds>(world.clock.now()));
  }

  World world;
  std::optional<Service> service;
  core::BatchId batch;
};

TEST_F(DeliveryTest, TheMailCarriesTheLinkAndIsSentOnce) {
  service->open_account();
  service->run_until([&] { return service->mail.sent == 1; });
  service->settle();
  ASSERT_EQ(service->mail.tried.size(), 1u);
  const MailMessage& mail = service->mail.tried[0];
  EXPECT_EQ(mail.to, "ann@acme.test");
  EXPECT_THAT(mail.text, HasSubstr("https://router.test/v1/auth/verify-email?token=obv_token\n"));
  EXPECT_EQ(std::count(service->bus.ids.begin(), service->bus.ids.end(), "complete/mail/" + mail.id.value()), 1);

  crash();
  service->settle();
  EXPECT_TRUE(service->mail.tried.empty()) << "it was reported done";
}

TEST_F(DeliveryTest, AMailThatFailsIsTriedAgainUnderTheSameId) {
  service->mail.fail_next_send();
  service->open_account();
  service->run_until([&] { return service->mail.sent == 1; });
  ASSERT_EQ(service->mail.tried.size(), 2u);
  EXPECT_EQ(service->mail.tried[0].id, service->mail.tried[1].id);
  EXPECT_EQ(service->mail.tried[0].text, service->mail.tried[1].text);
}

// If this failed, an address that does not exist would be written to for ever.
TEST_F(DeliveryTest, AMailThatWillNeverBeTakenIsDropped) {
  service->mail.refuse_next_send();
  core::SendMail mail{lab_customer,
                      core::MailId("mail_1"),
                      core::identity::MailKind::verification,
                      *world.vault.seal(lab_customer, schemas::encode_profile({"", "Acme", "ada@acme.test", ""})),
                      {}};
  service->delivery.send_mail(service->term, core::aggregate_of(lab_customer), mail);
  service->run_until([&] { return !service->bus.ids.empty(); });
  EXPECT_EQ(service->mail.tried.size(), 1u);
  EXPECT_EQ(service->mail.sent, 0);
}

TEST_F(DeliveryTest, AMailThatCannotBeReadIsDropped) {
  core::SendMail mail{
      lab_customer, core::MailId("mail_1"), core::identity::MailKind::verification, core::Sealed("for nobody"), {}};
  service->delivery.send_mail(service->term, core::aggregate_of(lab_customer), mail);
  service->run_until([&] { return !service->bus.ids.empty(); });
  EXPECT_TRUE(service->mail.tried.empty());
}

// If this failed, a disk in trouble would lose mails, or one for an erased org would be tried for ever.
TEST_F(DeliveryTest, AMailWhoseKeyIsNotThereIsTriedForADay) {
  world.vault.erase(lab_customer);
  core::SendMail mail{
      lab_customer, core::MailId("mail_1"), core::identity::MailKind::verification, core::Sealed("p"), {}};
  service->delivery.send_mail(service->term, core::aggregate_of(lab_customer), mail);
  service->settle();
  EXPECT_TRUE(service->bus.ids.empty());
  world.clock.advance(std::chrono::hours(24));
  service->run_until([&] { return !service->bus.ids.empty(); });
  EXPECT_TRUE(service->mail.tried.empty());
}

// If this failed, a link that is over would still be mailed.
TEST_F(DeliveryTest, AMailThatCouldNotBeSentForADayIsDropped) {
  service->mail.fail_next_send();
  core::SendMail mail{lab_customer,
                      core::MailId("mail_1"),
                      core::identity::MailKind::verification,
                      *world.vault.seal(lab_customer, schemas::encode_profile({"", "Acme", "ada@acme.test", ""})),
                      {}};
  service->delivery.send_mail(service->term, core::aggregate_of(lab_customer), mail);
  service->run_until([&] { return service->mail.tried.size() == 1; });
  world.clock.advance(std::chrono::hours(24));
  service->run_until([&] { return !service->bus.ids.empty(); });
  EXPECT_EQ(service->mail.tried.size(), 1u);
  EXPECT_EQ(service->mail.sent, 0);
}

// If this failed, receivers could not verify us, or would not find their results.
TEST_F(DeliveryTest, TheWebhookIsSignedAndSaysWhereTheResultsAre) {
  end_a_batch();
  service->run_until([&] { return delivery().phase == Phase::delivered; });
  ASSERT_EQ(service->webhooks.posted.size(), 1u);
  const WebhookRequest& request = service->webhooks.posted[0];
  EXPECT_EQ(request.url, "https://acme.test/hook");
  EXPECT_EQ(header(request, "content-type"), "application/json");
  EXPECT_EQ(header(request, "webhook-id"), delivery().id.value());
  EXPECT_TRUE(verifies(request));
  EXPECT_THAT(request.body, HasSubstr(R"("event":"batch.completed")"));
  EXPECT_THAT(request.body, HasSubstr(R"("output_file_url":"https://router.test/v1/files/file_)"));
  EXPECT_THAT(request.body, HasSubstr(R"("error_file_url":null)")) << "there are no such rows";
  EXPECT_EQ(delivery().last_status, 200);
}

TEST_F(DeliveryTest, ARetryKeepsIdAndBodyAndIsSignedAnew) {
  service->webhooks.answer_next(500);
  service->webhooks.fail_next();
  end_a_batch();
  wait_for_try(2, std::chrono::seconds(6));
  wait_for_try(3, std::chrono::minutes(6));
  service->run_until([&] { return delivery().phase == Phase::delivered; });
  const auto& posted = service->webhooks.posted;
  ASSERT_EQ(posted.size(), 3u);
  for (const WebhookRequest& request : {posted[1], posted[2]}) {
    EXPECT_EQ(request.body, posted[0].body);
    EXPECT_EQ(header(request, "webhook-id"), header(posted[0], "webhook-id"));
    EXPECT_NE(header(request, "webhook-timestamp"), header(posted[0], "webhook-timestamp"));
  }
  EXPECT_FALSE(verifies(posted[0])) << "too old by now";
  EXPECT_TRUE(verifies(posted[2]));
  EXPECT_EQ(delivery().attempt.value(), 3u);
}

TEST_F(DeliveryTest, GoneMeansNeverAgain) {
  service->webhooks.answer_next(410);
  end_a_batch();
  service->run_until([&] { return delivery().phase == Phase::exhausted; });
  world.clock.advance(std::chrono::hours(100));
  service->settle();
  EXPECT_EQ(service->webhooks.posted.size(), 1u);
  EXPECT_EQ(delivery().last_status, 410);
}

TEST_F(DeliveryTest, ACrashBeforeTheReportTriesOnceMore) {
  service->open_account();
  batch = service->submit(manifest_of(2), target());
  service->run_until([&] { return !service->webhooks.posted.empty(); });  // and its report is still on its way
  const std::string first = service->webhooks.posted[0].body;
  ASSERT_EQ(delivery().phase, Phase::pending);
  crash();
  service->run_until([&] { return delivery().phase == Phase::delivered; });
  ASSERT_EQ(service->webhooks.posted.size(), 1u);
  EXPECT_EQ(service->webhooks.posted[0].body, first);
  EXPECT_EQ(delivery().attempt.value(), 1u);
}

TEST_F(DeliveryTest, ATryCutOffByOurOwnStopIsNone) {
  service->open_account();
  batch = service->submit(manifest_of(2), target());
  service->webhooks.fail_next();
  service->delivery.stop();
  service->run_to_the_end(batch);
  EXPECT_EQ(delivery().attempt.value(), 0u);
}

// What goes to another aggregate arrives, however often the way is blocked.
TEST_F(DeliveryTest, AForwardIsSentUntilItArrives) {
  core::ForwardCommand forward{core::aggregate_of(lab_customer),
                               core::identity::CreateOrg{lab_customer,
                                                         core::UserId("usr_1"),
                                                         {},
                                                         core::Digest("email"),
                                                         core::Sealed("p"),
                                                         {core::Digest("t"), core::Sealed("t")}}};
  service->bus.refuse_next(1, core::ErrorCode::overloaded);
  service->delivery.forward(service->term, core::aggregate_of_email(core::Digest("email")), forward);
  const std::string complete = "complete/" + core::key_of(forward);
  service->run_until([&] {
    const auto& ids = service->bus.ids;
    return std::find(ids.begin(), ids.end(), complete) != ids.end();
  });
  EXPECT_EQ(std::count(service->bus.ids.begin(), service->bus.ids.end(), core::key_of(forward)), 2);
  const auto org = service->reader.find<core::identity::Org>(core::aggregate_of(lab_customer), {lab_customer});
  EXPECT_TRUE(org->has_value());
}

TEST_F(DeliveryTest, AForwardThatIsRefusedIsDone) {
  core::ForwardCommand forward{core::aggregate_of(lab_customer),
                               core::identity::CloseSession{lab_customer, core::Digest("none")}};
  service->bus.refuse_next(1, core::ErrorCode::invalid_session);
  service->delivery.forward(service->term, core::aggregate_of_email(core::Digest("email")), forward);
  service->run_until([&] { return service->bus.ids.size() == 2; });
  EXPECT_EQ(service->bus.ids[1], "complete/" + core::key_of(forward));
}

}  // namespace
}  // namespace processors
