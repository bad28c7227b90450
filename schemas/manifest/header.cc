#include "schemas/manifest/header.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "schemas/manifest/fields.h"
#include "schemas/manifest/json_text.h"
#include "schemas/rfc3339.h"

namespace schemas::manifest {
namespace {

constexpr std::array<std::string_view, 13> names = {
    "sla_tier", "routing_mode", "privacy_tier", "allowed_regions", "webhook",  "webhook_url", "metadata",
    "dedupe",   "priority",     "run_after",    "deadline",        "quote_id", "items"};
constexpr std::array<std::string_view, 3> sla_tiers = {"priority", "standard", "economy"};
constexpr std::array<std::string_view, 4> routing_modes = {"cheapest", "sla_aware", "public_only", "quality"};
constexpr std::array<std::string_view, 3> privacy_tiers = {"standard", "no_training", "zero_retention"};
constexpr std::array<std::string_view, 15> regions = {"global", "us", "eu", "uk", "ca", "au", "in", "jp",
                                                      "kr",     "sg", "br", "ch", "ae", "mx", "za"};
constexpr std::array<std::string_view, 2> webhook_names = {"url", "secret"};

constexpr std::size_t regions_max = 16;
constexpr std::size_t url_bytes_max = 2'048;
constexpr std::size_t secret_bytes_max = 256;
constexpr std::size_t quote_id_bytes_max = 64;

bool visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char character) { return character > 0x20 && character < 0x7F; });
}

// A word of a closed set.
template <class Enum>
void read_word(const FaultScope& faults, std::string_view pointer, std::string_view json,
               std::span<const std::string_view> known, std::optional<Enum> (*from_string)(std::string_view),
               Enum& target) {
  const std::optional<std::string> word = read_string(faults, pointer, json);
  if (!word) return;
  if (const std::optional<Enum> value = from_string(*word)) {
    target = *value;
  } else {
    add_unknown_word(faults, "invalid_value", pointer, *word, known);
  }
}

}  // namespace

struct HeaderReader::Field {
  std::string_view name;
  void (HeaderReader::*read)(std::string_view json);
};

const HeaderReader::Field HeaderReader::fields[] = {
    {"sla_tier", &HeaderReader::read_sla_tier},         {"routing_mode", &HeaderReader::read_routing_mode},
    {"privacy_tier", &HeaderReader::read_privacy_tier}, {"allowed_regions", &HeaderReader::read_allowed_regions},
    {"webhook", &HeaderReader::read_webhook},           {"webhook_url", &HeaderReader::read_webhook_url},
    {"metadata", &HeaderReader::read_metadata},         {"dedupe", &HeaderReader::read_dedupe},
    {"priority", &HeaderReader::read_priority},         {"run_after", &HeaderReader::read_run_after},
    {"deadline", &HeaderReader::read_deadline},         {"quote_id", &HeaderReader::read_quote_id},
};

HeaderReader::HeaderReader(FaultList& faults) : faults_(faults, "", "") {}

void HeaderReader::read(std::string_view name, std::string_view json) {
  ++members_;
  const auto field = std::find_if(std::begin(fields), std::end(fields), [&](const Field& f) { return f.name == name; });
  if (field == std::end(fields)) return add_unknown_field(faults_, name, names);
  const std::uint32_t bit = 1U << (field - std::begin(fields));
  if ((seen_ & bit) != 0) return add_duplicate_field(faults_, name);
  seen_ |= bit;
  (this->*field->read)(json);
}

void HeaderReader::read_sla_tier(std::string_view json) {
  read_word(faults_, "/sla_tier", json, sla_tiers, &core::sla_tier_from_string, header_.sla_tier);
}

void HeaderReader::read_routing_mode(std::string_view json) {
  read_word(faults_, "/routing_mode", json, routing_modes, &core::routing_mode_from_string, header_.routing_mode);
}

void HeaderReader::read_privacy_tier(std::string_view json) {
  read_word(faults_, "/privacy_tier", json, privacy_tiers, &core::privacy_tier_from_string, header_.privacy_tier);
}

void HeaderReader::read_allowed_regions(std::string_view json) {
  const auto words = read_strings(faults_, "/allowed_regions", json, regions_max);
  if (!words) return;
  header_.allowed_regions.clear();
  for (std::size_t i = 0; i < words->size(); ++i) {
    const std::string& region = (*words)[i];
    std::vector<std::string>& allowed = header_.allowed_regions;
    if (std::find(regions.begin(), regions.end(), region) == regions.end())
      add_unknown_word(faults_, "unknown_region", "/allowed_regions/" + std::to_string(i), region, regions);
    else if (std::find(allowed.begin(), allowed.end(), region) == allowed.end())
      allowed.push_back(region);
  }
  // A region that is none has been refused; it shall not make every item's routing fail as well.
  if (header_.allowed_regions.empty()) header_.allowed_regions = core::ManifestHeader{}.allowed_regions;
}

void HeaderReader::read_webhook(std::string_view json) {
  refuse_second_webhook("/webhook");
  const std::optional<std::vector<JsonMember>> members = split_object(json);
  if (!members) return faults_.add("invalid_type", "/webhook", "must be an object with url and, if wanted, secret");
  const FaultScope faults = faults_.inside("/webhook");
  core::Webhook webhook;
  bool url_given = false;
  bool secret_given = false;
  for (const JsonMember& member : *members) {
    if (member.name == "url") {
      if (std::exchange(url_given, true)) add_duplicate_field(faults, member.name);
      webhook.url = read_url("/webhook/url", member.value).value_or("");
    } else if (member.name == "secret") {
      if (std::exchange(secret_given, true)) add_duplicate_field(faults, member.name);
      webhook.secret = read_secret("/webhook/secret", member.value).value_or("");
    } else {
      add_unknown_field(faults, member.name, webhook_names);
    }
  }
  if (!url_given) faults.add("missing_field", "/url", "is required: say where to send the events");
  header_.webhook = std::move(webhook);
}

void HeaderReader::read_webhook_url(std::string_view json) {
  refuse_second_webhook("/webhook_url");
  if (std::optional<std::string> url = read_url("/webhook_url", json)) header_.webhook = core::Webhook{*url, ""};
}

void HeaderReader::read_metadata(std::string_view json) {
  header_.metadata = manifest::read_metadata(faults_, "/metadata", json).value_or("");
}

void HeaderReader::read_dedupe(std::string_view json) {
  header_.dedupe = read_bool(faults_, "/dedupe", json).value_or(header_.dedupe);
}

void HeaderReader::read_priority(std::string_view json) {
  if (const auto priority = read_integer(faults_, "/priority", json, 0, 100))
    header_.priority = static_cast<int>(*priority);
}

void HeaderReader::read_run_after(std::string_view json) {
  header_.run_after = read_time("/run_after", json);
  check_order("/run_after");
}

void HeaderReader::read_deadline(std::string_view json) {
  header_.deadline = read_time("/deadline", json);
  check_order("/deadline");
}

void HeaderReader::read_quote_id(std::string_view json) {
  quote_id_ = read_string(faults_, "/quote_id", json);
  if (quote_id_ && (quote_id_->empty() || quote_id_->size() > quote_id_bytes_max || !visible_ascii(*quote_id_)))
    faults_.add("invalid_value", "/quote_id", "is no quote id: send the quote_id that a quote answered");
}

// Only the form: whether the address may be called is decided where it is called.
std::optional<std::string> HeaderReader::read_url(std::string_view pointer, std::string_view json) {
  std::optional<std::string> url = read_string(faults_, pointer, json);
  if (!url) return std::nullopt;
  std::string_view rest = *url;
  const bool scheme = rest.starts_with("https://") || rest.starts_with("http://");
  if (scheme) rest.remove_prefix(rest.find("//") + 2);
  const bool host =
      !rest.empty() && rest.front() != '/' && rest.front() != ':' && rest.front() != '?' && rest.front() != '#';
  if (scheme && host && url->size() <= url_bytes_max && visible_ascii(*url)) return url;
  faults_.add("invalid_url", pointer, "must be an absolute http or https URL of at most 2048 ASCII characters");
  return std::nullopt;
}

std::optional<std::string> HeaderReader::read_secret(std::string_view pointer, std::string_view json) {
  std::optional<std::string> secret = read_string(faults_, pointer, json);
  if (!secret) return std::nullopt;
  if (!secret->empty() && secret->size() <= secret_bytes_max && visible_ascii(*secret)) return secret;
  faults_.add("invalid_secret", pointer,
              "must be 1 to 256 visible ASCII characters: \"whsec_\" and the base64 of 24 to 64 random bytes is best");
  return std::nullopt;
}

std::optional<core::Timestamp> HeaderReader::read_time(std::string_view pointer, std::string_view json) {
  const std::optional<std::string> text = read_string(faults_, pointer, json);
  if (!text) return std::nullopt;
  const core::Result<core::Timestamp> time = parse_rfc3339(*text);
  if (time) return *time;
  faults_.add("invalid_timestamp", pointer, time.error().detail);
  return std::nullopt;
}

void HeaderReader::refuse_second_webhook(std::string_view pointer) {
  if (std::exchange(webhook_given_, true))
    faults_.add("conflicting_fields", pointer, "webhook and webhook_url say the same thing: keep one of them");
}

void HeaderReader::check_order(std::string_view pointer) {
  if (header_.run_after && header_.deadline && *header_.deadline <= *header_.run_after)
    faults_.add("conflicting_fields", pointer, "deadline must be later than run_after");
}

std::string header_content(const core::ManifestHeader& header) {
  std::vector<std::string> allowed = header.allowed_regions;
  std::sort(allowed.begin(), allowed.end());
  const auto time = [](const std::optional<core::Timestamp>& at) {
    return at ? "\"" + to_rfc3339(*at) + "\"" : "null";
  };

  std::string line = R"({"sla_tier":")";
  line.append(core::to_string(header.sla_tier));
  line.append(R"(","routing_mode":")").append(core::to_string(header.routing_mode));
  line.append(R"(","privacy_tier":")").append(core::to_string(header.privacy_tier));
  line.append(R"(","allowed_regions":[)");
  for (const std::string& region : allowed) {
    if (line.back() != '[') line += ',';
    append_json_string(line, region);
  }
  line.append(R"(],"dedupe":)").append(header.dedupe ? "true" : "false");
  line.append(R"(,"priority":)").append(std::to_string(header.priority));
  line.append(R"(,"run_after":)").append(time(header.run_after));
  line.append(R"(,"deadline":)").append(time(header.deadline));
  line += '}';
  return line;
}

}  // namespace schemas::manifest
