// One life of the service's process: everything that the daemon makes, over the simulated world, in one thread. Killed,
// it is gone at that very moment: nothing of it can write or call any more, nothing is finished or awaited.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/passwords/password_hasher.h"
#include "api/app.h"
#include "api/http/router.h"
#include "processors/effects.h"
#include "processors/learning/lane_scores.h"
#include "processors/node.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/blobs.h"
#include "tests/simulation/command_topic.h"
#include "tests/simulation/lanes.h"
#include "tests/simulation/payments.h"
#include "tests/simulation/receivers.h"
#include "tests/simulation/store.h"

namespace simulation {

// A journal that a process may lose at any moment.
class ProcessJournal : public processors::Journal {
 public:
  // The process is gone: nothing that it still asks for happens, nobody is told.
  virtual void die() = 0;
};

// Says some of what a unit's run reports once more, later: by then another attempt or owner may be the current one.
class RepeatingBus final : public processors::CommandBus {
 public:
  RepeatingBus(processors::CommandBus& next, Agenda& agenda, Chance& chance, const double& repeated)
      : next_(next), agenda_(agenda), chance_(chance), repeated_(repeated) {}

  void submit(core::AggregateKey aggregate, core::CommandId id, core::Command command,
              processors::Answered answered) override;

 private:
  processors::CommandBus& next_;
  Agenda& agenda_;
  Chance& chance_;
  const double& repeated_;
};

// What a process is given.
struct Surroundings {
  std::string instance;
  std::uint32_t partition_count = 1;
  core::Policy policy;
  const core::Catalog& catalog;
  std::function<core::Timestamp()> now;  // the machine's wall clock, which may be wrong
  std::unique_ptr<ProcessJournal> journal;
  Store& store;
  Shelf& shelf;
  const BlobFaults& blob_faults;
  processors::Vault& vault;
  Providers& providers;
  Receivers& receivers;
  Payments& payments;
  CommandTopic& commands;
  const double& command_rewinds;
  const double& reports_repeated;
  Chance& chance;
  processors::Log& log;
};

struct Call {
  api::http::Method method = api::http::Method::get;
  std::string path;
  api::http::Parameters query = {};
  api::http::Headers headers = {};
  std::string body = {};
};

struct Reply {
  int status = 0;  // 0: the connection broke, and nothing is known
  api::http::Headers headers = {};
  std::string body = {};
};

class Process {
 public:
  using Replied = std::function<void(Reply)>;

  explicit Process(Surroundings surroundings);
  ~Process();

  // Runs what can be run now; says whether there was anything.
  bool run();
  // Whether it did so much at one moment that it will not come to rest.
  bool spins() const { return handlers_run_ >= handlers_max; }
  // Something at its hour; forgotten with the process.
  Agenda& agenda() { return agenda_; }

  processors::Node& node() { return node_; }
  const processors::StateReader& reader() const { return reader_; }
  const std::string& instance() const { return instance_; }
  const Store& store() const { return store_; }

  // As a client that comes by HTTP. Answered once, at the latest when the process is gone.
  void ask(Call call, Replied replied);
  // A command that no client sends, as when an operator does something by hand. Answered like a call.
  void submit(core::AggregateKey aggregate, core::Command command, processors::Answered answered);

  void kill();
  bool dead() const { return dead_; }
  ProcessJournal& journal() { return *journal_; }

 private:
  struct Exchange;

  static constexpr std::size_t handlers_max = 1'000'000;

  std::size_t run_handlers();

  const std::string instance_;
  Chance& chance_;
  Agenda agenda_;
  boost::asio::io_context context_;  // outlives what runs on it
  std::unique_ptr<ProcessJournal> journal_;
  Store& store_;
  Blobs blobs_;
  Outbound outbound_;
  Checkout checkout_;
  SimulatedProviderLane lane_;
  CommandTopicSource commands_from_bus_;
  processors::Effects effects_;
  processors::Node node_;
  RepeatingBus reports_;
  const processors::StateReader reader_;
  std::optional<processors::Dispatcher> dispatcher_;
  std::optional<processors::LaneScores> lane_scores_;
  api::App app_;
  api::http::Router router_;
  std::optional<processors::Planner> planner_;
  std::optional<processors::Delivery> delivery_;
  std::optional<processors::Collector> collector_;
  std::optional<processors::Eraser> eraser_;

  std::map<std::uint64_t, Replied> calls_;  // that wait for an answer
  std::map<std::uint64_t, processors::Answered> commands_;
  std::uint64_t asked_ = 0;
  core::Timestamp timers_looked_at_{};
  std::size_t handlers_run_ = 0;  // since then
  bool dead_ = false;
};

}  // namespace simulation
