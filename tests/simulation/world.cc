#include "tests/simulation/world.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "core/overloaded.h"
#include "processors/ports/log.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/service.h"
#include "schemas/digest.h"
#include "tests/simulation/customers.h"
#include "tests/simulation/disk_journal.h"
#include "tests/simulation/oracle.h"

namespace simulation {

namespace {

using namespace std::chrono_literals;

constexpr core::Duration stride_min = 200ms;
constexpr core::Duration stride_max = 1h;
constexpr core::Duration safety_time = 8h;          // with faults, at most
constexpr core::Duration liveness_time = 24h * 10;  // all that was begun must have ended by then
constexpr core::Duration restart_max = 2min;

// What the service says, for --trace.
class Lines final : public processors::Log {
 public:
  explicit Lines(const World& world) : world_(world) {}
  void write(Level, std::string_view event, processors::Fields fields) override {
    if (!world_.options().trace) return;
    std::string line = "  log: " + std::string(event);
    for (const processors::Field& field : fields) {
      line += " " + std::string(field.name) + "=";
      std::visit(core::Overloaded{[&](std::string_view text) { line += text; },
                                  [&](auto number) { line += std::to_string(number); }},
                 field.value);
    }
    world_.say(line);
  }

 private:
  const World& world_;
};

core::Policy draw_policy(Chance& chance) {
  core::Policy policy;
  policy.starter_grant = core::Money::from_nanos(static_cast<std::int64_t>(chance.between(0, 3'000'000)));
  policy.quote_window = chance.between(core::Duration(2min), core::Duration(1h));
  policy.unit_attempts_max = static_cast<std::uint32_t>(chance.between(1, 5));
  policy.webhook_retry_schedule = {5s, 5min, 30min, 2h};
  return policy;
}

}  // namespace

World::World(Options options)
    : options_(std::move(options)),
      chance_((begin_time(options_.seed), options_.seed)),
      weather_(draw_weather(chance_, options_.without)),
      policy_(draw_policy(chance_)),
      catalog_(processors::testing::sample_catalog()),
      partition_count_(static_cast<std::uint32_t>(chance_.between(1, 4))),
      vault_(std::make_unique<processors::testing::FakeVault>()),
      log_lines_(std::make_unique<Lines>(*this)),
      brokers_(chance_.happens(0.5)),
      log_(agenda_, chance_, weather_.log),
      providers_(chance_, weather_.lanes),
      receivers_(chance_, weather_.receivers),
      payments_(chance_, weather_.payments),
      machines_(brokers_ ? chance_.between(1, 3) : 1),
      oracle_(std::make_unique<Oracle>(*this)),
      customers_(std::make_unique<Customers>(*this)) {
  for (Machine& machine : machines_) {
    machine.store = std::make_unique<Store>();
    machine.disk = std::make_unique<adapters::files::SimulatedDisk>([this] { return chance_.next(); });
    machine.disk->set_faults(weather_.disk);
  }
  providers_.called = [this](const processors::Attempt& attempt) { oracle_->provider_called(attempt); };
  providers_.answered = [this](const processors::Attempt& attempt, const processors::LaneAnswer& answer) {
    oracle_->provider_answered(attempt, answer);
  };
  receivers_.connected = [this](const std::string& address) { oracle_->connected(address); };
  receivers_.arrived = [this](const processors::WebhookRequest& request) { oracle_->webhook_arrived(request); };
}

// Whoever still waits for an answer of a process is told while all are there.
World::~World() {
  for (Machine& machine : machines_) machine.process.reset();
  agenda_.close();
}

Outcome World::live() {
  for (std::size_t machine = 0; machine < machines_.size(); ++machine) begin(machine);
  distribute();
  schedule_weather();
  customers_->begin();
  const core::Timestamp began = simulated_now();
  while (!oracle_->failed() && simulated_now() < began + safety_time && !customers_->done()) step(stride_max / 60);

  say("everything is mended");
  healed_ = true;
  weather_ = calm(weather_);
  log_.set_out_of_reach(false);
  for (Machine& machine : machines_) {
    machine.paused_until = {};
    machine.clock_error = {};
    machine.disk->set_faults({});
  }
  distribute();
  customers_->finish();
  const core::Timestamp healed = simulated_now();
  while (!oracle_->failed() && !quiet()) {
    step(stride_max);
    if (simulated_now() > healed + liveness_time)
      oracle_->fail(12,
                    "ten days later something has still not ended: " + customers_->waits_for() + oracle_->waits_for());
  }
  customers_->download();
  while (!oracle_->failed() && !customers_->quiet()) {
    step(stride_max);
    if (simulated_now() > healed + 2 * liveness_time) oracle_->fail(14, "results cannot be downloaded");
  }
  if (!oracle_->failed()) oracle_->end();
  if (!oracle_->failed() && brokers_ && machines_.size() == 1) forget_the_newest();

  Outcome outcome;
  outcome.digest = digest();
  outcome.failure = oracle_->failure();
  outcome.invariant = oracle_->invariant();
  outcome.events = oracle_->events();
  outcome.lives = lives_;
  outcome.reached = oracle_->reached();
  outcome.simulated = simulated_now() - began;
  return outcome;
}

// --- how time goes on -----------------------------------------------------------------------------------------------

// Time goes to the next thing that is to happen; timers inside of processes fire late by as much as it leaps.
void World::step(core::Duration longest) {
  bool anything = run_processes();
  for (; agenda_.act(); anything = true) reap();
  for (Machine& machine : machines_) {
    while (machine.process && machine.paused_until <= simulated_now() && machine.process->agenda().act())
      anything = true;
  }
  reap();
  oracle_->look();
  const std::uint64_t records = oracle_->records();
  const bool moved = std::exchange(records_seen_, records) != records;
  if (anything) return;  // what was done may have given the processes something to do at once
  stride_ = moved ? stride_min : std::min(longest, stride_ + stride_ / 2 + stride_min);
  core::Timestamp next = simulated_now() + stride_;
  const auto sooner = [&](std::optional<core::Timestamp> time) {
    if (time) next = std::min(next, *time);
  };
  sooner(agenda_.next());
  for (Machine& machine : machines_) {
    if (machine.process && machine.paused_until <= simulated_now()) sooner(machine.process->agenda().next());
  }
  advance_to(next);
}

bool World::run_processes() {
  bool ran = false;
  for (Machine& machine : machines_) {
    if (!machine.process || machine.paused_until > simulated_now()) continue;
    running_ = machine.process.get();
    ran = machine.process->run() || ran;
    if (machine.process->spins()) oracle_->fail(12, "a process never comes to rest, and time stands still");
  }
  running_ = nullptr;
  return ran;
}

// Processes that were killed are cleared away, and begun anew after a while.
void World::reap() {
  bool any = false;
  for (std::size_t number = 0; number < machines_.size(); ++number) {
    Machine& machine = machines_[number];
    if (!machine.process || !machine.process->dead()) continue;
    machine.process.reset();
    machine.disk->process_killed();
    machine.owned.clear();
    machine.paused_until = {};
    any = true;
    agenda_.later(healed_ ? core::Duration(1s) : chance_.between(core::Duration(0), restart_max), [this, number] {
      begin(number);
      distribute();
    });
  }
  if (any) distribute();
}

void World::begin(std::size_t number) {
  Machine& machine = machines_[number];
  oracle_->begins(number);
  machine.store->begin();
  ++lives_;
  const std::string instance = "node_" + std::to_string(number) + "_" + std::to_string(++machine.lives);
  say("process " + instance + " begins");
  std::unique_ptr<ProcessJournal> journal = open_journal(machine);
  if (!journal) {
    agenda_.later(1s, [this, number] {
      begin(number);
      distribute();
    });
    return;
  }
  machine.process = std::make_unique<Process>(Surroundings{
      instance, partition_count_, policy_, catalog_, [&machine] { return simulated_now() + machine.clock_error; },
      std::move(journal), *machine.store, shelf_, weather_.blobs, *vault_, providers_, receivers_, payments_, commands_,
      weather_.command_rewinds, weather_.reports_repeated, chance_, *log_lines_});
}

std::unique_ptr<ProcessJournal> World::open_journal(Machine& machine) {
  if (brokers_) return std::make_unique<SharedLogJournal>(log_);
  const auto broken = [this, &machine, life = machine.lives] {
    agenda_.later(core::Duration(0), [&machine, life] {
      if (machine.process && machine.lives == life) machine.process->kill();
    });
  };
  auto journal = DiskJournal::open(*machine.disk, agenda_, chance_, broken);
  if (journal.has_error()) {
    say("the log cannot be opened: " + journal.error().detail);
    if (journal.error().code != core::ErrorCode::storage_failed)
      oracle_->fail(24, "the log cannot be opened: " + journal.error().detail);
    machine.disk->process_killed();
    return nullptr;
  }
  if ((*journal)->torn_tail_bytes() > 0) oracle_->reached("recovery from a torn last record");
  read_again(**journal);
  return std::move(*journal);
}

// Every record that could be read before is still there, and the same.
void World::read_again(processors::Journal& journal) {
  for (auto& [partition, records] : on_disk_) {
    std::size_t same = 0;
    const auto read =
        journal.read(partition, core::Offset(0), [&, &known = records](const processors::StoredRecord& stored) {
          if (same == known.size()) return false;
          if (stored.record.chain != known[same].chain || stored.record.value != known[same].value) return false;
          ++same;
          return true;
        });
    if (read.has_error() && read.error().code == core::ErrorCode::storage_failed) continue;
    if (same < records.size())
      oracle_->fail(
          24, "record " + std::to_string(partition.value()) + "/" + std::to_string(same) + " was durable, and is gone");
  }
}

const std::vector<processors::JournalRecord>& World::records(core::Partition partition) {
  if (brokers_) return log_.records(partition);
  std::vector<processors::JournalRecord>& records = on_disk_[partition];
  Process* process = machines_.front().process.get();
  if (process == nullptr || process->dead()) return records;
  const auto read = process->journal().read(partition, core::Offset(static_cast<std::int64_t>(records.size())),
                                            [&](const processors::StoredRecord& stored) {
                                              records.push_back(stored.record);
                                              return true;
                                            });
  if (read.has_error() && read.error().code == core::ErrorCode::log_corrupt) oracle_->fail(24, read.error().detail);
  return records;
}

// Who owns what, as the group says.
void World::distribute() {
  std::vector<Machine*> alive;
  for (Machine& machine : machines_) {
    if (machine.process && !machine.process->dead()) alive.push_back(&machine);
  }
  if (alive.empty()) return;
  std::vector<std::set<core::Partition>> shares(alive.size());
  for (std::uint32_t i = 0; i < partition_count_; ++i)
    shares[(i + chance_.between(0, alive.size() - 1)) % alive.size()].insert(core::Partition(i));
  for (std::size_t i = 0; i < alive.size(); ++i) {
    Machine& machine = *alive[i];
    // Who keeps what it has need not be told.
    machine.owned = shares[i];
    machine.process->node().assigned({shares[i].begin(), shares[i].end()});
  }
}

World::Machine* World::any_alive() {
  std::vector<Machine*> alive;
  for (Machine& machine : machines_) {
    if (machine.process && !machine.process->dead()) alive.push_back(&machine);
  }
  return alive.empty() ? nullptr : chance_.one_of(alive);
}

// --- what goes wrong ------------------------------------------------------------------------------------------------

// Again and again, that often on the average.
void World::trouble(double per_hour, std::function<void()> what) {
  if (per_hour == 0) return;
  const auto mean = core::Duration(static_cast<core::Duration::rep>(3.6e9 / per_hour));
  agenda_.later(chance_.between(core::Duration(0), 2 * mean), [this, per_hour, what = std::move(what)] {
    if (healed_) return;
    what();
    trouble(per_hour, what);
  });
}

void World::schedule_weather() {
  const double machines = static_cast<double>(machines_.size());
  trouble(weather_.kills * machines, [this] {
    if (Machine* machine = any_alive()) {
      say("kill " + machine->process->instance());
      machine->process->kill();
    }
  });
  trouble(weather_.power_cuts, [this] {
    say("the power fails");
    for (Machine& machine : machines_) {
      if (machine.process) machine.process->kill();
    }
    for (Machine& machine : machines_) machine.disk->power_off();
    shelf_.power_off(chance_);
  });
  trouble(weather_.pauses * machines, [this] {
    Machine* machine = any_alive();
    if (machine == nullptr) return;
    const core::Duration time = chance_.between(core::Duration(1s), core::Duration(10min));
    say("pause " + machine->process->instance());
    machine->paused_until = simulated_now() + time;
    if (machines_.size() > 1 && time > 45s) {
      // The others are given what it owns.
      Machine* owner = machine;
      std::unique_ptr<Process> away = std::move(owner->process);
      distribute();
      owner->process = std::move(away);
      agenda_.at(machine->paused_until, [this] { distribute(); });
    }
  });
  trouble(weather_.state_disk * machines, [this] {
    if (Machine* machine = any_alive()) {
      say("the state of " + machine->process->instance() + " cannot be written");
      machine->store->fail();
      agenda_.later(chance_.between(core::Duration(0), core::Duration(5min)), [machine, life = machine->lives] {
        if (machine->process && machine->lives == life) machine->process->kill();
      });
    }
  });
  trouble(weather_.log_out_of_reach, [this] {
    say("the log is out of reach");
    log_.set_out_of_reach(true);
    agenda_.later(chance_.between(core::Duration(1s), core::Duration(3min)), [this] { log_.set_out_of_reach(false); });
  });
  trouble(weather_.clock_jumps * machines, [this] {
    Machine& machine = chance_.one_of(machines_);
    static constexpr core::Duration jumps[] = {1ms, 1s, 1min, 1h, 24h};
    const core::Duration jump = chance_.one_of(jumps);
    machine.clock_error = chance_.happens(0.5) ? jump : -jump;
    say("a clock jumps");
  });
  if (machines_.size() < 2) return;
  trouble(weather_.rebalances, [this] { distribute(); });
  trouble(weather_.two_owners, [this] {
    // Told to own what another has, who is not told.
    Machine* machine = any_alive();
    if (machine == nullptr) return;
    say(machine->process->instance() + " is told to own everything");
    std::vector<core::Partition> all;
    for (std::uint32_t i = 0; i < partition_count_; ++i) all.emplace_back(i);
    machine->owned = {all.begin(), all.end()};
    machine->process->node().assigned(all);
    agenda_.later(chance_.between(core::Duration(1s), core::Duration(5min)), [this] { distribute(); });
  });
}

void World::fault_point(const char* name) {
  if (running_ == nullptr || running_->dead() || healed_ || !chance_.happens(weather_.fault_points)) return;
  say(std::string("kill ") + running_->instance() + " at " + name);
  oracle_->reached(name);
  running_->kill();
}

// The brokers lose a record that was confirmed, as after an unclean election. A state that has it is ahead of the log,
// and its partition must not be served: nobody knows any more what is true.
void World::forget_the_newest() {
  say("the brokers forget a record");
  core::Partition partition(static_cast<std::uint32_t>(chance_.between(0, partition_count_ - 1)));
  for (Machine& machine : machines_) {
    if (!machine.process || !machine.owned.contains(partition)) continue;
    if (machine.store->flush().has_error() || !log_.forget_newest(partition)) return;
    machine.process->kill();
    const core::Timestamp until = simulated_now() + core::Duration(10min);
    // The one that had it comes back, and is told to own it again.
    while (simulated_now() < until && !(machine.process && machine.process->node().halted(partition).has_value())) {
      step(stride_min);
      if (machine.process && !machine.owned.contains(partition)) distribute();
    }
    const bool refused = machine.process && machine.process->node().halted(partition).has_value();
    if (!refused) oracle_->fail(24, "a partition is served although its log is shorter than its state");
    oracle_->reached("a state that is ahead of the log is refused");
    return;
  }
}

// --- the end --------------------------------------------------------------------------------------------------------

bool World::quiet() {
  return customers_->quiet() && oracle_->quiet();
}

std::string World::digest() {
  std::string all;
  for (std::uint32_t i = 0; i < partition_count_; ++i) {
    for (const processors::JournalRecord& record : records(core::Partition(i)))
      all += schemas::sha256_raw(record.value + record.instance);
    all += "\n";
  }
  return schemas::sha256(all).value();
}

void World::say(const std::string& text) const {
  if (!options_.trace) return;
  const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
      simulated_now() - std::chrono::sys_days{std::chrono::year{2026} / 3 / 1});
  std::cerr << at.count() / 1000 << "." << at.count() % 1000 << " " << text << "\n";
}

}  // namespace simulation
