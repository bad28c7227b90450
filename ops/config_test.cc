#include "ops/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ops/config_keys.h"
#include "ops/config_load.h"
#include "ops/config_values.h"

namespace ops {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A file that is gone when the test ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".toml")) {
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

Config loaded(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  const core::Result<Config> config = load_config(arguments, environment);
  EXPECT_TRUE(config) << (config ? "" : config.error().detail);
  return config ? *config : Config();
}

std::string refusal(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  const core::Result<Config> config = load_config(arguments, environment);
  if (config) return "accepted";
  EXPECT_EQ(config.error().code, core::ErrorCode::configuration_invalid);
  return config.error().detail;
}

std::string refusal_of_file(const std::string& content) {
  const TemporaryFile file(content);
  return refusal({"--config", file.path()});
}

std::string content_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

// The documented settings would not be those that the service has.
TEST(Config, example_file_is_what_the_table_says) {
  EXPECT_EQ(content_of("ops/batchrouter.toml"), example_file())
      << "write it anew: build/dev/bin/brctl config example > ops/batchrouter.toml";
}

// The example would not load once its lines are uncommented, or not mean the defaults.
TEST(Config, example_with_every_line_uncommented_means_the_defaults) {
  std::istringstream example(example_file());
  std::string content;
  std::size_t uncommented = 0;
  for (std::string line; std::getline(example, line);) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    uncommented += is_setting ? 1 : 0;
    content += (is_setting ? line.substr(1) : line) + "\n";
  }
  EXPECT_EQ(uncommented, keys().size());

  const TemporaryFile file(content);
  ConfigFlags flags;
  flags.file = file.path();
  const core::Result<EffectiveConfig> effective = load_effective_config(flags, {});
  ASSERT_TRUE(effective) << effective.error().detail;
  for (std::size_t i = 0; i < keys().size(); ++i) {
    EXPECT_EQ(keys()[i].format(effective->config), keys()[i].format(Config())) << full_name(keys()[i]);
    EXPECT_THAT(effective->origins[i], StartsWith(file.path() + ":"));
  }
}

// Two keys with one name or one variable would set each other's value.
TEST(Config, every_key_has_its_own_name_and_documentation) {
  std::set<std::string> names, variables;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(full_name(key)).second) << full_name(key);
    EXPECT_TRUE(variables.insert(variable_name(key)).second) << variable_name(key);
    EXPECT_THAT(std::string(key.documentation), testing::EndsWith("."));
    EXPECT_EQ(key.documentation.find('\n'), std::string_view::npos);
    EXPECT_THAT(settings_help(), HasSubstr(full_name(key) + " = "));
  }
}

// The values of a file, of each kind, would not arrive.
TEST(Config, a_file_sets_values_of_every_kind) {
  const TemporaryFile file(R"(
service.log_level = "warning"
[http]
port = 0
body_bytes_max = "3 GiB"
public_url = "https://batches.example.com/base"
header_seconds = 7
[journal]
segment_bytes = 1048577
[accounts]
starter_grant_usd = "0.5"
session_days = 2
[webhooks]
allow_loopback = true
retry_seconds = [1, 2]
[simulated]
transient_rate = 0.25
item_fault_rate = 1
)");
  const Config config = loaded({"--config", file.path()});
  EXPECT_EQ(config.service.log_level, processors::Log::Level::warning);
  EXPECT_EQ(config.http.port, 0);
  EXPECT_EQ(config.http.body_bytes_max, std::uint64_t{3} << 30);
  EXPECT_EQ(config.http.public_url, "https://batches.example.com/base");
  EXPECT_EQ(config.http.header_time, std::chrono::seconds(7));
  EXPECT_EQ(config.journal.segment_bytes, 1'048'577u);
  EXPECT_EQ(config.accounts.starter_grant, core::Money::from_cents(50));
  EXPECT_EQ(config.accounts.session_lifetime, std::chrono::days(2));
  EXPECT_TRUE(config.webhooks.allow_loopback);
  EXPECT_THAT(config.webhooks.retry_schedule, testing::ElementsAre(std::chrono::seconds(1), std::chrono::seconds(2)));
  EXPECT_EQ(config.simulated.transient_rate, 0.25);
  EXPECT_EQ(config.simulated.item_fault_rate, 1.0);
  EXPECT_EQ(config.http.address, "127.0.0.1") << "what the file leaves out keeps its default";
}

// An operator's override would be ignored.
TEST(Config, flags_go_before_environment_before_file_before_defaults) {
  const TemporaryFile file("[http]\nport = 1\nthreads = 1\nconnections_max = 1\n");
  const Config config = loaded({"--config", file.path(), "--set", "http.port=3"},
                               {{"BATCHROUTER_HTTP_PORT", "2"}, {"BATCHROUTER_HTTP_THREADS", "2"}, {"HOME", "x"}});
  EXPECT_EQ(config.http.port, 3);
  EXPECT_EQ(config.http.threads, 2u);
  EXPECT_EQ(config.http.connections_max, 1u);
  EXPECT_EQ(config.http.idle_time, std::chrono::seconds(75));
}

TEST(Config, flags_have_shortcuts_and_repeat) {
  const Config config = loaded({"--port", "9000", "--data=elsewhere", "--set", "webhooks.retry_seconds=[5, 10]",
                                "--set", "http.public_url=https://a.example/b"});
  EXPECT_EQ(config.http.port, 9'000);
  EXPECT_EQ(config.data.directory, "elsewhere");
  EXPECT_EQ(config.webhooks.retry_schedule.size(), 2u);
  EXPECT_EQ(config.http.public_url, "https://a.example/b");
  EXPECT_THAT(refusal({"--port", "1", "--set", "http.port=2"}), "--port: http.port is given twice, by --set too");
}

// A misspelt setting would be taken for one that is in force.
TEST(Config, unknown_names_are_refused_with_their_place_and_the_likely_name) {
  EXPECT_THAT(refusal_of_file("[http]\n\nprot = 1\n"),
              AllOf(HasSubstr(".toml:3: there is no setting http.prot; did you mean http.port?")));
  EXPECT_THAT(refusal_of_file("[htpp]\nport = 1\n"),
              HasSubstr(":2: there is no setting htpp.port; did you mean http.port?"));
  EXPECT_THAT(refusal_of_file("units_in_flight = 1\n"),
              HasSubstr(":1: there is no setting units_in_flight; did you mean "
                        "dispatch.units_in_flight?"));
  EXPECT_THAT(refusal_of_file("[http.port]\nx = 1\n"),
              HasSubstr("http.port takes a whole number from 0 to 65535; this is "
                        "a section"));
  EXPECT_THAT(refusal_of_file("[pulsar]\n"), HasSubstr(":1: there is no section [pulsar]"));
  EXPECT_THAT(refusal_of_file("[[http]]\n"), HasSubstr(":1: there is no setting http"));
  EXPECT_EQ(refusal({}, {{"BATCHROUTER_HTTP_PROT", "1"}}),
            "BATCHROUTER_HTTP_PROT: this variable sets nothing; did you mean BATCHROUTER_HTTP_PORT?");
  EXPECT_EQ(refusal({}, {{"BATCHROUTER_XYZZYPLUGH_FROBNICATE", "secret"}}),
            "BATCHROUTER_XYZZYPLUGH_FROBNICATE: this variable sets nothing; unset it");
  EXPECT_EQ(refusal({"--set", "htpp.port=1"}), "--set: there is no setting htpp.port; did you mean http.port?");
  EXPECT_THAT(refusal({"--set", "http.port"}), HasSubstr("--set takes section.key=value"));
  EXPECT_THAT(refusal({"--prot", "1"}), AllOf(HasSubstr("--prot"), HasSubstr("see batchrouter --help")));
  EXPECT_THAT(refusal({"9000"}), HasSubstr("9000"));
}

// A test or a client on the same machine could not start the service.
TEST(Config, variables_of_tests_and_clients_are_left_alone) {
  loaded({}, {{"BATCHROUTER_REQUIRE_KAFKA", "1"},
              {"BATCHROUTER_BIN_DIR", "x"},
              {"BATCHROUTER_UPDATE_CONTRACTS", "1"},
              {"BATCHROUTER_API_KEY", "x"},
              {"BATCHROUTER_BASE_URL", "x"}});
}

// A value out of bounds would be cut to something that nobody asked for.
TEST(Config, values_that_are_not_allowed_are_refused) {
  EXPECT_EQ(refusal({"--port", "65536"}), "--port: http.port takes a whole number from 0 to 65535; this is \"65536\"");
  EXPECT_EQ(refusal({"--set", "service.bus=pulsar"}),
            "--set: service.bus takes \"embedded\" or \"kafka\"; this is \"pulsar\"");
  for (const char* setting : {"http.port=-1",
                              "http.port=",
                              "http.port=80 ",
                              "http.port=0x50",
                              "http.port=1e3",
                              "http.threads=0",
                              "http.address=localhost",
                              "http.address=",
                              "http.public_url=ftp://a.example",
                              "http.public_url=https://a.example/",
                              "http.public_url=https://user:password@a.example",
                              "http.public_url=https://",
                              "http.cors_origins=app.example.com",
                              "http.cors_origins=https://app.example.com/",
                              "http.cors_origins=https://App.example.com",
                              "http.cors_origins=https://a.example,",
                              "http.cors_origins=null",
                              "http.trusted_proxies=proxy.example.com",
                              "http.trusted_proxies=10.0.0.0/33",
                              "http.trusted_proxies=10.0.0.1,",
                              "http.body_bytes_max=18446744073709551616",
                              "http.body_bytes_max=99999999999 TiB",
                              "http.body_bytes_max=1",
                              "http.body_bytes_max= GiB",
                              "data.directory=",
                              "accounts.starter_grant_usd=-1.00",
                              "accounts.starter_grant_usd=1e3",
                              "accounts.starter_grant_usd=1000000.01",
                              "webhooks.allow_loopback=yes",
                              "webhooks.retry_seconds=5,",
                              "webhooks.retry_seconds=[5",
                              "webhooks.retry_seconds=-5",
                              "simulated.transient_rate=1.1",
                              "simulated.transient_rate=nan",
                              "simulated.transient_rate=-0.1",
                              "mail.kind=sendmail",
                              "mail.from=nobody",
                              "mail.from=Router <a@b.example",
                              "mail.smtp_url=https://mail.example.com",
                              "mail.smtp_url=smtp://user:password@mail.example.com",
                              "stripe.base_url=api.stripe.com",
                              "service.log_level=loud",
                              "quotes.window_seconds=0"}) {
    EXPECT_THAT(refusal({"--set", setting}), HasSubstr(" takes ")) << setting;
  }
  EXPECT_TRUE(loaded({"--set", "webhooks.retry_seconds=[]"}).webhooks.retry_schedule.empty());
  EXPECT_EQ(loaded({"--set", "http.address=::1"}).http.address, "::1");
  EXPECT_EQ(origins_from(" https://a.example:8443,* ,http://[::1]:3000"),
            (std::vector<std::string>{"https://a.example:8443", "*", "http://[::1]:3000"}));
  EXPECT_EQ(origins_from("  "), std::vector<std::string>());
}

// A wrong type in the file would be guessed at.
TEST(Config, types_in_a_file_are_exact) {
  EXPECT_THAT(refusal_of_file("[http]\nport = \"80\"\n"),
              HasSubstr(":2: http.port takes a whole number from 0 to 65535; this is a text in quotes"));
  EXPECT_THAT(refusal_of_file("[accounts]\nstarter_grant_usd = 25.00\n"), HasSubstr("this is a number with a point"));
  EXPECT_THAT(refusal_of_file("[webhooks]\nretry_seconds = [1, \"2\"]\n"), HasSubstr("this is a list"));
  EXPECT_THAT(refusal_of_file("[simulated]\nseed = -1\n"), HasSubstr("this is \"-1\""));
  EXPECT_THAT(refusal_of_file("[simulated]\ntransient_rate = inf\n"), HasSubstr(" takes "));
  EXPECT_THAT(refusal_of_file("[data]\ndirectory = \"a\\u0000b\"\n"), HasSubstr(" takes "));
}

// A file that cannot be read would be taken for an empty one.
TEST(Config, files_that_cannot_be_read_are_refused) {
  EXPECT_THAT(refusal_of_file("[http]\nport = \n"), HasSubstr(".toml:2: "));
  EXPECT_THAT(refusal({"--config", "no_such_file.toml"}),
              "no_such_file.toml: cannot be read: No such file or directory");
  EXPECT_THAT(refusal({"--config", "ops"}), "ops: cannot be read: Is a directory");
  EXPECT_THAT(refusal_of_file(std::string(1'100'000, '#')), HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(refusal_of_file(std::string(100'000, '[')), HasSubstr(".toml:1: "));
}

// An operator would mend one fault, start again, and find the next.
TEST(Config, all_faults_are_told_at_once) {
  EXPECT_THAT(refusal({"--port", "x", "--set", "a.b=1"}, {{"BATCHROUTER_X", ""}}),
              AllOf(HasSubstr("BATCHROUTER_X: "), HasSubstr("\n--port: "), HasSubstr("\n--set: ")));
}

// Records would be gone for good.
TEST(Config, the_journal_gives_up_only_what_is_archived) {
  EXPECT_EQ(
      refusal({"--set", "journal.retention_days=30"}),
      "journal.retention_days = 30 (--set) needs journal.archive = true: nothing is removed that was not archived");
  EXPECT_TRUE(loaded({"--set", "journal.retention_days=30", "--set", "journal.archive=true"}).journal.archive);
}

// Made-up answers would be charged for.
TEST(Config, production_refuses_simulated_answers) {
  EXPECT_EQ(
      refusal({"--set", "service.mode=production"}),
      "service.mode = \"production\" (--set) refuses simulated.enabled = true (default), as made-up answers would be "
      "charged for; set simulated.enabled = false");
  EXPECT_EQ(loaded({"--set", "service.mode=production", "--set", "simulated.enabled=false"}).service.mode,
            Mode::production);
  EXPECT_THAT(refusal({"--set", "simulated.latency_min_ms=30"}),
              HasSubstr("is more than simulated.latency_max_ms = 20"));
}

// A service would start that sends no mail, or takes money and gives no credit for it.
TEST(Config, what_belongs_together_is_given_together) {
  EXPECT_THAT(refusal({"--set", "mail.kind=resend"}), HasSubstr("needs mail.resend_api_key"));
  EXPECT_THAT(refusal({"--set", "mail.kind=smtp"}), HasSubstr("needs mail.smtp_url"));
  EXPECT_THAT(refusal({"--set", "mail.smtp_username=router"}), HasSubstr("mail.smtp_password"));
  EXPECT_THAT(refusal({"--set", "stripe.secret_key=sk_1"}), HasSubstr("stripe.webhook_secret"));
  EXPECT_THAT(refusal({"--set", "stripe.webhook_secret=whsec_1"}), HasSubstr("stripe.secret_key"));
  const Config config = loaded({"--set", "mail.kind=smtp", "--set", "mail.smtp_url=smtps://mail.example.com", "--set",
                                "stripe.secret_key=sk_1", "--set", "stripe.webhook_secret=whsec_1"});
  EXPECT_EQ(config.mail.kind, MailKind::smtp);
  EXPECT_EQ(checkout_of(config), Checkout::stripe);
  EXPECT_EQ(checkout_of(loaded({})), Checkout::local);
  EXPECT_EQ(checkout_of(loaded({"--set", "service.mode=production", "--set", "simulated.enabled=false"})),
            Checkout::off);
}

TEST(Config, help_and_version_are_found_only_when_asked_for) {
  EXPECT_THAT(information_asked_for({"--help"}).value_or(""), AllOf(HasSubstr("--set"), HasSubstr("http.port = 8080")));
  EXPECT_THAT(information_asked_for({"--version"}).value_or(""), StartsWith("batchrouter "));
  EXPECT_EQ(information_asked_for({"--port", "1"}), std::nullopt);
  EXPECT_EQ(information_asked_for({"--prot"}), std::nullopt);
}

// Decisions would be made by other numbers than the operator's.
TEST(Config, policy_is_made_of_the_settings) {
  const core::Policy standard = policy_of(Config()), own;
  EXPECT_EQ(standard.starter_grant, own.starter_grant);
  EXPECT_EQ(standard.webhook_retry_schedule, own.webhook_retry_schedule);
  const core::Policy policy = policy_of(
      loaded({"--set", "accounts.starter_grant_usd=1.00", "--set", "accounts.verification_hours=1", "--set",
              "accounts.session_days=1", "--set", "accounts.api_keys_max=2", "--set", "quotes.window_seconds=60",
              "--set", "dispatch.attempts_max=3", "--set", "webhooks.retry_seconds=7"}));
  EXPECT_EQ(policy.starter_grant, core::Money::from_cents(100));
  EXPECT_EQ(policy.verification_lifetime, std::chrono::hours(1));
  EXPECT_EQ(policy.session_lifetime, std::chrono::hours(24));
  EXPECT_EQ(policy.api_keys_max, 2u);
  EXPECT_EQ(policy.quote_window, std::chrono::minutes(1));
  EXPECT_EQ(policy.unit_attempts_max, 3u);
  EXPECT_THAT(policy.webhook_retry_schedule, testing::ElementsAre(std::chrono::seconds(7)));
}

// Links in mails would lead nowhere.
// If this failed, a provider's key could be read in a terminal's history or a log.
TEST(Config, keys_of_providers_are_never_shown) {
  EXPECT_THAT(refusal({}, {{"BATCHROUTER_OPENAI_API_KEY", "sk-with a space"}}),
              AllOf(HasSubstr("openai.api_key takes"), Not(HasSubstr("with a space"))));
  const Key* key = find_key("openai.api_key");
  Config config;
  ASSERT_TRUE(key->parse(config, "sk-1234"));
  EXPECT_EQ(config.openai.api_key, "sk-1234");
  EXPECT_EQ(key->format(config), "\"***\"");
}

TEST(Config, public_url_is_where_the_service_listens_unless_set) {
  EXPECT_EQ(public_url_of(loaded({"--port", "0"}), 41'234), "http://127.0.0.1:41234");
  EXPECT_EQ(public_url_of(loaded({"--set", "http.address=::1"}), 8'080), "http://[::1]:8080");
  EXPECT_EQ(public_url_of(loaded({"--set", "http.public_url=https://a.example"}), 8'080), "https://a.example");
}

TEST(Config, environment_is_read_from_a_list_that_ends_with_null) {
  const char* const variables[] = {"A=1", "B=x=y", "C=", "nonsense", nullptr};
  EXPECT_EQ(environment_of(variables), (Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
}

}  // namespace
}  // namespace ops
