#include "ops/daemon.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/blobs/local_blobs.h"
#include "adapters/catalog_store/catalog_store.h"
#include "adapters/files/files.h"
#include "adapters/files/lock_file.h"
#include "adapters/http_client/http_client.h"
#include "adapters/local_checkout/local_checkout.h"
#include "adapters/logging/spdlog_log.h"
#include "adapters/passwords/password_hasher.h"
#include "adapters/prometheus/prometheus_metrics.h"
#include "adapters/providers/provider_lane.h"
#include "adapters/random/random.h"
#include "adapters/rocksdb/state.h"
#include "adapters/signing/ed25519_signer.h"
#include "adapters/simulated/simulated_lane.h"
#include "adapters/stripe/stripe_checkout.h"
#include "adapters/vault/local_vault.h"
#include "adapters/webhooks/system_resolver.h"
#include "adapters/webhooks/webhook_poster.h"
#include "api/app.h"
#include "api/http/server.h"
#include "api/resources/resources.h"
#include "ops/bus.h"
#include "ops/checkpoints.h"
#include "ops/clock.h"
#include "ops/config_values.h"
#include "ops/daemon_settings.h"
#include "ops/limits.h"
#include "ops/mail.h"
#include "ops/providers.h"
#include "ops/version.h"
#include "processors/archive/archived_journal.h"
#include "processors/effects.h"
#include "processors/fault_point.h"
#include "processors/node.h"
#include "processors/snapshots/snapshots.h"
#include "processors/upkeep/upkeep.h"

namespace ops {

namespace {

constexpr std::size_t partition_threads = 2;
constexpr std::size_t work_threads = 2;
constexpr std::size_t blocking_threads = 2;
constexpr std::size_t long_work_threads = 2;                     // imports take one of them at most
constexpr auto state_flush_interval = std::chrono::seconds(60);  // bounds what a crash has to replay
constexpr auto upkeep_interval = std::chrono::minutes(1);
constexpr std::size_t recovery_threads = 4;
constexpr std::size_t other_threads = 16;  // the journal's, the state's, those of mail, resolving and calls
constexpr auto settle_time =
    std::chrono::seconds(60);  // then requests are taken, and those for a partition not served yet refused
constexpr auto units_stop_time = std::chrono::seconds(10);

// The operator's current version, or the built-in one.
core::Result<core::Catalog> load_catalog(const Config& config) {
  auto catalog = adapters::catalog_store::CatalogStore(catalog_directory_of(config)).load_current();
  if (!catalog) return catalog;
  return catalog_of(config, *catalog);
}

// A state that cannot be opened is thrown away: the journal rebuilds it.
core::Result<std::unique_ptr<adapters::rocksdb::RocksdbState>> open_state(const Config& config, processors::Log& log) {
  const std::string path = state_directory_of(config);
  adapters::rocksdb::Settings settings;
  settings.block_cache_bytes = config.state.cache_bytes;
  auto state = adapters::rocksdb::RocksdbState::open_state(path, config.journal.partitions, settings);
  if (state.has_value() || state.error().code == core::ErrorCode::unavailable) return state;
  warn(log, "state_rebuilt", {{"reason", state.error().detail}});
  if (const auto destroyed = adapters::rocksdb::destroy_state(path); destroyed.has_error()) return destroyed.error();
  return adapters::rocksdb::RocksdbState::open_state(path, config.journal.partitions, settings);
}

}  // namespace

// Members in the order they are made; the last made is stopped first.
class Daemon::Parts {
 public:
  explicit Parts(const Config& config)
      : config_(config),
        log_({config.service.log_level, config.service.log_format == LogFormat::json
                                            ? adapters::logging::Format::json
                                            : adapters::logging::Format::text}),
        signals_(main_) {}
  ~Parts() { stop(); }

  core::Result<void> start();
  int wait();

 private:
  core::Result<void> open_data();
  core::Result<void> make_processors();
  void make_checkout();
  core::Result<void> make_api();
  core::Result<void> recover();
  void flush_state_periodically();
  void keep_up_periodically();
  void write_checkpoints();
  void write_checkpoints_periodically();
  void wait_until_idle();
  void stop();

  const Config config_;
  adapters::logging::SpdlogLog log_;
  adapters::prometheus::PrometheusMetrics metrics_;
  core::Catalog catalog_;  // as at the start; never changed while it is used

  boost::asio::io_context main_;  // signals and the state's flush; runs in wait()
  boost::asio::signal_set signals_;
  int exit_code_ = 0;
  bool stopped_ = false;

  const std::string instance_ = "node_" + adapters::random::make_ulid(now());
  std::optional<adapters::files::LockFile> lock_;  // one process a data directory, whatever the bus
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<adapters::vault::LocalVault> vault_;
  std::unique_ptr<adapters::signing::Ed25519Signer> signer_;
  std::unique_ptr<adapters::blobs::LocalBlobs> blobs_;
  std::unique_ptr<adapters::rocksdb::RocksdbState> state_;
  std::optional<Checkpoints> checkpoints_;
  adapters::passwords::PasswordHasher passwords_;
  adapters::webhooks::SystemResolver resolver_;
  std::optional<adapters::http_client::HttpClient> http_client_;
  std::optional<adapters::webhooks::WebhookPoster> webhooks_;
  std::optional<Mail> mail_;

  boost::asio::thread_pool partition_pool_{partition_threads};
  boost::asio::thread_pool work_pool_{work_threads};
  boost::asio::thread_pool blocking_pool_{blocking_threads};
  boost::asio::thread_pool long_work_pool_{long_work_threads};
  boost::asio::thread_pool recovery_pool_{recovery_threads};
  boost::asio::io_context http_context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> http_work_;
  std::vector<std::thread> http_threads_;

  boost::asio::thread_pool upkeep_pool_{1};
  boost::asio::steady_timer upkeep_timer_{upkeep_pool_};

  std::optional<processors::ArchivedJournal> history_;
  std::optional<processors::SnapshotRestore> snapshots_;
  std::optional<processors::Upkeep> upkeep_;
  processors::Effects effects_;
  std::optional<processors::Node> node_;
  std::optional<adapters::simulated::SimulatedLane> simulated_;
  std::vector<std::unique_ptr<adapters::providers::ProviderLane>> provider_lanes_;
  std::optional<processors::LaneScores> lane_scores_;
  std::unique_ptr<adapters::local_checkout::LocalCheckout> local_checkout_;
  std::unique_ptr<adapters::stripe::StripeCheckout> stripe_;
  std::optional<api::App> app_;
  std::optional<api::http::Server> server_;
  std::optional<processors::Planner> planner_;
  std::optional<processors::Dispatcher> dispatcher_;
  std::optional<processors::Delivery> delivery_;
  std::optional<processors::Collector> collector_;
  std::optional<processors::Eraser> eraser_;
  boost::asio::steady_timer flush_timer_{main_};
  boost::asio::steady_timer checkpoint_timer_{main_};
};

core::Result<void> Daemon::Parts::open_data() {
  constexpr mode_t open_to_read = 0755;  // what is private in them has rights of its own
  const std::filesystem::path data = config_.data.directory;
  if (const auto made = adapters::files::make_directories(data, open_to_read); made.has_error()) return made;
  auto lock = adapters::files::LockFile::acquire(data / "lock");
  if (lock.has_error()) return lock.error();
  lock_.emplace(std::move(*lock));
  const auto on_fatal = [this](const std::string& what) {
    processors::error(log_, "journal_failed", {{"reason", what}});
    exit_code_ = 1;
    main_.stop();
  };
  auto bus = open_bus(config_, {instance_, metrics_, log_, on_fatal});
  if (bus.has_error()) return bus.error();
  bus_ = std::move(*bus);
  if (const auto checked = check_identity(data, *bus_, config_.journal.partitions); checked.has_error()) return checked;

  const std::filesystem::path shared = shared_directory_of(config_);
  if (const auto made = adapters::files::make_directories(shared, open_to_read); made.has_error()) return made;
  auto vault = adapters::vault::LocalVault::open(key_directory_of(config_));
  if (vault.has_error()) return vault.error();
  vault_ = std::move(*vault);
  const std::filesystem::path checkpoints = checkpoint_directory_of(config_);
  if (const auto prepared = Checkpoints::prepare(checkpoints, now()); prepared.has_error()) return prepared;
  auto signer = adapters::signing::Ed25519Signer::open(key_directory_of(config_));
  if (signer.has_error()) return signer.error();
  signer_ = std::move(*signer);
  auto blobs = adapters::blobs::LocalBlobs::open(blob_directory_of(config_));
  if (blobs.has_error()) return blobs.error();
  blobs_ = std::move(*blobs);
  auto state = open_state(config_, log_);
  if (state.has_error()) return state.error();
  state_ = std::move(*state);
  checkpoints_.emplace(checkpoints, *signer_, *state_, config_.journal.partitions, now);
  return {};
}

core::Result<void> Daemon::Parts::make_processors() {
  http_client_.emplace(adapters::http_client::HttpClientSettings{});
  auto mail = Mail::open(config_, {*http_client_, log_, now});
  if (mail.has_error()) return mail.error();
  mail_.emplace(std::move(*mail));
  adapters::webhooks::WebhookSettings webhook_settings;
  webhook_settings.rules.allow_loopback = config_.webhooks.allow_loopback;
  webhooks_.emplace(resolver_, *http_client_, webhook_settings, now);

  processors::Node::Settings settings;
  settings.partition_count = config_.journal.partitions;
  settings.instance = instance_;
  settings.policy = policy_of(config_);
  settings.now = now;
  settings.confirmed = bus_->confirmed_hook();
  settings.served = bus_->served_hook();
  history_.emplace(bus_->journal(), *blobs_, *signer_);
  snapshots_.emplace(*blobs_, *signer_, metrics_, log_);
  node_.emplace(partition_pool_.get_executor(), recovery_pool_.get_executor(), std::move(settings),
                processors::Node::Environment{bus_->journal(), *state_, effects_, metrics_, log_, bus_->directory(),
                                              bus_->commands(), &*history_, &*snapshots_});
  const auto served = [this](core::Partition partition) { return !node_->halted(partition).has_value(); };
  upkeep_.emplace(upkeep_settings(config_), processors::Upkeep::Environment{*state_, bus_->journal(), *blobs_, *signer_,
                                                                            served, now, metrics_, log_});
  if (config_.simulated.enabled) simulated_.emplace(work_pool_.get_executor(), simulated_settings(config_.simulated));
  return {};
}

void Daemon::Parts::make_checkout() {
  switch (checkout_of(config_)) {
    case Checkout::off: break;
    case Checkout::local:
      local_checkout_ =
          std::make_unique<adapters::local_checkout::LocalCheckout>(*vault_, app_->settings.public_url, now);
      app_->local_checkout = local_checkout_.get();
      app_->checkout = local_checkout_.get();
      break;
    case Checkout::stripe: {
      adapters::stripe::StripeCheckout::Environment environment{work_pool_.get_executor(), *http_client_, log_,
                                                                metrics_};
      stripe_ = std::make_unique<adapters::stripe::StripeCheckout>(std::move(environment), stripe_settings(config_));
      app_->checkout = stripe_.get();
    }
  }
}

core::Result<void> Daemon::Parts::make_api() {
  const processors::StateReader reader(*state_, config_.journal.partitions, &*node_);
  app_.emplace(api::App{api_settings(config_, instance_), *node_, reader, *vault_, *blobs_,
                        processors::FileLinks(*vault_, ""), catalog_, configured_lanes(config_, catalog_), passwords_,
                        blocking_pool_.get_executor(), long_work_pool_.get_executor(), now,
                        [this] { return node_->halted(); }, [this] { return metrics_.render(); }, metrics_, log_,
                        [this](core::Partition partition) { return node_->elsewhere(partition); }});
  app_->storage_fault = [this] { return room_fault({config_.data.directory, shared_directory_of(config_)}); };
  api::http::Router router;
  api::resources::add_all(router, *app_);
  api::http::Hooks hooks;
  hooks.request_finished = [this](const api::http::Request& request, int status, api::http::Settings::Duration duration,
                                  std::uint64_t) {
    const std::string code = std::to_string(status);
    const std::string_view route = request.route.empty() ? "none" : std::string_view(request.route);
    metrics_.count("batchrouter_http_requests_total", {{"route", route}, {"status", code}});
    metrics_.observe_seconds("batchrouter_http_request_seconds", {{"route", route}},
                             std::chrono::duration<double>(duration).count());
    if (status == 500)
      processors::error(log_, "request_failed", {{"id", request.request_id}, {"route", route}});
    else
      debug(log_, "request", {{"id", request.request_id}, {"route", route}, {"status", status}});
  };
  hooks.handler_failed = [this](const api::http::Request& request, std::string_view what) {
    processors::error(log_, "handler_failed", {{"id", request.request_id}, {"route", request.route}, {"what", what}});
  };
  api::http::Settings settings = http_settings(config_.http);
  const std::uint64_t descriptors = raise_descriptor_limit();
  settings.connections_max = connections_that_fit(settings.connections_max, descriptors);
  if (settings.connections_max < config_.http.connections_max)
    warn(log_, "connections_limited", {{"connections", settings.connections_max}, {"descriptors", descriptors}});
  server_.emplace(http_context_.get_executor(), std::move(settings), std::move(router), std::move(hooks));
  if (const auto bound = server_->bind(); bound.has_error()) return bound;
  const std::string public_url = public_url_of(config_, server_->port());
  app_->settings.public_url = public_url;
  app_->links = processors::FileLinks(*vault_, public_url);
  make_checkout();

  planner_.emplace(work_pool_.get_executor(), *blobs_, reader, *node_, log_);
  std::vector<processors::Lane*> lanes;
  for (const UsedProvider& used : used_providers(config_, catalog_)) {
    adapters::providers::ProviderLane::Environment environment{
        work_pool_.get_executor(), *http_client_, log_, metrics_, now, [reader](const std::string& handle) {
          const auto known = reader.find_served<core::batch::ProviderBatch>({handle});
          return known.has_error() || known->has_value();  // in doubt it is somebody's
        }};
    provider_lanes_.push_back(
        std::make_unique<adapters::providers::ProviderLane>(std::move(environment), lane_settings(config_, used)));
    lanes.push_back(provider_lanes_.back().get());
    info(log_, "provider",
         {{"provider", used.provider.id.value()},
          {"url", std::string_view(used.provider.base_url)},
          {"batch", std::string_view(used.batch ? "true" : "false")}});
  }
  if (simulated_) lanes.push_back(&*simulated_);
  dispatcher_.emplace(
      work_pool_.get_executor(), dispatch_settings(config_),
      processors::Dispatcher::Environment{catalog_, std::move(lanes), *blobs_, reader, *node_, now, metrics_, log_});
  lane_scores_.emplace(reader, now, &*dispatcher_);
  app_->lane_scores = &*lane_scores_;
  app_->lane_board = &*dispatcher_;
  app_->lane_control = &*dispatcher_;
  delivery_.emplace(work_pool_.get_executor(),
                    processors::Delivery::Environment{reader, *node_, *vault_, mail_->sender(), *webhooks_, app_->links,
                                                      public_url, config_.webhooks.link_lifetime, now, metrics_, log_});
  eraser_.emplace(work_pool_.get_executor(), processors::Eraser::Environment{*blobs_, *vault_, reader, *node_, log_});
  collector_.emplace(work_pool_.get_executor(), processors::Collector::Environment{*blobs_, reader, *node_, log_});
  effects_.attach(*planner_, *dispatcher_, *delivery_, *collector_, *eraser_, *node_);
  return {};
}

core::Result<void> Daemon::Parts::recover() {
  const auto began = std::chrono::steady_clock::now();
  auto settled = std::make_shared<std::promise<void>>();
  std::future<void> all_settled = settled->get_future();
  node_->when_settled([settled] { settled->set_value(); });
  const std::string url = config_.kafka.node_url.empty() ? url_of(config_, server_->port()) : config_.kafka.node_url;
  const processors::StateReader reader(*state_, config_.journal.partitions, &*node_);
  if (const auto started = bus_->start(*node_, reader, *history_, url); started.has_error()) return started;
  if (all_settled.wait_for(settle_time) != std::future_status::ready) warn(log_, "recovery_goes_on");
  const auto took = std::chrono::steady_clock::now() - began;
  info(log_, "recovered",
       {{"partitions", config_.journal.partitions},
        {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  return {};
}

core::Result<void> Daemon::Parts::start() {
  std::signal(SIGPIPE, SIG_IGN);
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  auto catalog = load_catalog(config_);
  if (catalog.has_error()) return catalog.error();
  catalog_ = *std::move(catalog);
  info(log_, "catalog", {{"version", catalog_.version()}});
  if (const auto opened = open_data(); opened.has_error()) return opened;
  if (const auto made = make_processors(); made.has_error()) return made;
  if (const auto made = make_api(); made.has_error()) return made;

  http_work_.emplace(http_context_.get_executor());
  for (std::uint32_t i = 0; i < config_.http.threads; ++i) http_threads_.emplace_back([this] { http_context_.run(); });
  if (const auto serving = server_->start(); serving.has_error()) return serving;
  // Requests are answered while partitions are being opened, since others may forward to those that are open already.
  if (const auto recovered = recover(); recovered.has_error()) return recovered;
  flush_state_periodically();
  write_checkpoints_periodically();
  keep_up_periodically();
  const std::string url = url_of(config_, server_->port());
  const api::Settings& settings = app_->settings;
  info(log_, "listening",
       {{"url", url}, {"public_url", settings.public_url}, {"mode", settings.mode}, {"version", version()}});
  return {};
}

void Daemon::Parts::flush_state_periodically() {
  flush_timer_.expires_after(state_flush_interval);
  flush_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (const auto flushed = state_->flush(); flushed.has_error())
      processors::error(log_, "state_flush_failed", {{"reason", flushed.error().detail}});
    flush_state_periodically();
  });
}

// What is known of the journal outside of it. The service goes on without.
void Daemon::Parts::write_checkpoints() {
  const auto written = checkpoints_->write();
  metrics_.count("batchrouter_checkpoints_total", {{"outcome", written.has_error() ? "failed" : "written"}},
                 written.has_error() ? 1 : static_cast<double>(*written));
  if (written.has_error()) processors::error(log_, "checkpoints_failed", {{"reason", written.error().detail}});
}

void Daemon::Parts::write_checkpoints_periodically() {
  write_checkpoints();
  checkpoint_timer_.expires_after(config_.audit.checkpoint_interval);
  checkpoint_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) write_checkpoints_periodically();
  });
}

void Daemon::Parts::keep_up_periodically() {
  upkeep_timer_.expires_after(upkeep_interval);
  upkeep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    upkeep_->run();
    keep_up_periodically();
  });
}

int Daemon::Parts::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    info(log_, "stopping");
    main_.stop();
  });
  main_.run();
  stop();
  return exit_code_;
}

void Daemon::Parts::wait_until_idle() {
  const auto give_up = std::chrono::steady_clock::now() + units_stop_time;
  while (!dispatcher_->idle() && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// What hands out work stops before what does it, and the journal last.
void Daemon::Parts::stop() {
  if (std::exchange(stopped_, true)) return;
  if (!http_threads_.empty()) {
    auto stop_serving = server_->stop(config_.http.drain_time);
    boost::asio::co_spawn(http_context_, std::move(stop_serving), boost::asio::use_future).wait();
  }
  FAULT_POINT(F28);
  if (dispatcher_) {
    dispatcher_->stop();
    wait_until_idle();
  }
  if (delivery_) delivery_->stop();
  if (mail_) mail_->stop();
  resolver_.stop();
  if (http_client_) http_client_->stop();
  if (upkeep_) upkeep_->stop();
  upkeep_pool_.stop();
  upkeep_pool_.join();
  if (bus_) bus_->leave();
  if (node_ && server_) {
    auto stopped = std::make_shared<std::promise<void>>();
    node_->stop([stopped] { stopped->set_value(); });
    stopped->get_future().wait();
  }
  // Whoever waited for the journal has been answered now.
  if (dispatcher_) wait_until_idle();
  simulated_.reset();
  provider_lanes_.clear();
  recovery_pool_.join();
  work_pool_.stop();
  work_pool_.join();
  partition_pool_.stop();
  partition_pool_.join();
  blocking_pool_.join();
  long_work_pool_.join();
  http_work_.reset();
  http_context_.stop();
  for (std::thread& thread : http_threads_) thread.join();
  http_threads_.clear();
  if (bus_) bus_->stop();
  if (checkpoints_) write_checkpoints();
  if (state_) {
    if (const auto flushed = state_->flush(); flushed.has_error())
      processors::error(log_, "state_flush_failed", {{"reason", flushed.error().detail}});
  }
  info(log_, "stopped");
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

core::Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config) {
  const std::size_t threads = partition_threads + work_threads + blocking_threads + long_work_threads +
                              recovery_threads + config.http.threads + other_threads;
  if (const auto checked = check_threads(threads); checked.has_error()) return checked.error();
  try {
    auto parts = std::make_unique<Parts>(config);
    if (const auto started = parts->start(); started.has_error()) return started.error();
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
  } catch (const std::exception& exception) {
    return core::Error{core::ErrorCode::unavailable, std::string("memory or threads are lacking: ") + exception.what() +
                                                         "; raise the limits of this process"};
  }
}

int Daemon::wait() {
  return parts_->wait();
}

}  // namespace ops
