// If these fail, one caller takes what is there for all, or honest ones are turned away.
#include "api/rate_limits.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "api/resources/resources.h"
#include "core/identity/rules.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api {
namespace {

struct NoBus final : processors::CommandBus {
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered) override { std::abort(); }
};

class RateLimitsTest : public ::testing::Test {
 protected:
  RateLimitsTest() {
    for (const char* access : {resources::anyone, resources::probe, resources::org, resources::email_holder})
      router.add(http::Method::get, "/" + std::string(access), &RateLimitsTest::hello, {.access = access});
    limit_rates(router, app);
  }

  static http::awaitable<http::Response> hello(http::Request&) { co_return http::text(200, "hello"); }

  static http::awaitable<void> keep(http::awaitable<http::Response> answering, http::Response& kept) {
    kept = co_await std::move(answering);
  }

  // A session of an org of its own.
  std::string make_session(char digit) {
    const std::string ulid(26, digit);
    const std::string token = "obs_" + ulid + std::string(43, 'a');
    core::identity::Session session;
    session.org = core::OrgId("org_" + ulid);
    session.token = schemas::sha256(token);
    session.expires_at = app.now() + std::chrono::hours(1);
    session.created_at = app.now();
    core::identity::Org org;
    org.id = session.org;
    org.created_at = app.now();
    org.verified_at = app.now();
    const auto partition = app.reader.partition(core::aggregate_of(session.org));
    EXPECT_TRUE(store.write(partition,
                            {{schemas::row_key<core::identity::Session>(session.key()), schemas::encode_row(session)},
                             {schemas::row_key<core::identity::Org>(org.key()), schemas::encode_row(org)}}));
    return token;
  }

  http::Response get(const std::string& access, const std::string& token = "",
                     const std::string& address = "192.0.2.1") {
    http::Request request;
    request.method = http::Method::get;
    request.path = "/" + access;
    request.remote_address = address;
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    const http::Router::Match match = router.match(request.method, request.path);
    http::Response response(0);
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, keep(match.route->handler(request), response), boost::asio::use_future);
    context.run();
    done.get();
    return response;
  }

  static std::string header(const http::Response& response, std::string_view name) {
    return std::string(response.headers.get(name).value_or(""));
  }

  static int number(const http::Response& response, std::string_view name) {
    return std::stoi("0" + header(response, name));
  }

  static Settings settings() {
    Settings settings;
    settings.org_requests_per_minute = 3;
    settings.address_requests_per_minute = 5;
    return settings;
  }

  boost::asio::thread_pool pool{1};
  NoBus bus;
  processors::testing::FakeStore store;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  const App app{.settings = settings(),
                .bus = bus,
                .reader = processors::StateReader(store, 1),
                .vault = vault,
                .blobs = blobs,
                .links = processors::FileLinks(vault, ""),
                .catalog = catalog,
                .lanes = {},
                .passwords = passwords,
                .blocking = pool.get_executor(),
                .now = [] { return core::Timestamp(std::chrono::seconds(1'800'000'000)); },
                .halted_partitions = {},
                .render_metrics = {},
                .metrics = metrics,
                .log = log};
  http::Router router;
};

TEST_F(RateLimitsTest, CountAnOrgWhateverItsAddresses) {
  const std::string token = make_session('1');
  for (int i = 0; i < 3; ++i) {
    const http::Response response = get("org", token, "192.0.2." + std::to_string(i));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "RateLimit-Limit"), "3");
    EXPECT_EQ(header(response, "RateLimit-Remaining"), std::to_string(2 - i));
    EXPECT_LE(number(response, "RateLimit-Reset"), 20 * (i + 1));
    EXPECT_GT(number(response, "RateLimit-Reset"), 0);
  }
  const http::Response refused = get("org", token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.body.find("too_many_requests"), std::string::npos);
  EXPECT_LE(number(refused, "Retry-After"), 20);
  EXPECT_GT(number(refused, "Retry-After"), 0);
  EXPECT_EQ(header(refused, "RateLimit-Remaining"), "0");
  EXPECT_EQ(get("org", make_session('2')).status, 200);
  EXPECT_EQ(get("anyone", token).status, 200);  // by its address
}

TEST_F(RateLimitsTest, WhoOnlyNamesAnOrgUsesUpNothingOfIt) {
  const std::string token = make_session('1');
  std::string guessed = token;
  guessed.back() = 'b';
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("org", guessed).status, 200);  // the handler would say 401
  EXPECT_EQ(get("org", guessed).status, 429);
  EXPECT_EQ(get("org").status, 429);
  EXPECT_EQ(header(get("org", token), "RateLimit-Remaining"), "2");
}

TEST_F(RateLimitsTest, CountStrangersByAddressAndProbesNever) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(i % 2 == 0 ? "anyone" : "email_holder").status, 200);
  EXPECT_EQ(get("anyone").status, 429);
  EXPECT_EQ(get("anyone", "", "192.0.2.9").status, 200);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(header(get("probe"), "RateLimit-Limit"), "");
}

}  // namespace
}  // namespace api
