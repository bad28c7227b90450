// One history: machines on which the service runs and dies, a log, a disk, providers, receivers, customers; and whoever
// watches that what was promised holds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/files/testing/simulated_disk.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/process.h"
#include "tests/simulation/shared_log.h"
#include "tests/simulation/weather.h"

namespace simulation {

struct Options {
  std::uint64_t seed = 1;
  std::set<std::string> without;       // knobs that stay at zero
  std::optional<std::uint64_t> steps;  // of customers; none: as the seed says
  bool trace = false;                  // says on stderr what happens
};

// What came of a history.
struct Outcome {
  std::string digest;   // of everything in the log: the same seed, the same digest
  std::string failure;  // what does not hold; empty: everything does
  int invariant = 0;    // which of the list; 0: none of them
  std::uint64_t events = 0;
  std::uint64_t lives = 0;  // of processes
  core::Duration simulated{};
  std::map<std::string, std::uint64_t> reached;  // rare things, and how often
};

class Customers;
class Oracle;

class World {
 public:
  explicit World(Options options);
  ~World();

  Outcome live();

  // For those who are in it.
  const Options& options() const { return options_; }
  Chance& chance() { return chance_; }
  Agenda& agenda() { return agenda_; }
  const Weather& weather() const { return weather_; }
  std::uint32_t partition_count() const { return partition_count_; }
  processors::Vault& vault() { return *vault_; }
  const core::Catalog& catalog() const { return catalog_; }
  const core::Policy& policy() const { return policy_; }
  Providers& providers() { return providers_; }
  Receivers& receivers() { return receivers_; }
  Payments& payments() { return payments_; }
  CommandTopic& commands() { return commands_; }
  Shelf& shelf() { return shelf_; }
  Oracle& oracle() { return *oracle_; }

  std::size_t machine_count() const { return machines_.size(); }
  // Null while nothing runs there.
  Process* process(std::size_t machine) { return machines_[machine].process.get(); }
  // Whose code is being run; null: nobody's.
  const Process* running() const { return running_; }
  const Store& store(std::size_t machine) const { return *machines_[machine].store; }
  // The records of a partition that are in the log, durably.
  const std::vector<processors::JournalRecord>& records(core::Partition partition);

  // The process that is running now is killed where it stands.
  void fault_point(const char* name);
  void say(const std::string& text) const;

 private:
  struct Machine {
    std::unique_ptr<Store> store;
    std::unique_ptr<adapters::files::SimulatedDisk> disk;  // of the log, where there are no brokers
    std::unique_ptr<Process> process;
    core::Duration clock_error{};
    std::set<core::Partition> owned;  // as it was told
    core::Timestamp paused_until{};
    std::uint64_t lives = 0;
  };

  void forget_the_newest();
  std::unique_ptr<ProcessJournal> open_journal(Machine& machine);
  void read_again(processors::Journal& journal);
  void step(core::Duration longest);
  bool run_processes();
  void reap();
  void begin(std::size_t machine);
  void distribute();
  void schedule_weather();
  void trouble(double per_hour, std::function<void()> what);
  Machine* any_alive();
  bool quiet();
  std::string digest();

  const Options options_;
  Chance chance_;
  Weather weather_;  // now
  Agenda agenda_;
  core::Policy policy_;
  const core::Catalog catalog_;
  const std::uint32_t partition_count_;
  std::unique_ptr<processors::Vault> vault_;
  std::unique_ptr<processors::Log> log_lines_;
  const bool brokers_;  // else one machine has the log on its disk
  SharedLog log_;
  std::map<core::Partition, std::vector<processors::JournalRecord>> on_disk_;  // the same, as far as it was read
  Shelf shelf_;
  Providers providers_;
  Receivers receivers_;
  Payments payments_;
  CommandTopic commands_;
  std::vector<Machine> machines_;
  Process* running_ = nullptr;  // whose code is being run
  bool healed_ = false;
  std::uint64_t lives_ = 0;
  core::Duration stride_{};  // of time, while nothing happens
  std::uint64_t records_seen_ = 0;
  std::unique_ptr<Oracle> oracle_;
  std::unique_ptr<Customers> customers_;
};

}  // namespace simulation
