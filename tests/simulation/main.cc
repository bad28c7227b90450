// simulation [--seed N] [--seeds COUNT] [--jobs N] [--without KNOB…] [--steps N] [--trace] [--mutant N] [--mutants]
// Lives histories of the whole service, each drawn from its seed and lived twice, as two lives must come to the same
// log. Says what did not hold, and for the first such seed the smallest history that still shows it, as a command.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/simulation/invariants.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/time.h"
#include "tests/simulation/world.h"

namespace simulation {
namespace {

constexpr auto progress_interval = std::chrono::seconds(10);

World* present = nullptr;
int mutant_asked_for = 0;

struct Failure {
  std::uint64_t seed = 0;
  int invariant = 0;
  std::string what;
};

// Of many histories.
struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t lives = 0;
  std::chrono::minutes simulated{};
  std::map<std::string, std::uint64_t> reached;
  std::vector<Failure> failures;
};

Outcome live(const Options& options) {
  World world(options);
  present = &world;
  Outcome outcome = world.live();
  present = nullptr;
  return outcome;
}

Outcome live_twice(const Options& options) {
  Outcome outcome = live(options);
  Options silently = options;
  silently.trace = false;
  if (outcome.failure.empty() && live(silently).digest != outcome.digest) {
    outcome.failure = "two lives of one seed differ";
    outcome.invariant = 25;
  }
  return outcome;
}

// --- many seeds, on several cores -----------------------------------------------------------------------------------

// A worker says what it has found line by line; texts have no line breaks.
std::string one_line(std::string text) {
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

void live_some(Options options, std::uint64_t seeds, std::uint64_t first, std::uint64_t every, std::FILE* lines) {
  const std::uint64_t seed = options.seed;
  for (std::uint64_t i = first; i < seeds; i += every) {
    options.seed = seed + i;
    const Outcome outcome = live_twice(options);
    for (const auto& [what, times] : outcome.reached)
      std::fprintf(lines, "reached %llu %s\n", static_cast<unsigned long long>(times), what.c_str());
    if (!outcome.failure.empty())
      std::fprintf(lines, "failed %llu %d %s\n", static_cast<unsigned long long>(options.seed), outcome.invariant,
                   one_line(outcome.failure).c_str());
    std::fprintf(lines, "lived %llu %llu %lld\n", static_cast<unsigned long long>(outcome.events),
                 static_cast<unsigned long long>(outcome.lives),
                 static_cast<long long>(std::chrono::duration_cast<std::chrono::minutes>(outcome.simulated).count()));
    std::fflush(lines);
  }
}

void take_line(const std::string& line, Sum& sum) {
  std::istringstream text(line);
  std::string word;
  text >> word;
  if (word == "lived") {
    std::uint64_t events = 0, lives = 0;
    std::int64_t minutes = 0;
    text >> events >> lives >> minutes;
    ++sum.seeds;
    sum.events += events;
    sum.lives += lives;
    sum.simulated += std::chrono::minutes(minutes);
  } else if (word == "reached") {
    std::uint64_t times = 0;
    text >> times >> std::ws;
    std::string what;
    std::getline(text, what);
    sum.reached[what] += times;
  } else if (word == "failed") {
    Failure failure;
    text >> failure.seed >> failure.invariant >> std::ws;
    std::getline(text, failure.what);
    std::cout << "seed " << failure.seed << ": invariant " << failure.invariant << ": " << failure.what << std::endl;
    sum.failures.push_back(std::move(failure));
  }
}

void say_rate(const Sum& sum, std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::cout << sum.seeds << " seeds, " << sum.failures.size() << " failed, " << sum.events << " events, " << sum.lives
            << " lives of processes, " << std::chrono::duration_cast<std::chrono::hours>(sum.simulated).count()
            << " simulated hours in " << static_cast<int>(seconds) << " s ("
            << static_cast<int>(static_cast<double>(sum.seeds) / seconds * 60) << " seeds/min, "
            << static_cast<std::int64_t>(static_cast<double>(sum.simulated.count()) * 60 / seconds)
            << " times as fast as time)" << std::endl;
}

// A process for each job, as a history has the clocks of its process to itself. Hands over each line that they say, and
// calls `meanwhile` once a second at least. Answers how many of them died.
int run_workers(std::uint64_t jobs, const std::function<void(std::uint64_t job, std::FILE*)>& work,
                const std::function<void(const std::string&)>& take, const std::function<void()>& meanwhile) {
  std::vector<pollfd> pipes;
  std::vector<std::string> partly(jobs);
  std::cout.flush();
  for (std::uint64_t job = 0; job < jobs; ++job) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    if (::fork() == 0) {
      ::close(ends[0]);
      std::FILE* lines = ::fdopen(ends[1], "w");
      work(job, lines);
      std::fclose(lines);
      std::_Exit(0);
    }
    ::close(ends[1]);
    pipes.push_back({ends[0], POLLIN, 0});
  }
  for (std::size_t open = jobs; open > 0; meanwhile()) {
    ::poll(pipes.data(), pipes.size(), 1'000);
    for (std::size_t i = 0; i < pipes.size(); ++i) {
      if (pipes[i].revents == 0) continue;
      char bytes[4'096];
      const ssize_t count = ::read(pipes[i].fd, bytes, sizeof bytes);
      if (count <= 0) {
        pipes[i].fd = -1;
        --open;
        continue;
      }
      partly[i].append(bytes, static_cast<std::size_t>(count));
      for (std::size_t end; (end = partly[i].find('\n')) != std::string::npos; partly[i].erase(0, end + 1))
        take(partly[i].substr(0, end));
    }
  }
  int dead = 0;
  for (int status = 0; ::wait(&status) > 0;) dead += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  return dead;
}

Sum live_all(const Options& options, std::uint64_t seeds, std::uint64_t jobs) {
  Sum sum;
  const auto began = machine_time();
  auto said = began;
  const int dead = run_workers(
      jobs, [&](std::uint64_t job, std::FILE* lines) { live_some(options, seeds, job, jobs, lines); },
      [&](const std::string& line) { take_line(line, sum); },
      [&] {
        if (machine_time() - said < progress_interval) return;
        said = machine_time();
        say_rate(sum, said - began);
      });
  // A history that kills its worker is a finding, too.
  if (dead > 0) {
    sum.failures.push_back({0, 0, "a worker died in a history that it had not told of yet"});
    std::cout << sum.failures.back().what << std::endl;
  }
  say_rate(sum, machine_time() - began);
  return sum;
}

// --- the mutants ----------------------------------------------------------------------------------------------------

// Each must be caught by the check of its own invariant, within so many seeds.
int hunt_mutants(Options options, std::uint64_t jobs) {
  constexpr std::uint64_t seeds_max = 200;
  const auto began = machine_time();
  const auto hunt = [&](std::uint64_t job, std::FILE* lines) {
    for (std::size_t i = job; i < invariants().size(); i += jobs) {
      const int number = mutant_asked_for = invariants()[i].number;
      Outcome outcome;
      for (options.seed = 1; options.seed <= seeds_max && outcome.failure.empty(); ++options.seed)
        outcome = live(options);
      const bool caught = !outcome.failure.empty() && outcome.invariant == number;
      std::fprintf(lines, "%s mutant %d: %s (seed %llu, invariant %d)\n", caught ? "caught" : "MISSED", number,
                   one_line(outcome.failure).c_str(), static_cast<unsigned long long>(options.seed - 1),
                   outcome.invariant);
      std::fflush(lines);
    }
  };
  std::size_t caught = 0;
  const auto take = [&](const std::string& line) {
    std::cout << line << std::endl;
    caught += line.starts_with("caught") ? 1 : 0;
  };
  run_workers(jobs, hunt, take, [] {});
  std::cout << caught << " of " << invariants().size() << " mutants caught in "
            << std::chrono::duration_cast<std::chrono::seconds>(machine_time() - began).count() << " s\n";
  return caught == invariants().size() ? 0 : 1;
}

// --- the smallest history -------------------------------------------------------------------------------------------

// Leaves out what can be left out: kinds of faults and operations first, then steps.
Options shrink(Options options, int invariant) {
  const auto still_fails = [&](const Options& tried) {
    const Outcome outcome = invariant == 25 ? live_twice(tried) : live(tried);
    return !outcome.failure.empty() && outcome.invariant == invariant;
  };
  for (const Knob& knob : knobs()) {
    Options without = options;
    without.without.insert(knob.name);
    if (still_fails(without)) options = std::move(without);
  }
  for (std::uint64_t steps = options.steps.value_or(128); steps > 0; steps -= (steps + 3) / 4) {
    Options fewer = options;
    fewer.steps = steps;
    if (still_fails(fewer)) options = std::move(fewer);
  }
  return options;
}

std::string command_of(const Options& options) {
  std::string command = "build/release/bin/simulation --trace --seed " + std::to_string(options.seed);
  if (options.steps) command += " --steps " + std::to_string(*options.steps);
  if (mutant_asked_for != 0) command += " --mutant " + std::to_string(mutant_asked_for);
  if (!options.without.empty()) command += " --without";
  for (const std::string& knob : options.without) command += " " + knob;
  return command;
}

int run(const Options& options, std::uint64_t seeds, std::uint64_t jobs) {
  if (options.trace) {
    const Outcome outcome = live_twice(options);
    std::cout << (outcome.failure.empty() ? "holds" : outcome.failure) << "\n";
    return outcome.failure.empty() ? 0 : 1;
  }
  const Sum sum = live_all(options, seeds, jobs);
  for (const auto& [what, times] : sum.reached) std::cout << "  " << times << " times: " << what << "\n";
  for (const std::string_view what : sometimes()) {
    if (!sum.reached.contains(std::string(what))) std::cout << "  never: " << what << "\n";
  }
  for (const Failure& failure : sum.failures) {
    if (failure.seed == 0) continue;
    Options failed = options;
    failed.seed = failure.seed;
    std::cout << "the smallest history found that shows it:\n  " << command_of(shrink(failed, failure.invariant))
              << std::endl;
    break;
  }
  return sum.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace simulation

namespace processors {
void reach_fault_point(const char* name) {
  if (simulation::present != nullptr) simulation::present->fault_point(name);
}
}  // namespace processors

namespace core {
bool mutant(int invariant) {
  return invariant == simulation::mutant_asked_for;
}
}  // namespace core

int main(int argc, char** argv) {
  CLI::App app("Lives histories of the whole service in one process, each drawn from its seed.");
  std::uint64_t seeds = 1, jobs = 1;
  simulation::Options options;
  std::vector<std::string> without;
  app.add_option("--seed", options.seed, "the first one");
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--jobs", jobs, "processes side by side")->check(CLI::Range(1, 256));
  app.add_option("--without", without, "kinds of faults and of operations to leave out (tests/simulation/weather.cc)");
  app.add_option("--steps", options.steps, "of all customers together");
  app.add_option("--mutant", simulation::mutant_asked_for, "makes the deliberate bug of this invariant");
  bool mutants = false;
  app.add_flag("--mutants", mutants, "sees whether each mutant is caught");
  app.add_flag("--trace", options.trace, "says what happens in the history of --seed");
  CLI11_PARSE(app, argc, argv);
  options.without = {without.begin(), without.end()};
  return mutants ? simulation::hunt_mutants(options, jobs) : simulation::run(options, seeds, jobs);
}
