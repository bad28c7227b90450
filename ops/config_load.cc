#include "ops/config_load.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "ops/config_file.h"
#include "ops/config_keys.h"
#include "ops/config_values.h"
#include "ops/did_you_mean.h"

namespace ops {

namespace {

using Faults = std::vector<std::string>;

constexpr std::string_view variable_prefix = "BATCHROUTER_";

// Of the tests and of clients: the service leaves them alone.
constexpr std::array<std::string_view, 9> foreign_variables = {
    "BATCHROUTER_REQUIRE_KAFKA", "BATCHROUTER_TEST_KAFKA",       "BATCHROUTER_TEST_BUS",
    "BATCHROUTER_BIN_DIR",       "BATCHROUTER_UPDATE_CONTRACTS", "BATCHROUTER_API_KEY",
    "BATCHROUTER_BASE_URL",      "BATCHROUTER_FAULT_POINT",      "BATCHROUTER_OPERATOR"};

std::vector<Setting> settings_of_environment(const Environment& environment, Faults& faults) {
  std::vector<Setting> settings;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(variable_prefix) || std::ranges::find(foreign_variables, name) != foreign_variables.end())
      continue;
    const auto key = std::ranges::find(keys(), name, variable_name);
    if (key != keys().end()) {
      settings.push_back({&*key, value, name});
      continue;
    }
    std::vector<std::string> known;
    std::ranges::transform(keys(), std::back_inserter(known), variable_name);
    const std::string suggestion = did_you_mean(name, known);
    faults.push_back(name + ": this variable sets nothing" + (suggestion.empty() ? "; unset it" : suggestion));
  }
  return settings;
}

std::vector<Setting> settings_of_flags(const ConfigFlags& flags, Faults& faults) {
  std::vector<Setting> settings;
  const auto add = [&](std::string_view name, std::string value, std::string_view flag) {
    const Key* key = find_key(name);
    if (!key) {
      faults.push_back(std::string(flag) + ": " + unknown_key(name));
      return;
    }
    const auto earlier = std::ranges::find(settings, key, &Setting::key);
    if (earlier != settings.end()) {
      faults.push_back(std::string(flag) + ": " + full_name(*key) + " is given twice, by " + earlier->origin + " too");
      return;
    }
    settings.push_back({key, std::move(value), std::string(flag)});
  };

  for (const std::string& setting : flags.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      faults.push_back("--set takes section.key=value, such as --set http.port=9000, not " + setting);
      continue;
    }
    add(std::string_view(setting).substr(0, equals), setting.substr(equals + 1), "--set");
  }
  if (flags.port) add("http.port", *flags.port, "--port");
  if (flags.data) add("data.directory", *flags.data, "--data");
  return settings;
}

void apply(const std::vector<Setting>& settings, EffectiveConfig& effective, Faults& faults) {
  for (const Setting& setting : settings) {
    if (setting.key->parse(effective.config, setting.text)) {
      effective.origins[static_cast<std::size_t>(setting.key - keys().data())] = setting.origin;
    } else {
      const std::string given = setting.key->is_secret ? "" : "; this is " + toml_string(setting.text);
      faults.push_back(setting.origin + ": " + full_name(*setting.key) + " takes " + setting.key->allowed + given);
    }
  }
}

std::string with_origin(const EffectiveConfig& effective, std::string_view name) {
  const Key* key = find_key(name);
  return std::string(name) + " = " + key->format(effective.config) + " (" +
         effective.origins[static_cast<std::size_t>(key - keys().data())] + ")";
}

// What no key can say by itself.
void check_together(const EffectiveConfig& effective, Faults& faults) {
  const Config& config = effective.config;
  if (config.service.mode == Mode::production && config.simulated.enabled) {
    faults.push_back(with_origin(effective, "service.mode") + " refuses " +
                     with_origin(effective, "simulated.enabled") +
                     ", as made-up answers would be charged for; set simulated.enabled = false");
  }
  if (config.simulated.latency_min > config.simulated.latency_max) {
    faults.push_back(with_origin(effective, "simulated.latency_min_ms") + " is more than " +
                     with_origin(effective, "simulated.latency_max_ms"));
  }
}

void check_retention(const EffectiveConfig& effective, Faults& faults) {
  const Config::Journal& journal = effective.config.journal;
  if (journal.retention > std::chrono::days(0) && !journal.archive)
    faults.push_back(with_origin(effective, "journal.retention_days") +
                     " needs journal.archive = true: nothing is removed that was not archived");
}

void check_mail(const EffectiveConfig& effective, Faults& faults) {
  const Config::Mail& mail = effective.config.mail;
  const std::string kind = with_origin(effective, "mail.kind");
  if (mail.kind == MailKind::resend && mail.resend_api_key.empty())
    faults.push_back(kind + " needs mail.resend_api_key");
  if (mail.kind == MailKind::smtp && mail.smtp_url.empty()) faults.push_back(kind + " needs mail.smtp_url");
  if (mail.smtp_username.empty() != mail.smtp_password.empty())
    faults.push_back("mail.smtp_username and mail.smtp_password are given together, or neither");
}

void check_stripe(const EffectiveConfig& effective, Faults& faults) {
  const Config::Stripe& stripe = effective.config.stripe;
  if (stripe.secret_key.empty() != stripe.webhook_secret.empty())
    faults.push_back(
        "stripe.secret_key and stripe.webhook_secret are given together, or neither: with one alone "
        "customers would pay and get no credit");
}

core::Error error_of(const Faults& faults) {
  std::string lines;
  for (const std::string& fault : faults) lines += (lines.empty() ? "" : "\n") + fault;
  return {core::ErrorCode::configuration_invalid, lines};
}

}  // namespace

void add_config_flags(CLI::App& app, ConfigFlags& flags) {
  app.add_option("--config", flags.file, "A file of settings (TOML)")->type_name("FILE");
  app.add_option("--set", flags.settings, "One setting, as often as needed")
      ->type_name("section.key=value")
      ->allow_extra_args(false);
  app.add_option("--port", flags.port, "Short for --set http.port=N")->type_name("N");
  app.add_option("--data", flags.data, "Short for --set data.directory=DIR")->type_name("DIR");
}

core::Result<EffectiveConfig> load_effective_config(const ConfigFlags& flags, const Environment& environment) {
  EffectiveConfig effective{.config = {}, .origins = std::vector<std::string>(keys().size(), "default")};
  Faults faults;
  if (flags.file) apply(settings_of_file(*flags.file, faults), effective, faults);
  apply(settings_of_environment(environment, faults), effective, faults);
  apply(settings_of_flags(flags, faults), effective, faults);
  if (faults.empty()) {
    check_together(effective, faults);
    check_retention(effective, faults);
    check_mail(effective, faults);
    check_stripe(effective, faults);
  }
  if (!faults.empty()) return error_of(faults);
  return effective;
}

std::string to_toml(const EffectiveConfig& effective) {
  std::string file;
  std::string_view section;
  for (std::size_t i = 0; i < keys().size(); ++i) {
    const Key& key = keys()[i];
    if (key.section != section) {
      section = key.section;
      file += (file.empty() ? "[" : "\n[") + std::string(section) + "]\n";
    }
    file += std::string(key.name) + " = " + key.format(effective.config) + "  # " + effective.origins[i] + "\n";
  }
  return file;
}

}  // namespace ops
