#include "ops/daemon_settings.h"

#include <algorithm>

#include "ops/config_values.h"
#include "ops/mail.h"
#include "ops/version.h"

namespace ops {

adapters::simulated::Settings simulated_settings(const Config::Simulated& config) {
  adapters::simulated::Settings settings;
  settings.latency_min = config.latency_min;
  settings.latency_max = config.latency_max;
  settings.concurrency = config.concurrency;
  settings.transient_rate = config.transient_rate;
  settings.item_fault_rate = config.item_fault_rate;
  settings.lane_fault_rate = config.lane_fault_rate;
  settings.seed = config.seed;
  return settings;
}

adapters::providers::ProviderSettings lane_settings(const Config& config, const UsedProvider& used) {
  adapters::providers::ProviderSettings settings;
  settings.provider = used.provider.id;
  settings.protocol = used.provider.protocol;
  settings.base_url = used.provider.base_url;
  settings.path_prefix = used.provider.path_prefix;
  settings.api_key = used.api_key;
  settings.batch = used.batch;
  settings.dialects = used.provider.dialects;
  settings.concurrency_max = used.concurrency;
  settings.poll_max = config.dispatch.poll_interval_max;
  settings.poll_first = std::min<std::chrono::milliseconds>(settings.poll_first, settings.poll_max);
  settings.cancel_wait = config.dispatch.cancel_wait;
  settings.lookup_for = config.dispatch.lookup_time;
  return settings;
}

api::Settings api_settings(const Config& config, const std::string& instance) {
  api::Settings settings;
  settings.instance = instance;
  settings.version = version();
  settings.mode = config.service.mode == Mode::production ? "production" : "development";
  settings.bus = config.service.bus == BusKind::kafka ? "kafka" : "embedded";
  settings.body_bytes_max = config.http.body_bytes_max;
  settings.items_per_unit = config.dispatch.items_per_unit;
  settings.batch_expectation = config.dispatch.batch_expectation;
  settings.file_link_lifetime = config.files.link_lifetime;
  settings.webhooks_allow_loopback = config.webhooks.allow_loopback;
  settings.email = email_feature(config.mail.kind);
  settings.stripe_webhook_secret = core::Secret(config.stripe.webhook_secret);
  settings.policy = policy_of(config);
  settings.org_requests_per_minute = config.http.org_requests_per_minute;
  settings.address_requests_per_minute = config.http.address_requests_per_minute;
  settings.cors_origins = *origins_from(config.http.cors_origins);
  return settings;
}

api::http::Settings http_settings(const Config::Http& config) {
  api::http::Settings settings;
  settings.address = config.address;
  settings.port = config.port;
  settings.connections_max = config.connections_max;
  settings.header_timeout = config.header_time;
  settings.idle_timeout = config.idle_time;
  settings.body_bytes_per_second_min = config.body_bytes_per_second_min;
  settings.cors_origins = *origins_from(config.cors_origins);
  settings.trusted_proxies = *api::http::TrustedProxies::parse(config.trusted_proxies);
  return settings;
}

processors::Dispatcher::Settings dispatch_settings(const Config& config) {
  processors::Dispatcher::Settings settings;
  settings.units_in_flight_max = config.dispatch.units_in_flight;
  settings.attempts_max = config.dispatch.attempts_max;
  settings.retry_delay = config.dispatch.retry_delay;
  settings.rescue_time = config.dispatch.rescue_time;
  settings.batch_time_min = config.dispatch.batch_time_min;
  settings.batch_items_min = config.dispatch.batch_items_min;
  settings.health.park = config.dispatch.park_time;
  settings.weights = *weights_from(config.dispatch.weights);
  return settings;
}

adapters::stripe::StripeSettings stripe_settings(const Config& config) {
  adapters::stripe::StripeSettings settings;
  settings.secret_key = core::Secret(config.stripe.secret_key);
  if (!config.stripe.base_url.empty()) settings.base_url = config.stripe.base_url;
  return settings;
}

processors::Upkeep::Settings upkeep_settings(const Config& config) {
  processors::Upkeep::Settings settings;
  settings.partition_count = config.journal.partitions;
  settings.snapshot_interval = config.state.snapshot_interval;
  settings.archive = config.journal.archive;
  settings.retention = config.journal.retention;
  return settings;
}

}  // namespace ops
