// If these fail, people cannot get in, or others can: accounts, sessions and keys over the real handlers, vault and
// partition loops, with journal and state in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <variant>

#include "adapters/blobs/local_blobs.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/vault/local_vault.h"
#include "api/email_address.h"
#include "api/http/cookies.h"
#include "api/resources/resources.h"
#include "processors/node.h"
#include "processors/testing/fake_journal.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_metrics.h"

namespace api::resources {
namespace {

using http::Method;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct NullLog final : processors::Log {
  void write(Level, std::string_view, processors::Fields) override {}
};

// Forwards commands, and keeps the tokens that would have been mailed.
class Effects final : public processors::EffectRunner {
 public:
  explicit Effects(const processors::Vault& vault) : vault_(vault) {}
  void attach(processors::CommandBus& bus) { bus_ = &bus; }

  void start(const processors::TermPointer&, const core::AggregateKey&, const core::Effect& effect) override {
    if (const auto* forward = std::get_if<core::ForwardCommand>(&effect))
      bus_->submit(forward->aggregate, core::CommandId("forward/" + core::key_of(effect)), forward->command,
                   [](const core::Result<processors::Answer>&) {});
    if (const auto* mail = std::get_if<core::SendMail>(&effect)) {
      kinds.push_back(mail->kind);
      if (!mail->token.text().empty()) mailed_tokens.push_back(*vault_.unseal(mail->org, mail->token));
    }
  }

  std::vector<std::string> mailed_tokens;
  std::vector<core::identity::MailKind> kinds;

 private:
  const processors::Vault& vault_;
  processors::CommandBus* bus_ = nullptr;
};

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;

  std::string operator[](const char* member) const {
    rapidjson::Document json;
    json.Parse(body.c_str());
    return json.IsObject() && json.HasMember(member) && json[member].IsString() ? json[member].GetString() : "";
  }
  std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
};

class Identity : public ::testing::Test {
 protected:
  static constexpr std::uint32_t partitions = 4;
  static constexpr const char* password = "a long enough password";

  explicit Identity(std::string mode = "development") {
    Settings settings;
    settings.mode = std::move(mode);
    settings.public_url = "https://batch.example.com";
    processors::Node::Settings node{partitions, "test", settings.policy, clock_.reader()};
    const processors::Node::Environment environment{journal_, store_, effects_, metrics_, log_};
    node_ = std::make_unique<processors::Node>(context_.get_executor(), context_.get_executor(), std::move(node),
                                               environment);
    effects_.attach(*node_);
    bool settled = false;
    node_->when_settled([&] { settled = true; });
    node_->own_all();
    while (!settled) context_.run_one();
    app_ = std::make_unique<App>(App{.settings = settings,
                                     .bus = *node_,
                                     .reader = processors::StateReader(store_, partitions),
                                     .vault = *vault_,
                                     .blobs = *blobs_,
                                     .links = processors::FileLinks(*vault_, settings.public_url),
                                     .catalog = catalog_,
                                     .lanes = {},
                                     .passwords = passwords_,
                                     .blocking = context_.get_executor(),
                                     .now = clock_.reader(),
                                     .halted_partitions = {},
                                     .render_metrics = {},
                                     .metrics = metrics_,
                                     .log = log_});
    add_auth(router_, *app_);
    add_passwords(router_, *app_);
    add_sessions(router_, *app_);
    add_api_keys(router_, *app_);
  }

  Answer ask_with_form(const std::string& path, const std::string& body, http::Parameters query) {
    http::Headers headers;
    headers.add("Content-Type", "application/x-www-form-urlencoded");
    return ask(Method::post, path, body, std::move(headers), std::move(query));
  }

  Answer ask(Method method, const std::string& path, const std::string& body = {}, http::Headers headers = {},
             http::Parameters query = {}) {
    const http::Router::Match match = router_.match(method, path);
    if (match.route == nullptr) return {};
    http::Request request;
    request.method = method;
    request.path = path;
    request.path_parameters = match.path_parameters;
    request.query_parameters = std::move(query);
    request.headers = std::move(headers);
    if (!body.empty() && request.headers.count("Content-Type") == 0)
      request.headers.set("Content-Type", "application/json");
    request.body = body;
    request.remote_address = "127.0.0.1";
    std::optional<Answer> answer;
    boost::asio::co_spawn(context_, run(match.route->handler, request, answer), boost::asio::detached);
    while (!answer) context_.run_one();
    return std::move(*answer);
  }
  Answer post(const std::string& path, const std::string& body, http::Headers headers = {}) {
    return ask(Method::post, path, body, std::move(headers));
  }

  static http::awaitable<void> run(http::Handler handler, http::Request& request, std::optional<Answer>& answer) {
    http::Response response = co_await handler(request);
    answer = Answer{response.status, std::move(response.headers), std::move(response.body)};
  }

  static http::Headers bearer(const std::string& token) {
    http::Headers headers;
    headers.add("Authorization", "Bearer " + token);
    return headers;
  }
  static http::Headers cookie(const std::string& token, const std::string& origin) {
    http::Headers headers;
    headers.add("Cookie", "__Host-batchrouter_session=" + token);
    if (!origin.empty()) headers.add("Origin", origin);
    return headers;
  }

  Answer sign_up(const std::string& email, const std::string& with = password) {
    return post("/v1/auth/agent-register",
                R"({"agent_name":"robot","email":")" + email + R"(","password":")" + with + "\"}");
  }
  Answer log_in(const std::string& email, const std::string& with = password) {
    return post("/v1/auth/login", R"({"email":")" + email + R"(","password":")" + with + "\"}");
  }
  Answer verify(const std::string& token) {
    return post("/v1/auth/verify-email/confirm", R"({"token":")" + token + "\"}");
  }
  std::string session_of(const std::string& email) {
    sign_up(email);
    return verify(tokens().back())["session_token"];
  }
  Answer forgot(const std::string& email) { return post("/v1/auth/password/forgot", R"({"email":")" + email + "\"}"); }
  Answer resend(const std::string& email) {
    return post("/v1/auth/verify-email/resend", R"({"email":")" + email + "\"}");
  }
  Answer reset(const std::string& token, const std::string& to) {
    return post("/v1/auth/password/reset", R"({"token":")" + token + R"(","password":")" + to + "\"}");
  }
  const std::vector<std::string>& tokens() const { return effects_.mailed_tokens; }
  const std::vector<core::identity::MailKind>& mails() const { return effects_.kinds; }
  core::Partition partition_of(const core::AggregateKey& aggregate) const { return app_->reader.partition(aggregate); }
  core::AggregateKey aggregate_of_email(const std::string& email) const {
    return core::aggregate_of_email(email_digest(*vault_, *parse_email_address(email)));
  }
  int status_with(const std::string& token) {
    return ask(Method::get, "/v1/sessions/current", {}, bearer(token)).status;
  }

  processors::testing::ManualClock clock_;

 private:
  adapters::files::TemporaryDirectory directory_;
  std::unique_ptr<adapters::vault::LocalVault> vault_ = *adapters::vault::LocalVault::open(directory_.path() / "keys");
  std::unique_ptr<adapters::blobs::LocalBlobs> blobs_ = *adapters::blobs::LocalBlobs::open(directory_.path() / "blobs");
  processors::testing::FakeJournal journal_;
  processors::testing::FakeStore store_;
  processors::testing::NullMetrics metrics_;
  NullLog log_;
  core::Catalog catalog_;
  Effects effects_{*vault_};
  adapters::passwords::PasswordHasher passwords_;
  boost::asio::io_context context_;
  std::unique_ptr<processors::Node> node_;
  std::unique_ptr<App> app_;
  http::Router router_;
};

class IdentityInProduction : public Identity {
 protected:
  IdentityInProduction() : Identity("production") {}
};

// Broken: who stole a password or a session would keep the account.
TEST_F(Identity, AResetEndsOlderSessionsAndWorksOnce) {
  using enum core::identity::MailKind;
  const std::string session = session_of("robot@example.com");
  const std::string key = post("/v1/auth/account/api-keys", R"({"label":"prod"})", bearer(session))["api_key"];
  EXPECT_EQ(forgot("robot@example.com").status, 202);
  const std::string token = tokens().back();
  EXPECT_EQ(reset(token, "short").status, 400);
  EXPECT_EQ(status_with(session), 200) << "asking changes nothing";

  const std::string other_password = "another long enough password";
  EXPECT_EQ(reset(token, other_password).status, 200);
  EXPECT_EQ(mails(), (std::vector{verification, password_reset, password_changed}));
  EXPECT_EQ(status_with(session), 401);
  EXPECT_EQ(status_with(key), 200);
  EXPECT_EQ(log_in("robot@example.com").status, 401);
  const Answer login = log_in("robot@example.com", other_password);
  EXPECT_EQ(login.status, 200);
  EXPECT_EQ(status_with(login["session_token"]), 200);
  EXPECT_EQ(reset(token, other_password).status, 400);
  EXPECT_EQ(verify(token).status, 400) << "a token of the other kind";
}

TEST_F(Identity, TheResetPageTakesAForm) {
  session_of("robot@example.com");
  forgot("robot@example.com");
  const http::Parameters query{{"token", tokens().back()}};
  const Answer page = ask(Method::get, "/v1/auth/password/reset", {}, {}, query);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<form method=\"post\">"));
  EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
  const Answer bad = ask_with_form("/v1/auth/password/reset", "password=short", query);
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, HasSubstr("<form"));
  EXPECT_EQ(ask_with_form("/v1/auth/password/reset", "password=a+new%20password+of+mine", query).status, 200);
  EXPECT_EQ(log_in("robot@example.com", "a new password of mine").status, 200);
}

// Broken: strangers could learn who has an account.
TEST_F(Identity, ForgotAndResendTellNothing) {
  session_of("known@example.com");
  sign_up("waiting@example.com");
  for (const bool forgotten : {true, false}) {
    const auto ask_for = [&](const char* email) { return forgotten ? forgot(email) : resend(email); };
    const Answer known = ask_for("known@example.com");
    const Answer waiting = ask_for("waiting@example.com");
    const Answer unknown = ask_for("nobody@example.com");
    EXPECT_EQ(known.status, 202);
    EXPECT_EQ(known.status, unknown.status);
    EXPECT_EQ(known.body, unknown.body);
    EXPECT_EQ(waiting.body, unknown.body);
  }
  using enum core::identity::MailKind;
  EXPECT_EQ(mails(), (std::vector{verification, verification, password_reset, verification}));
  EXPECT_EQ(verify(tokens().back()).status, 200);
}

TEST_F(Identity, FromRegistrationToAKeyThatWorksUntilItIsRevoked) {
  const Answer registered = sign_up("Robot@Example.com");
  EXPECT_EQ(registered.status, 201);
  EXPECT_EQ(registered["status"], "verification_required");
  ASSERT_EQ(tokens().size(), 1u);

  const Answer verified = verify(tokens()[0]);
  EXPECT_EQ(verified.status, 200);
  EXPECT_EQ(verified["status"], "verified");
  EXPECT_EQ(verify(tokens()[0]).status, 400);  // once only

  const Answer key = post("/v1/auth/account/api-keys", R"({"label":"prod"})", bearer(verified["session_token"]));
  ASSERT_EQ(key.status, 201);
  EXPECT_EQ(key["label"], "prod");
  EXPECT_THAT(key["api_key"], StartsWith("ob_live_"));
  EXPECT_EQ(key["hint"], "…" + key["api_key"].substr(key["api_key"].size() - 4));

  const Answer current = ask(Method::get, "/v1/sessions/current", {}, bearer(key["api_key"]));
  EXPECT_EQ(current.status, 200);
  EXPECT_EQ(current["actor_type"], "agent");
  EXPECT_EQ(current["auth_method"], "api_key");
  EXPECT_THAT(current.body, HasSubstr(R"("email":"Robot@Example.com","name":"robot")"));
  EXPECT_THAT(current["webhook_signing_secret"], StartsWith("whsec_"));

  const Answer listed = ask(Method::get, "/v1/api-keys", {}, bearer(key["api_key"]));
  EXPECT_THAT(listed.body, HasSubstr(key["id"]));
  EXPECT_THAT(listed.body, ::testing::Not(HasSubstr(key["api_key"])));

  for (int i = 0; i < 2; ++i) {  // revoking twice is fine
    const Answer revoked = ask(Method::delete_, "/v1/api-keys/" + key["id"], {}, bearer(verified["session_token"]));
    EXPECT_EQ(revoked.status, 200);
    EXPECT_EQ(revoked["status"], "revoked");
  }
  EXPECT_EQ(status_with(key["api_key"]), 401);
}

TEST_F(Identity, AnOrgLiesInThePartitionOfItsAddress) {
  for (const std::string email : {"a@example.com", "b@example.com", "c@example.com", "d@example.com"}) {
    sign_up(email);
    const core::OrgId org(verify(tokens().back())["org_id"]);
    EXPECT_EQ(partition_of(core::aggregate_of(org)), partition_of(aggregate_of_email(email))) << email;
  }
}

TEST_F(Identity, RegistrationTellsNothingOfTheAddress) {
  const Answer first = sign_up("a@example.com");
  const Answer again = sign_up("a@example.com", "another long password");
  EXPECT_EQ(tokens().size(), 2u);
  verify(tokens()[1]);
  const Answer known = sign_up("a@example.com");
  EXPECT_EQ(tokens().size(), 2u);
  for (const Answer& answer : {again, known}) {
    EXPECT_EQ(answer.status, first.status);
    EXPECT_EQ(answer.body, first.body);
  }
  // The password that counts is the one of the mail that was read.
  EXPECT_EQ(log_in("a@example.com").status, 401);
  EXPECT_EQ(log_in("A@example.com ", "another long password").status, 200);
}

TEST_F(Identity, LoginTellsNothingOfTheAddress) {
  sign_up("unverified@example.com");
  session_of("verified@example.com");
  const Answer unknown = log_in("nobody@example.com");
  EXPECT_EQ(unknown.status, 401);
  for (const Answer& answer :
       {log_in("unverified@example.com"), log_in("verified@example.com", "the wrong password")}) {
    EXPECT_EQ(answer.status, unknown.status);
    EXPECT_EQ(answer.body, unknown.body);
  }
}

TEST_F(Identity, ACookieWorksForOurOwnPagesOnlyAndUntilLogout) {
  session_of("a@example.com");
  const Answer in = log_in("a@example.com");
  ASSERT_EQ(in.status, 200);
  const std::string token = in["session_token"];
  EXPECT_EQ(in.header("Set-Cookie"),
            "__Host-batchrouter_session=" + token + "; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax");
  EXPECT_EQ(in.header("Cache-Control"), "no-store");

  EXPECT_EQ(post("/v1/api-keys", "{}", cookie(token, "https://evil.example.com")).status, 403);
  EXPECT_EQ(post("/v1/api-keys", "{}", cookie(token, "null")).status, 403);
  EXPECT_EQ(post("/v1/auth/logout", {}, cookie(token, "https://evil.example.com")).status, 403);
  EXPECT_EQ(post("/v1/api-keys", "{}", cookie(token, "https://batch.example.com")).status, 201);

  const Answer out = post("/v1/auth/logout", {}, cookie(token, "https://batch.example.com"));
  EXPECT_EQ(out.status, 204);
  EXPECT_THAT(out.header("Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(status_with(token), 401);
  EXPECT_EQ(post("/v1/auth/logout", {}).status, 204);
  EXPECT_EQ(ask(Method::get, "/v1/sessions/current").body, "null");
}

TEST_F(Identity, ASessionEndsByItself) {
  const std::string token = session_of("a@example.com");
  clock_.advance(std::chrono::hours(24 * 14) - std::chrono::seconds(1));
  EXPECT_EQ(status_with(token), 200);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(status_with(token), 401);
}

TEST_F(Identity, EveryInvalidKeyGetsTheSameAnswer) {
  const std::string session = session_of("a@example.com");
  const Answer key = post("/v1/api-keys", "{}", bearer(session));
  std::string mistyped = key["api_key"];
  mistyped.back() = mistyped.back() == 'x' ? 'y' : 'x';
  ask(Method::delete_, "/v1/api-keys/" + key["id"], {}, bearer(session));
  const Answer revoked = ask(Method::get, "/v1/api-keys", {}, bearer(key["api_key"]));
  EXPECT_EQ(revoked.status, 401);
  EXPECT_THAT(revoked.body, HasSubstr("invalid_api_key"));
  for (const std::string& text :
       {mistyped, std::string("ob_live_"), std::string(), std::string("sk-other"), tokens()[0]})
    EXPECT_EQ(ask(Method::get, "/v1/api-keys", {}, bearer(text)).body, revoked.body) << text;
}

TEST_F(Identity, ARotatedKeyWorksDuringItsGrace) {
  const std::string session = session_of("a@example.com");
  const Answer old = post("/v1/api-keys", R"({"name":"worker"})", bearer(session));
  const Answer fresh = post("/v1/api-keys/" + old["id"] + "/rotate", R"({"grace_period_seconds":60})", bearer(session));
  ASSERT_EQ(fresh.status, 201);
  EXPECT_EQ(fresh["label"], "worker");
  EXPECT_EQ(status_with(old["api_key"]), 200);
  clock_.advance(std::chrono::seconds(60));
  EXPECT_EQ(status_with(old["api_key"]), 401);
  EXPECT_EQ(status_with(fresh["api_key"]), 200);
}

TEST_F(Identity, KeysOfOthersLookLikeKeysOfNobody) {
  const std::string mine = session_of("a@example.com");
  const std::string theirs = session_of("b@example.com");
  const std::string id = post("/v1/api-keys", "{}", bearer(theirs))["id"];
  for (const char* action : {"/revoke", "/rotate"}) {
    const Answer foreign = post("/v1/api-keys/" + id + action, {}, bearer(mine));
    EXPECT_EQ(foreign.status, 404);
    EXPECT_EQ(foreign["detail"], post("/v1/api-keys/key_unknown" + std::string(action), {}, bearer(mine))["detail"]);
  }
  const Answer page = ask(Method::get, "/v1/api-keys", {}, bearer(mine), {{"after", id}});
  EXPECT_THAT(page.body, ::testing::Not(HasSubstr(id)));
}

TEST_F(Identity, KeysComeInPages) {
  const std::string session = session_of("a@example.com");
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(post("/v1/api-keys", "{}", bearer(session))["id"]);
    clock_.advance(std::chrono::seconds(1));
  }
  const Answer first = ask(Method::get, "/v1/api-keys", {}, bearer(session), {{"limit", "2"}});
  EXPECT_THAT(first.body, HasSubstr(R"("has_more":true)"));
  EXPECT_EQ(first["last_id"], ids[1]);
  const Answer second =
      ask(Method::get, "/v1/api-keys", {}, bearer(session), {{"limit", "2"}, {"after", first["last_id"]}});
  EXPECT_THAT(second.body, HasSubstr(R"("has_more":false)"));
  EXPECT_EQ(second["last_id"], ids[0]);
}

TEST_F(Identity, TheLinkInTheMailIsUsedByAVisitNotByALook) {
  sign_up("a@example.com");
  const http::Parameters token{{"token", tokens()[0]}};
  EXPECT_EQ(ask(Method::head, "/v1/auth/verify-email", {}, {}, token).header("Set-Cookie"), "");
  const Answer visited = ask(Method::get, "/v1/auth/verify-email", {}, {}, token);
  EXPECT_EQ(visited.status, 200);
  EXPECT_THAT(visited.body, HasSubstr("is verified"));
  EXPECT_THAT(visited.header("Set-Cookie"), StartsWith("__Host-batchrouter_session=obs_"));
  EXPECT_EQ(visited.header("Referrer-Policy"), "no-referrer");
  const Answer again = ask(Method::get, "/v1/auth/verify-email", {}, {}, token);
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.header("Content-Type"), StartsWith("text/html"));
}

TEST_F(Identity, BadInputIsNamed) {
  const auto param = [&](const std::string& path, const std::string& body) {
    const Answer answer = post(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    rapidjson::Document json;
    json.Parse(answer.body.c_str());
    return std::string(json["error"]["param"].GetString());
  };
  EXPECT_EQ(param("/v1/auth/register", R"({"password":"a long enough password"})"), "email");
  EXPECT_EQ(param("/v1/auth/register", R"({"email":"a@b.co","password":"short"})"), "password");
  EXPECT_EQ(param("/v1/auth/register", R"({"email":"a@b.co","password":"a long one","org_id":"x"})"), "org_id");
  EXPECT_EQ(param("/v1/auth/agent-register", R"({"email":"a@b.co","password":"a long one"})"), "agent_name");
  EXPECT_EQ(param("/v1/auth/verify-email", R"({"token":"x"})"), "token");
}

TEST_F(IdentityInProduction, GuessingIsSlowedDown) {
  Answer last;
  for (int i = 0; i < 21; ++i) last = post("/v1/auth/login", "{}");
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.header("Retry-After"), "6");
}

}  // namespace
}  // namespace api::resources
