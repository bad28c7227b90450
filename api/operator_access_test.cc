// If these fail, somebody without the keys of the deployment does what only operators may, or does it again.
#include "api/operator_access.h"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace api {
namespace {

class NoBus final : public processors::CommandBus {
 public:
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered answered) override {
    answered(core::Error{core::ErrorCode::unavailable, "nothing here"});
  }
};

class OtherVault final : public processors::Vault {
 public:
  core::Result<core::Sealed> seal(const core::OrgId&, std::string_view) override { return core::Sealed(); }
  core::Result<std::string> unseal(const core::OrgId&, const core::Sealed&) const override { return std::string(); }
  core::Result<void> erase(const core::OrgId&) override { return {}; }
  core::Digest mac(std::string_view, std::string_view) const override { return core::Digest(std::string(64, '0')); }
};

class OperatorAccessTest : public ::testing::Test {
 protected:
  http::Request request(const processors::Vault& keys, core::Timestamp time, std::string_view nonce) const {
    http::Request request;
    request.method = http::Method::post;
    request.target = request.path = "/internal/operator/v1/lanes/openai/unpark";
    request.body = R"({"reason":"new key","operator":"ann"})";
    request.remote_address = "203.0.113.7";
    OperatorCall call;
    call.method = "POST";
    call.target = request.target;
    call.body = request.body;
    call.time = time;
    call.nonce = nonce;
    request.headers.set("Authorization", operator_authorization(keys, call));
    return request;
  }
  http::Request request(std::string_view nonce = "0123456789abcdef") const {
    return request(vault, clock.now(), nonce);
  }
  // The code of the refusal; empty: let in.
  std::string checked(const http::Request& asked) {
    const core::Result<void> answer = access.check(asked);
    return answer.has_value() ? "" : std::string(core::to_string(answer.error().code));
  }
  void expect_refused(const http::Request& asked) {
    const core::Result<void> answer = access.check(asked);
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().code, core::ErrorCode::authentication_required);
    if (refusal.empty()) refusal = answer.error().detail;
    EXPECT_EQ(answer.error().detail, refusal) << "tells why";
  }

  boost::asio::thread_pool pool{1};
  NoBus bus;
  processors::testing::ManualClock clock;
  processors::testing::FakeStore store;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  const core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  const App app{.settings = {},
                .bus = bus,
                .reader = processors::StateReader(store, 1),
                .vault = vault,
                .blobs = blobs,
                .links = processors::FileLinks(vault, ""),
                .catalog = catalog,
                .lanes = {},
                .passwords = passwords,
                .blocking = pool.get_executor(),
                .now = clock.reader(),
                .halted_partitions = {},
                .render_metrics = {},
                .metrics = metrics,
                .log = log};
  OperatorAccess access{app};
  std::string refusal;
};

TEST_F(OperatorAccessTest, WhoHasTheKeysGetsInOnce) {
  const http::Request asked = request();
  EXPECT_EQ(checked(asked), "");
  expect_refused(asked);
  EXPECT_EQ(checked(request("another-nonce-of-24-chars")), "");
}

TEST_F(OperatorAccessTest, EveryPartOfTheRequestIsSigned) {
  http::Request changed = request();
  changed.body += " ";
  expect_refused(changed);
  changed = request();
  changed.target = "/internal/operator/v1/lanes/anthropic/unpark";
  expect_refused(changed);
  changed = request();
  changed.method = http::Method::get;
  expect_refused(changed);
  const std::string shown(*request().headers.get("authorization"));
  for (const std::size_t at : {std::string("Operator ").size(), shown.find('.') + 1, shown.rfind('.') + 1}) {
    std::string text = shown;
    text[at] = text[at] == '1' ? '2' : '1';
    changed.headers.set("Authorization", text);
    changed.method = http::Method::post;
    expect_refused(changed);
  }
  EXPECT_EQ(checked(request()), "");  // none of it has used up the nonce
}

TEST_F(OperatorAccessTest, OtherKeysOpenNothing) {
  const OtherVault other;
  expect_refused(request(other, clock.now(), "0123456789abcdef"));
}

TEST_F(OperatorAccessTest, ARequestIsGoodForAMinute) {
  const core::Timestamp now = clock.now();
  expect_refused(request(vault, now - std::chrono::seconds(62), "nonce-from-long-ago"));
  expect_refused(request(vault, now + std::chrono::seconds(62), "nonce-from-tomorrow"));
  EXPECT_EQ(checked(request(vault, now - std::chrono::seconds(59), "nonce-just-in-time")), "");
  EXPECT_EQ(checked(request(vault, now + std::chrono::seconds(59), "nonce-a-bit-ahead")), "");
  // A nonce is remembered for as long as its request would be good.
  const http::Request ahead = request(vault, now + std::chrono::seconds(59), "nonce-to-be-kept");
  EXPECT_EQ(checked(ahead), "");
  clock.advance(std::chrono::seconds(100));
  expect_refused(ahead);
}

TEST_F(OperatorAccessTest, WhatIsNoSuchHeaderIsRefused) {
  for (const char* text :
       {"", "Operator", "Operator ", "Operator 1", "Operator 1.2", "Operator 1.2.3", "Operator ..",
        "Operator 1800000000.0123456789abcdef.", "operator 1.0123456789abcdef.0", "Operator -1.0123456789abcdef.00",
        "Operator 99999999999999999999.0123456789abcdef.00", "Bearer ob_live_x",
        "Operator 1.\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff.00"}) {
    http::Request asked = request();
    asked.headers.set("Authorization", text);
    expect_refused(asked);
  }
  http::Request nothing = request();
  nothing.headers.erase("Authorization");
  expect_refused(nothing);
  http::Request twice = request();
  twice.headers.add("Authorization", std::string(*twice.headers.get("authorization")));
  expect_refused(twice);
}

TEST_F(OperatorAccessTest, WhoGuessesIsSlowedDownAndOperatorsAreNot) {
  http::Request wrong = request();
  wrong.body = "{}";
  std::string last;
  for (int i = 0; i < 200 && last != "too_many_requests"; ++i) last = checked(wrong);
  EXPECT_EQ(last, "too_many_requests");
  EXPECT_EQ(checked(request()), "");
}

}  // namespace
}  // namespace api
