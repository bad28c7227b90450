// brctl doctor: looks at everything that can be wrong with a deployment, and says what to do about it.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>

#include "api/json_text.h"
#include "api/operator_answers.h"
#include "core/parking/state.h"
#include "ops/brctl/live_rows.h"
#include "ops/brctl/operator_client.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "ops/clock.h"
#include "ops/kafka_nodes.h"
#include "ops/version.h"

namespace ops::brctl {

namespace {

using std::filesystem::path;

constexpr std::uint64_t free_bytes_low = std::uint64_t{2} << 30;
constexpr std::uint64_t free_bytes_few = std::uint64_t{200} << 20;
constexpr auto checkpoint_age_max = std::chrono::minutes(10);
constexpr auto snapshot_age_max = std::chrono::hours(48);
constexpr auto clock_difference_max = std::chrono::seconds(5);
constexpr std::int64_t records_behind_max = 100'000;

enum class Health { ok, warn, fail };
std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warn: return "warn";
    case Health::fail: return "fail";
  }
  return "";
}

struct Check {
  std::string name;
  Health health = Health::ok;
  std::string found;
  std::string remedy;  // empty where nothing is to be done
};

class Report {
 public:
  void ok(std::string name, std::string found) {
    checks_.push_back({std::move(name), Health::ok, std::move(found), ""});
  }
  void warn(std::string name, std::string found, std::string remedy) {
    checks_.push_back({std::move(name), Health::warn, std::move(found), std::move(remedy)});
  }
  void fail(std::string name, std::string found, std::string remedy) {
    checks_.push_back({std::move(name), Health::fail, std::move(found), std::move(remedy)});
  }
  bool healthy() const {
    return std::none_of(checks_.begin(), checks_.end(), [](const Check& one) { return one.health == Health::fail; });
  }

  void print(Console& console, bool as_json) const {
    if (as_json) {
      api::JsonText json;
      json.boolean("healthy", healthy()).array("checks");
      for (const Check& one : checks_) {
        json.element().text("check", one.name).text("status", to_string(one.health)).text("found", one.found);
        json.text_or_null("remedy", one.remedy).end_object();
      }
      json.end_array();
      console.out << std::move(json).finish() << '\n';
      return;
    }
    std::vector<std::vector<std::string>> rows;
    for (const Check& one : checks_) {
      rows.push_back({std::string(to_string(one.health)), one.name, one.found});
      if (!one.remedy.empty()) rows.push_back({"", "", "-> " + one.remedy});
    }
    console.out << render_table(rows);
  }

 private:
  std::vector<Check> checks_;
};

std::string size_text(std::uint64_t bytes) {
  return grouped(static_cast<std::size_t>(bytes >> 20)) + " MiB";
}

std::string age_text(std::chrono::seconds age) {
  if (age < std::chrono::minutes(2)) return std::to_string(age.count()) + " s ago";
  if (age < std::chrono::hours(2)) return std::to_string(age.count() / 60) + " min ago";
  return std::to_string(age.count() / 3600) + " h ago";
}

bool open_to_others(const path& file) {
  struct stat status;
  return ::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

void look_at_directory(Report& report, const std::string& name, const path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    return report.fail(name, directory.string() + " is not there",
                       "start the service once, or say where it is: --data, --config");
  struct statvfs space;
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
    return report.fail(name, directory.string() + " cannot be read and written by this user",
                       "run brctl as the service's user");
  if (::statvfs(directory.c_str(), &space) != 0)
    return report.warn(name, directory.string() + ": its free space cannot be told", "look at the file system");
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  const std::string found = directory.string() + ", " + size_text(free) + " free";
  if (free < free_bytes_few) return report.fail(name, found, "make room: nothing can be accepted on a full disk");
  if (free < free_bytes_low) return report.warn(name, found, "make room before it is full");
  report.ok(name, found);
}

void look_at_keys(Report& report, const Config& config) {
  const path keys = key_directory_of(config);
  std::error_code error;
  if (!std::filesystem::exists(keys / "master", error))
    return report.fail("keys", (keys / "master").string() + " is not there",
                       "restore it from a backup; only a new deployment makes one, at its first start");
  for (const char* const secret : {"master", "signing"}) {
    if (open_to_others(keys / secret))
      return report.fail("keys", (keys / secret).string() + " may be read by others",
                         "chmod 600 it, and think about who has read it");
  }
  report.ok("keys", keys.string() + ", for its owner only");
}

// The newest file at or below a directory.
std::optional<std::chrono::seconds> newest_in(const path& directory) {
  std::error_code error;
  std::optional<std::filesystem::file_time_type> newest;
  std::filesystem::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    const auto time = entry->last_write_time(error);
    if (!error && (!newest || *newest < time)) newest = time;
  }
  if (!newest) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(std::filesystem::file_time_type::clock::now() - *newest);
}

void look_for_fresh(Report& report, const std::string& name, const path& directory, std::chrono::seconds age_max,
                    const std::string& purpose) {
  const std::optional<std::chrono::seconds> age = newest_in(directory);
  if (!age)
    return report.warn(name, "none in " + directory.string(), "start the service and wait a little: " + purpose);
  if (*age > age_max)
    return report.warn(name, "the newest is from " + age_text(*age) + ", in " + directory.string(),
                       "fine where nothing has happened since; else look into the service's log");
  report.ok(name, "the newest is from " + age_text(*age));
}

void look_at_rows(Report& report, const LiveRows& rows, std::uint32_t partitions) {
  std::int64_t records = 0;
  std::int64_t behind = 0;
  for (std::uint32_t number = 0; number < partitions; ++number) {
    const LiveState::Standing standing = rows.state().standing(core::Partition(number));
    records += standing.next.value();
    behind += standing.next.value() - standing.flushed.value();
  }
  report.ok("journal", counted(partitions, "partition") + ", " + counted(static_cast<std::size_t>(records), "record") +
                           "; what the state does not have yet was read, and follows it");
  if (!rows.state().missing().empty()) {
    report.warn("state", "cannot be opened: " + rows.state().missing(),
                "nothing is lost: the service makes it anew from snapshots and the journal when it starts");
  } else if (behind > records_behind_max) {
    report.warn("state", counted(static_cast<std::size_t>(behind), "record") + " behind the journal",
                "fine right after a crash; else look into the service's log for state_flush_failed");
  } else {
    report.ok("state", counted(static_cast<std::size_t>(behind), "record") + " not flushed yet");
  }

  std::size_t parked = 0;
  const auto listed = rows.each<core::parking::Parked>(std::nullopt, [&](const auto&) { ++parked; });
  if (listed.has_error()) return report.fail("parked commands", listed.error().detail, "see 'state' and 'journal'");
  if (parked > 0)
    report.warn("parked commands", counted(parked, "command"),
                "a fault of ours: brctl parked list, then retry or drop");
  else
    report.ok("parked commands", "none");
}

void look_at_journal(Report& report, const Config& config) {
  auto source = Source::open(config);
  if (source.has_error())
    return report.fail("journal", source.error().detail, "see 'data directory', or the cluster's own tools");
  const std::uint32_t partitions = (*source)->partitions();
  const auto rows = LiveRows::open(config, std::move(*source));
  if (rows.has_error())
    return report.fail("journal", rows.error().detail,
                       "stop the service, keep a copy of the data, and run brctl audit: it names every fault");
  look_at_rows(report, **rows, partitions);
}

// What a node says of itself to anybody. False: nobody answers.
bool look_at_readiness(Report& report, adapters::http_client::HttpClient& http, const std::string& node) {
  adapters::http_client::HttpRequest request;
  request.url = node + "/readyz";
  request.total_timeout = std::chrono::seconds(10);
  const auto response = send_and_wait(http, std::move(request));
  if (response.has_error()) {
    report.fail("service", "no answer from " + node + ": " + response.error().detail,
                "start it; where it listens elsewhere, say --url");
    return false;
  }
  if (response->status == 200)
    report.ok("service", node + " is ready");
  else
    report.fail("service", node + " answers /readyz with " + std::to_string(response->status),
                "see 'partitions' below, and the service's log");
  return true;
}

void look_at_status(Report& report, OperatorClient& client, const std::string& node) {
  const core::Result<std::string> answer = client.get(node, "status");
  if (answer.has_error())
    return report.fail("partitions", answer.error().detail, "check the clocks of both machines, and the keys");
  const core::Result<api::NodeStatus> status = api::read_node_status(*answer);
  if (status.has_error()) return report.fail("partitions", status.error().detail, "run a brctl of the node's version");
  for (const api::HaltedPartition& halted : status->halted)
    report.fail("partitions", "partition " + std::to_string(halted.partition.value()) + " is halted: " + halted.detail,
                "what is meant is in the text; brctl audit --partition " + std::to_string(halted.partition.value()) +
                    " looks closer");
  if (status->halted.empty()) report.ok("partitions", "all that " + status->instance + " should serve, it serves");
  if (status->version != version())
    report.warn("versions", "the node is " + status->version + ", brctl " + std::string(version()),
                "use the brctl that came with the service");
  else
    report.ok("versions", status->version);
  const auto apart = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::abs(now() - status->time));
  if (apart > clock_difference_max)
    report.warn("clock", std::to_string(apart.count()) + " s between this machine and " + node,
                "let both follow a time server");
  else
    report.ok("clock", "agrees with the node's");
}

void look_at_lanes(Report& report, OperatorClient& client, const std::string& node) {
  const core::Result<std::string> answer = client.get(node, "lanes");
  if (answer.has_error()) return;  // said by look_at_status
  const core::Result<api::NodeLanes> lanes = api::read_node_lanes(*answer);
  if (lanes.has_error()) return report.fail("lanes", lanes.error().detail, "run a brctl of the node's version");
  bool open = true;
  for (const api::ProviderLanes& one : lanes->providers) {
    for (const api::LaneClosure& closure : one.closures) {
      open = false;
      report.warn("lanes", one.provider + " is " + closure.state + ": " + closure.reason,
                  closure.state == "parked" ? "mend it, then: brctl lanes unpark " + one.provider
                                            : "it opens again by itself, at " + time_text(closure.until));
    }
  }
  if (open) report.ok("lanes", counted(lanes->providers.size(), "provider") + ", all open");
}

void look_at_nodes(Report& report, const Config& config, const std::optional<std::string>& url) {
  core::Result<OperatorClient> client = OperatorClient::open(config, url);
  if (client.has_error())
    return report.fail("service", client.error().detail, "see 'keys'; --url says where it listens");
  adapters::http_client::HttpClient http;
  for (const std::string& node : client->nodes()) {
    if (!look_at_readiness(report, http, node)) continue;
    look_at_status(report, *client, node);
    look_at_lanes(report, *client, node);
  }
}

void look_at_kafka(Report& report, const Config& config) {
  const core::Result<std::string> cluster = check_topics(config);
  if (cluster.has_error())
    return report.fail("kafka", cluster.error().detail, "mend what it names; docs and settings under [kafka]");
  report.ok("kafka", "cluster " + *cluster + " answers, its topics are as they should be");
}

void examine(Console& console, const NodeFlags& flags, bool as_json) {
  Report report;
  const auto effective = load_effective_config(flags.config, console.environment);
  if (effective.has_error()) {
    report.fail("configuration", effective.error().detail, "mend the settings; brctl config check FILE");
  } else {
    const Config& config = effective->config;
    report.ok("configuration", "good");
    look_at_directory(report, "data directory", config.data.directory);
    if (shared_directory_of(config) != config.data.directory)
      look_at_directory(report, "shared directory", shared_directory_of(config));
    look_at_keys(report, config);
    if (config.service.bus == BusKind::kafka) look_at_kafka(report, config);
    look_at_journal(report, config);
    look_for_fresh(report, "checkpoints", checkpoint_directory_of(config), checkpoint_age_max,
                   "without checkpoints, records missing at the log's end do not show");
    look_for_fresh(report, "snapshots", path(blob_directory_of(config)) / "segments" / "snapshots", snapshot_age_max,
                   "without snapshots, a lost state is folded from the whole journal");
    look_at_nodes(report, config, flags.url);
  }
  report.print(console, as_json);
  console.exit_code = report.healthy() ? 0 : answer_is_bad;
}

}  // namespace

void add_doctor(CLI::App& app, Console& console) {
  CLI::App& doctor = *app.add_subcommand("doctor", "Looks at everything that can be wrong, and says what to do");
  const auto flags = std::make_shared<NodeFlags>();
  const auto json = std::make_shared<bool>(false);
  add_json_flag(doctor, *json);
  add_node_flags(doctor, *flags);
  doctor.footer(
      "Takes the flags and the environment that the service is started with. Changes nothing. Exit code 1 when\n"
      "something failed; warnings are no failure.\n\n"
      "Examples:\n  brctl doctor --config batchrouter.toml\n"
      "  brctl doctor --json | jq '.checks[] | select(.status != \"ok\")'");
  doctor.callback([&console, flags, json] { examine(console, *flags, *json); });
}

}  // namespace ops::brctl
