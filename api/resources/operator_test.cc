// If these fail, what operators order is not what is decided: over real handlers, with commands that go nowhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "api/operator_access.h"
#include "api/operator_answers.h"
#include "api/resources/resources.h"
#include "core/parking/state.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace api::resources {
namespace {

using ::testing::HasSubstr;

class RecordingBus final : public processors::CommandBus {
 public:
  void submit(core::AggregateKey aggregate, core::CommandId, core::Command command,
              processors::Answered answered) override {
    sent.emplace_back(std::move(aggregate), std::move(command));
    answered(processors::Answer{"subject", false, {}});
  }
  std::vector<std::pair<core::AggregateKey, core::Command>> sent;
};

class Lanes final : public processors::LaneBoard, public processors::LaneControl {
 public:
  std::vector<processors::LaneStatus> closed_lanes() const override { return closed; }
  void unpark(core::ProviderId provider, std::function<void(std::size_t)> done) override {
    unparked.push_back(provider.value());
    done(closed.size());
  }
  std::vector<processors::LaneStatus> closed;
  std::vector<std::string> unparked;
};

class OperatorTest : public ::testing::Test {
 protected:
  OperatorTest() {
    app.lane_board = &lanes;
    app.lane_control = &lanes;
    add_operator(router, app);
    const core::parking::Parked parked{core::CommandId("timer/quote/qlock_1/1800"), core::aggregate_of(org),
                                       core::ledger::GrantCredits{org, "x", core::Money::from_cents(100)},
                                       "it did not fit", clock.now()};
    EXPECT_TRUE(
        store.write(partition, {{schemas::row_key<core::parking::Parked>(parked.key()), schemas::encode_row(parked)}}));
  }

  http::Response ask(http::Method method, const std::string& path, const std::string& body = {}) {
    const http::Router::Match match = router.match(method, path);
    if (match.route == nullptr) return http::Response(405);
    http::Request request;
    request.method = method;
    request.target = request.path = path;
    request.path_parameters = match.path_parameters;
    request.body = body;
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    const std::string nonce = "nonce-of-the-test-" + std::to_string(++asked);
    OperatorCall call;
    call.method = http::to_string(method);
    call.target = path;
    call.body = body;
    call.time = clock.now();
    call.nonce = nonce;
    request.headers.set("Authorization", operator_authorization(vault, call));
    http::Response response(0);
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep(match.route->handler(request), response), boost::asio::detached);
    context.run();
    return response;
  }
  static http::awaitable<void> keep(http::awaitable<http::Response> handling, http::Response& kept) {
    kept = co_await std::move(handling);
  }
  std::string parked_path(const std::string& choice, std::uint32_t number) const {
    return "/internal/operator/v1/parked/" + std::to_string(number) + "/" + choice;
  }

  static constexpr std::uint32_t partitions = 4;
  const core::OrgId org{"org_" + std::string(26, '1')};
  const core::Partition partition = core::partition_of(core::aggregate_of(org), partitions);
  int asked = 0;
  boost::asio::thread_pool pool{1};
  RecordingBus bus;
  Lanes lanes;
  processors::testing::ManualClock clock;
  processors::testing::FakeStore store;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  const core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  App app{.settings = {},
          .bus = bus,
          .reader = processors::StateReader(store, partitions),
          .vault = vault,
          .blobs = blobs,
          .links = processors::FileLinks(vault, ""),
          .catalog = catalog,
          .lanes = {{core::ProviderId("lab"), core::Mode::sync, true}},
          .passwords = passwords,
          .blocking = pool.get_executor(),
          .now = clock.reader(),
          .halted_partitions =
              [] {
                return std::vector{std::pair(core::Partition(3), core::Error{core::ErrorCode::log_corrupt, "broken"})};
              },
          .render_metrics = {},
          .metrics = metrics,
          .log = log};
  http::Router router;
};

TEST_F(OperatorTest, AParkedCommandIsRetriedOrDroppedInItsPartition) {
  const std::string body = R"({"id":"timer/quote/qlock_1/1800","reason":"mended","operator":"ann"})";
  const http::Response retried = ask(http::Method::post, parked_path("retry", partition.value()), body);
  EXPECT_EQ(retried.status, 200) << retried.body;
  EXPECT_THAT(retried.body, HasSubstr(R"("status":"retried")"));
  EXPECT_EQ(ask(http::Method::post, parked_path("drop", partition.value()), body).status, 200);
  ASSERT_EQ(bus.sent.size(), 2u);
  EXPECT_EQ(bus.sent[0].first, core::aggregate_of(org));
  const auto& retry = std::get<core::parking::RetryParked>(bus.sent[0].second);
  EXPECT_EQ(retry.parked.value() + retry.ordered_by + retry.reason, "timer/quote/qlock_1/1800annmended");
  EXPECT_EQ(std::get<core::parking::DropParked>(bus.sent[1].second).ordered_by, "ann");

  EXPECT_EQ(ask(http::Method::post, parked_path("retry", (partition.value() + 1) % partitions), body).status, 404);
  const std::string other = R"({"id":"nobody","reason":"mended","operator":"ann"})";
  EXPECT_EQ(ask(http::Method::post, parked_path("retry", partition.value()), other).status, 404);
  EXPECT_EQ(bus.sent.size(), 2u);
}

TEST_F(OperatorTest, CreditsKeepTheirReasonAndAnIdOfTheirOwn) {
  const std::string path = "/internal/operator/v1/orgs/" + org.value() + "/credits";
  const auto body = [](const std::string& kind, const std::string& amount) {
    return R"({"id":"starter","kind":")" + kind + R"(","amount":")" + amount + R"(","reason":"why","operator":"ann"})";
  };
  EXPECT_EQ(ask(http::Method::post, path, body("grant", "2.50")).status, 200);
  EXPECT_EQ(ask(http::Method::post, path, body("adjust", "-0.25")).status, 200);
  const auto& grant = std::get<core::ledger::GrantCredits>(bus.sent.at(0).second);
  EXPECT_EQ(grant.grant, "operator/starter") << "the service's own starter grant is another one";
  EXPECT_EQ(grant.reason + grant.ordered_by, "whyann");
  EXPECT_EQ(std::get<core::ledger::AdjustCredits>(bus.sent.at(1).second).amount, core::Money::from_cents(-25));
  for (const auto& wrong : {body("gift", "1.00"), body("grant", "many"), std::string(R"({"id":"a"})"),
                            std::string(R"({"id":"a/b","kind":"grant","amount":"1","reason":"why","operator":"ann"})"),
                            std::string(R"({"id":"a","kind":"grant","amount":"1","reason":"why","operator":""})")})
    EXPECT_EQ(ask(http::Method::post, path, wrong).status, 400) << wrong;
  EXPECT_EQ(bus.sent.size(), 2u);
}

TEST_F(OperatorTest, ANodeTellsOfItselfAndOpensItsLanes) {
  processors::LaneStatus parked;
  parked.provider = core::ProviderId("lab");
  parked.state = processors::LaneState::parked;
  parked.reason = "invalid_api_key";
  parked.since = parked.until = clock.now();
  lanes.closed = {parked};

  const auto listed = read_node_lanes(ask(http::Method::get, "/internal/operator/v1/lanes").body);
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->providers.size(), 1u);
  EXPECT_EQ(listed->providers[0].closures.at(0).reason, "invalid_api_key");
  EXPECT_EQ(listed->providers[0].closures.at(0).model, "");

  const auto status = read_node_status(ask(http::Method::get, "/internal/operator/v1/status").body);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->halted.at(0).detail, "broken");
  EXPECT_EQ(status->closed_lanes, 1u);

  const std::string body = R"({"reason":"new key","operator":"ann"})";
  const http::Response opened = ask(http::Method::post, "/internal/operator/v1/lanes/lab/unpark", body);
  const auto ended = read_closures_ended(opened.body);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(*ended, 1u);
  EXPECT_EQ(lanes.unparked, std::vector<std::string>{"lab"});
  EXPECT_EQ(ask(http::Method::post, "/internal/operator/v1/lanes/nobody/unpark", body).status, 404);
}

TEST(OperatorAnswers, WhatIsNoneIsSaidToBeNone) {
  for (const char* text : {"", "{}", "[]", "null", "{", R"({"instance":1})", R"({"instance":"a","providers":{}})",
                           R"({"instance":"a","providers":[1]})", "\xff"}) {
    EXPECT_TRUE(read_node_lanes(text).has_error()) << text;
    EXPECT_TRUE(read_node_status(text).has_error()) << text;
    EXPECT_TRUE(read_credit_change(text).has_error()) << text;
    EXPECT_TRUE(read_replayed(text).has_error()) << text;
    EXPECT_EQ(read_problem(502, text).code, core::ErrorCode::unavailable);
  }
  const core::Error refused = read_problem(404, R"({"error":{"code":"not_found","message":"there is none"}})");
  EXPECT_EQ(refused.code, core::ErrorCode::not_found);
  EXPECT_EQ(refused.detail, "there is none");
}

}  // namespace
}  // namespace api::resources
