#include "tests/simulation/process.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "api/http/problem.h"
#include "api/resources/resources.h"
#include "processors/testing/null_metrics.h"

namespace simulation {

namespace {

constexpr const char* public_url = "https://router.test";

processors::testing::NullMetrics metrics;

// Nobody signs up with a password here: what takes tens of milliseconds by design is looked at elsewhere. Made before
// any history begins, as it takes from chance.
adapters::passwords::PasswordHasher passwords;

class BodyOfText final : public api::http::BodyReader {
 public:
  explicit BodyOfText(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  api::http::awaitable<core::Result<std::string>> read(std::size_t bytes_max) override {
    core::Result<std::string> piece = text_.substr(read_, bytes_max);
    read_ += piece->size();
    co_return piece;
  }

 private:
  const std::string text_;
  std::size_t read_ = 0;
};

api::Settings settings_of(const Surroundings& surroundings) {
  api::Settings settings;
  settings.version = "simulation";
  settings.mode = "development";
  settings.bus = "simulated";
  settings.public_url = public_url;
  settings.instance = surroundings.instance;
  settings.items_per_unit = 3;
  settings.policy = surroundings.policy;
  settings.stripe_webhook_secret = core::Secret(stripe_secret);
  return settings;
}

processors::Dispatcher::Settings dispatch_settings(const core::Policy& policy) {
  processors::Dispatcher::Settings settings;
  settings.units_in_flight_max = 8;
  settings.attempts_max = policy.unit_attempts_max;
  settings.batch_items_min = 2;
  return settings;
}

const core::ProviderId& provider_of(const core::Catalog& catalog) {
  return catalog.offerings().front().provider;
}

}  // namespace

void RepeatingBus::submit(core::AggregateKey aggregate, core::CommandId id, core::Command command,
                          processors::Answered answered) {
  if (chance_.happens(repeated_))
    agenda_.later(chance_.between(core::Duration(0), core::Duration(std::chrono::minutes(20))),
                  [this, aggregate, again = core::CommandId(id.value() + "/again"), command] {
                    next_.submit(aggregate, again, command, [](const core::Result<processors::Answer>&) {});
                  });
  next_.submit(std::move(aggregate), std::move(id), std::move(command), std::move(answered));
}

struct Process::Exchange {
  explicit Exchange(Call call) : body(std::move(call.body)) {
    request.method = call.method;
    request.path = std::move(call.path);
    request.target = request.path;
    request.query_parameters = std::move(call.query);
    request.headers = std::move(call.headers);
    request.remote_address = "192.0.2.7";
    request.request_id = "simulated";
  }

  static api::http::awaitable<Reply> answer(std::shared_ptr<Exchange> exchange, const api::http::Handler& handler) {
    api::http::Response response = co_await handler(exchange->request);
    Reply reply{response.status, response.headers, response.body};
    while (response.stream) {
      const core::Result<std::string> piece = co_await response.stream->next(64 * 1024);
      if (piece.has_error()) co_return Reply{};  // the connection is cut
      if (piece->empty()) break;
      reply.body += *piece;
    }
    co_return reply;
  }

  api::http::Request request;
  BodyOfText body;
};

Process::Process(Surroundings surroundings)
    : instance_(surroundings.instance),
      chance_(surroundings.chance),
      journal_(std::move(surroundings.journal)),
      store_(surroundings.store),
      blobs_(surroundings.shelf, surroundings.chance, surroundings.blob_faults),
      outbound_(surroundings.receivers, agenda_),
      checkout_(surroundings.payments, agenda_),
      lane_(provider_of(surroundings.catalog), surroundings.providers, agenda_),
      commands_from_bus_(surroundings.commands, agenda_, surroundings.chance, surroundings.command_rewinds),
      node_(context_.get_executor(), context_.get_executor(),
            {surroundings.partition_count, instance_, surroundings.policy, surroundings.now},
            {*journal_, store_, effects_, metrics, surroundings.log, nullptr, &commands_from_bus_}),
      reports_(node_, agenda_, chance_, surroundings.reports_repeated),
      reader_(store_, surroundings.partition_count, &node_),
      app_{.settings = settings_of(surroundings),
           .bus = node_,
           .reader = reader_,
           .vault = surroundings.vault,
           .blobs = blobs_,
           .links = processors::FileLinks(surroundings.vault, public_url),
           .catalog = surroundings.catalog,
           .lanes = {{provider_of(surroundings.catalog), core::Mode::sync, true},
                     {provider_of(surroundings.catalog), core::Mode::batch, true}},
           .passwords = passwords,
           .blocking = context_.get_executor(),
           .now = surroundings.now,
           .halted_partitions = [this] { return node_.halted(); },
           .render_metrics = [] { return std::string(); },
           .metrics = metrics,
           .log = surroundings.log} {
  const auto executor = context_.get_executor();
  processors::Log& log = surroundings.log;
  planner_.emplace(executor, blobs_, reader_, node_, log);
  dispatcher_.emplace(executor, dispatch_settings(surroundings.policy),
                      processors::Dispatcher::Environment{
                          surroundings.catalog, {&lane_}, blobs_, reader_, reports_, surroundings.now, metrics, log});
  lane_scores_.emplace(reader_, surroundings.now, &*dispatcher_);
  delivery_.emplace(
      executor, processors::Delivery::Environment{reader_, node_, surroundings.vault, outbound_, outbound_, app_.links,
                                                  public_url, std::chrono::hours(96), surroundings.now, metrics, log});
  collector_.emplace(executor, processors::Collector::Environment{blobs_, reader_, node_, log});
  eraser_.emplace(executor, processors::Eraser::Environment{blobs_, surroundings.vault, reader_, node_, log});
  app_.lane_scores = &*lane_scores_;
  app_.lane_board = &*dispatcher_;
  app_.lane_control = &*dispatcher_;
  app_.checkout = &checkout_;
  api::resources::add_all(router_, app_);
  effects_.attach(*planner_, *dispatcher_, *delivery_, *collector_, *eraser_, node_);
}

Process::~Process() {
  kill();
  // Whatever still waits for an answer posts to the context when it is let go: that comes before the context goes.
  for (auto& [number, replied] : std::exchange(calls_, {})) replied(Reply{});
  for (auto& [number, answered] : std::exchange(commands_, {}))
    answered(core::Error{core::ErrorCode::unavailable, "the process is gone"});
}

// Timers that are due by the simulated clock are found when the reactor looks, and it looks for the sake of one that
// comes before all others.
bool Process::run() {
  if (dead_) return false;
  context_.restart();
  if (timers_looked_at_ == simulated_now()) return run_handlers() > 0;
  timers_looked_at_ = simulated_now();
  handlers_run_ = 0;
  boost::asio::steady_timer first(context_, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(1)));
  first.async_wait([](const boost::system::error_code&) {});
  return run_handlers() > 1;
}

std::size_t Process::run_handlers() {
  const std::size_t before = handlers_run_;
  while (!spins() && context_.poll_one() > 0) ++handlers_run_;
  return handlers_run_ - before;
}

void Process::ask(Call call, Replied replied) {
  if (dead_) return replied(Reply{});
  const auto exchange = std::make_shared<Exchange>(std::move(call));
  api::http::Request& request = exchange->request;
  const api::http::Router::Match match = router_.match(request.method, request.path);
  if (match.route == nullptr) return replied(Reply{404, {}, {}});
  request.path_parameters = match.path_parameters;
  request.route = match.route->pattern;
  switch (match.route->options.body) {
    case api::http::Body::none: break;
    case api::http::Body::small: request.body = exchange->body.text(); break;
    case api::http::Body::stream: request.body_stream = &exchange->body; break;
  }
  const std::uint64_t number = ++asked_;
  calls_.emplace(number, std::move(replied));
  boost::asio::co_spawn(context_, Exchange::answer(exchange, match.route->handler),
                        [this, exchange, number](const std::exception_ptr& failed, Reply reply) {
                          if (failed) std::rethrow_exception(failed);
                          if (dead_) return;
                          calls_.extract(number).mapped()(std::move(reply));
                        });
}

void Process::submit(core::AggregateKey aggregate, core::Command command, processors::Answered answered) {
  const std::uint64_t number = ++asked_;
  commands_.emplace(number, std::move(answered));
  node_.submit(std::move(aggregate), core::CommandId("operator/" + instance_ + "/" + std::to_string(number)),
               std::move(command), [this, number](core::Result<processors::Answer> answer) {
                 if (!dead_) commands_.extract(number).mapped()(std::move(answer));
               });
}

void Process::kill() {
  if (std::exchange(dead_, true)) return;
  store_.crash(chance_);
  blobs_.die();
  journal_->die();
  agenda_.close();
}

}  // namespace simulation
