// If these fail, a route reads or writes a partition without asking first whose it is: at every node but one it would
// find nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "api/email_address.h"
#include "api/forwarding.h"
#include "api/resources/resources.h"
#include "api/stripe_event.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"
#include "schemas/stripe_signature.h"

namespace api {
namespace {

using ::testing::HasSubstr;

// What nobody may touch here: a node that owns nothing.
class NoStore final : public processors::StateStore {
 public:
  core::Result<std::optional<std::string>> get(core::Partition, std::string_view) const override {
    ++touched;
    return nothing_here();
  }
  core::Result<void> scan(core::Partition, std::string_view, std::string_view, const Visit&) const override {
    ++touched;
    return nothing_here();
  }
  core::Result<void> scan_reverse(core::Partition, std::string_view, std::string_view, const Visit&) const override {
    ++touched;
    return nothing_here();
  }
  core::Result<void> write(core::Partition, const std::vector<processors::RowChange>&) override { return {}; }
  core::Result<void> wipe(core::Partition) override { return {}; }
  core::Result<void> flush() override { return {}; }

  mutable int touched = 0;

 private:
  static core::Error nothing_here() { return {core::ErrorCode::unavailable, "nothing here"}; }
};

class NoBus final : public processors::CommandBus {
 public:
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered answered) override {
    ++commands;
    answered(core::Error{core::ErrorCode::unavailable, "nothing here"});
  }
  int commands = 0;
};

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() { resources::add_all(router, app); }

  // Shows all there is to show: credential, link and token of `org`, address or token in the body.
  http::Request request_for(const http::Route& route) const {
    http::Request request;
    request.method = route.method;
    request.target = request.path = route.pattern;
    const std::string ulid = org.value().substr(4);
    const processors::FileReference file{org, core::BatchId("bat_" + ulid), processors::Artifact::output};
    for (const char* name : {"id", "job", "slug"}) request.path_parameters.emplace_back(name, app.links.file_id(file));
    request.path_parameters.emplace_back("org", org.value());
    request.path_parameters.emplace_back("partition", "7");
    request.path_parameters.emplace_back("provider", "openai");
    const std::string token = "obv_" + ulid + std::string(43, 'a');
    request.headers.add("Authorization", "Bearer obs_" + ulid + std::string(43, 'a'));
    if (route.options.access == resources::stripe_event) {
      request.body = R"({"id":"evt_1","type":"checkout.session.completed","data":{"object":{"id":"cs_1","metadata":)"
                     R"({"org":")" +
                     org.value() + R"(","checkout":"chk_)" + ulid + "\"}}}}";
      const auto time = std::chrono::floor<std::chrono::seconds>(app.now());
      request.headers.add("Stripe-Signature",
                          schemas::stripe::sign(app.settings.stripe_webhook_secret, time, request.body));
    } else if (route.options.body == http::Body::small) {
      request.headers.add("Content-Type", "application/json");
      const bool by_email = route.options.access == resources::email_holder;
      request.body = by_email ? R"({"email":"Ann@acme.test","password":"secret"})" : R"({"token":")" + token + "\"}";
    } else {
      request.query_parameters.emplace_back("token", token);
    }
    return request;
  }

  static http::awaitable<void> keep(http::awaitable<http::Response> handling, http::Response& kept) {
    kept = co_await std::move(handling);
  }
  http::Response call(const http::Route& route, http::Request& request) {
    http::Response response(0);
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, keep(route.handler(request), response), boost::asio::use_future);
    context.run();
    done.get();
    return response;
  }

  const core::OrgId org{"org_" + std::string(26, '1')};
  std::vector<core::Partition> asked;  // whose is it?
  boost::asio::thread_pool pool{1};
  NoStore store;
  NoBus bus;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  static Settings settings() {
    Settings settings;
    settings.stripe_webhook_secret = core::Secret("whsec_1");
    return settings;
  }
  const App app{.settings = settings(),
                .bus = bus,
                .reader = processors::StateReader(store, 1024),
                .vault = vault,
                .blobs = blobs,
                .links = processors::FileLinks(vault, ""),
                .catalog = catalog,
                .lanes = {},
                .passwords = passwords,
                .blocking = pool.get_executor(),
                .now = [] { return core::Timestamp(std::chrono::seconds(1'800'000'000)); },
                .halted_partitions = [] { return std::vector<std::pair<core::Partition, core::Error>>(); },
                .render_metrics = [] { return std::string(); },
                .metrics = metrics,
                .log = log,
                .forward_to =
                    [this](core::Partition partition) {
                      asked.push_back(partition);
                      return std::optional<std::string>("nowhere");
                    }};
  http::Router router;
};

TEST_F(RoutesTest, AskWhoseThePartitionIsBeforeTheyLookIntoIt) {
  const core::Partition of_org = app.reader.partition(core::aggregate_of(org));
  const core::Digest digest = email_digest(vault, *parse_email_address("ann@acme.test"));
  const core::Partition of_email = app.reader.partition(core::aggregate_of_email(digest));
  ASSERT_NE(of_org, of_email);
  for (const http::Route& route : router.routes()) {
    SCOPED_TRACE(std::string(http::to_string(route.method)) + " " + route.pattern);
    asked.clear();
    http::Request request = request_for(route);
    const http::Response response = call(route, request);
    EXPECT_EQ(store.touched, 0);
    EXPECT_EQ(bus.commands, 0);
    const std::string_view access = route.options.access;
    if (access == resources::anyone || access == resources::probe || access == resources::operator_node) {
      EXPECT_TRUE(asked.empty());
      continue;
    }
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("Nothing was done"));
    const core::Partition of_path(7);
    EXPECT_EQ(asked, std::vector{access == resources::email_holder         ? of_email
                                 : access == resources::operator_partition ? of_path
                                                                           : of_org});
  }
}

// Of what Stripe tells later, a charge names the org; a dispute names nobody, and its handler finds out.
TEST_F(RoutesTest, AChargeBelongsToTheOrgThatItsMetadataNames) {
  const auto event_about = [](std::string_view type, const std::string& members) {
    return schemas::stripe::read_event(R"({"id":"evt_1","type":")" + std::string(type) +
                                       R"(","data":{"object":{"id":"x_1","payment_intent":"pi_1")" + members + "}}}");
  };
  const std::string ours =
      R"(,"metadata":{"org":")" + org.value() + R"(","checkout":"chk_)" + org.value().substr(4) + "\"}";
  EXPECT_EQ(aggregate_of(*event_about("charge.refunded", ours)), core::aggregate_of(org));
  EXPECT_FALSE(aggregate_of(*event_about("charge.refunded", "")));
  EXPECT_FALSE(aggregate_of(*event_about("charge.dispute.funds_withdrawn", ours)));
  EXPECT_FALSE(aggregate_of(*event_about("refund.failed", ours)));
}

// Each handler refuses what shows nothing, in its own words, without looking into any partition.
TEST_F(RoutesTest, RefuseHereWhatNamesNobody) {
  for (const http::Route& route : router.routes()) {
    SCOPED_TRACE(std::string(http::to_string(route.method)) + " " + route.pattern);
    http::Request request;
    request.method = route.method;
    request.target = request.path = route.pattern;
    for (const char* name : {"id", "job", "slug", "org", "partition", "provider"})
      request.path_parameters.emplace_back(name, "nonsense");
    request.headers.add("Authorization", "Bearer nonsense");
    const http::Response response = call(route, request);
    EXPECT_NE(response.status, 503);
    EXPECT_NE(response.status, 500);
  }
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(store.touched + bus.commands, 0);
}

TEST_F(RoutesTest, MustSayWhoMayCallThem) {
  http::Router other;
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the hasher has threads
  other.add(http::Method::get, "/v1/new", router.routes().front().handler, {});
  EXPECT_DEATH(forward_to_owners(other, app), "rule");
}

}  // namespace
}  // namespace api
