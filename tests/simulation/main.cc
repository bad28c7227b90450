// tests/simulation: lives histories, each from one seed, twice where it is asked for, and says which of them broke what.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/time.h"
#include "tests/simulation/world.h"

namespace simulation {
namespace {

World* present = nullptr;

Outcome live(const Options& options) {
  World world(options);
  present = &world;
  Outcome outcome = world.live();
  present = nullptr;
  return outcome;
}

}  // namespace
}  // namespace simulation

namespace processors {
void reach_fault_point(const char* name) {
  if (simulation::present != nullptr) simulation::present->fault_point(name);
}
}  // namespace processors

namespace core {
int mutant_asked_for = 0;
bool mutant(int invariant) {
  return invariant == mutant_asked_for;
}
}  // namespace core

int main(int argc, char** argv) {
  CLI::App app("Lives histories of the whole service in one process, each drawn from its seed.");
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  simulation::Options options;
  app.add_option("--seed", seed, "the first");
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--mutant", core::mutant_asked_for, "the deliberate bug of this invariant is made");
  app.add_flag("--trace", options.trace, "says what happens");
  CLI11_PARSE(app, argc, argv);
  const auto began = simulation::machine_time();
  std::uint64_t events = 0, lives = 0;
  int failures = 0;
  for (std::uint64_t i = 0; i < seeds; ++i) {
    options.seed = seed + i;
    const simulation::Outcome outcome = simulation::live(options);
    const simulation::Outcome again = simulation::live(options);
    events += outcome.events;
    lives += outcome.lives;
    if (outcome.digest != again.digest) {
      std::cout << "seed " << options.seed << ": two lives differ\n";
      ++failures;
    }
    if (!outcome.failure.empty()) {
      std::cout << "seed " << options.seed << ": invariant " << outcome.invariant << ": " << outcome.failure << "\n";
      ++failures;
    }
    if (options.trace)
      std::cout << outcome.events << " events, " << outcome.lives << " lives, " << std::chrono::duration_cast<std::chrono::minutes>(outcome.simulated).count() << " min\n";
  }
  std::cout << seeds << " seeds, " << failures << " failures, " << events << " events, " << lives << " lives, "
            << std::chrono::duration_cast<std::chrono::milliseconds>(simulation::machine_time() - began).count()
            << " ms\n";
  return failures == 0 ? 0 : 1;
}
