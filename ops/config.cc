#include "ops/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "ops/config_keys.h"
#include "ops/config_load.h"
#include "ops/version.h"

namespace ops {

namespace {

// The command line of the service.
struct CommandLine {
  CommandLine() {
    app.set_version_flag("--version", "batchrouter " + std::string(version()));
    add_config_flags(app, flags);
    app.footer(
        "Examples:\n"
        "  batchrouter --port 9000 --data data\n"
        "  batchrouter --config batchrouter.toml --set service.log_format=json\n"
        "  BATCHROUTER_QUOTES_WINDOW_SECONDS=600 batchrouter\n\n" +
        settings_help());
  }

  void parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);
    app.parse(std::move(arguments));
  }

  ConfigFlags flags;
  CLI::App app{"batchrouter: quotes, runs and delivers batches of LLM requests.", "batchrouter"};
};

}  // namespace

Environment environment_of(const char* const* variables) {
  Environment environment;
  for (; *variables; ++variables) {
    const std::string_view variable(*variables);
    const std::size_t equals = variable.find('=');
    if (equals != std::string_view::npos) environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment;
}

core::Result<Config> load_config(const std::vector<std::string>& arguments, const Environment& environment) {
  CommandLine line;
  try {
    line.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return core::Error{core::ErrorCode::configuration_invalid, std::string(error.what()) + "; see batchrouter --help"};
  }
  core::Result<EffectiveConfig> effective = load_effective_config(line.flags, environment);
  if (!effective) return effective.error();
  return std::move(effective->config);
}

std::optional<std::string> information_asked_for(const std::vector<std::string>& arguments) {
  CommandLine line;
  try {
    line.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return line.app.help();
  } catch (const CLI::CallForVersion& asked) {
    return std::string(asked.what()) + "\n";
  } catch (const CLI::ParseError&) {
    return std::nullopt;  // load_config says what is wrong
  }
  return std::nullopt;
}

core::Policy policy_of(const Config& config) {
  core::Policy policy;
  policy.starter_grant = config.accounts.starter_grant;
  policy.verification_lifetime = config.accounts.verification_lifetime;
  policy.password_reset_lifetime = config.accounts.password_reset_lifetime;
  policy.session_lifetime = config.accounts.session_lifetime;
  policy.api_keys_max = config.accounts.api_keys_max;
  policy.quote_window = config.quotes.window;
  policy.unit_attempts_max = config.dispatch.attempts_max;
  policy.webhook_retry_schedule.assign(config.webhooks.retry_schedule.begin(), config.webhooks.retry_schedule.end());
  return policy;
}

Checkout checkout_of(const Config& config) {
  if (!config.stripe.secret_key.empty()) return Checkout::stripe;
  return config.service.mode == Mode::development ? Checkout::local : Checkout::off;
}

std::string shared_directory_of(const Config& config) {
  return config.data.shared_directory.empty() ? config.data.directory : config.data.shared_directory;
}

std::string blob_directory_of(const Config& config) {
  return shared_directory_of(config) + "/blobs";
}

std::string key_directory_of(const Config& config) {
  return shared_directory_of(config) + "/keys";
}

std::string catalog_directory_of(const Config& config) {
  return shared_directory_of(config) + "/catalog";
}

std::string state_directory_of(const Config& config) {
  return config.data.directory + "/state";
}

std::string checkpoint_directory_of(const Config& config) {
  return config.audit.checkpoint_directory.empty() ? config.data.directory + "/checkpoints"
                                                   : config.audit.checkpoint_directory;
}

std::string public_url_of(const Config& config, std::uint16_t listening_port) {
  return config.http.public_url.empty() ? url_of(config, listening_port) : config.http.public_url;
}

std::string url_of(const Config& config, std::uint16_t listening_port) {
  const bool is_ipv6 = config.http.address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + config.http.address + "]" : config.http.address;
  return "http://" + host + ":" + std::to_string(listening_port);
}

}  // namespace ops
