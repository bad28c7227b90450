// What goes wrong in a history, and what its customers do: drawn from the seed. Each kind of fault and of operation is
// left out of half of all histories (swarm testing): what is never alone hides what it covers.
#pragma once

#include <set>
#include <span>
#include <string>

#include "adapters/files/testing/simulated_disk.h"
#include "tests/simulation/blobs.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/lanes.h"
#include "tests/simulation/payments.h"
#include "tests/simulation/receivers.h"
#include "tests/simulation/shared_log.h"

namespace simulation {

// Of each step of a customer, in proportion.
struct Habits {
  double quote = 0;
  double submit = 0;        // a manifest at once
  double accept = 0;        // a quote that was locked
  double accept_again = 0;  // a quote that was accepted already, under another key
  double submit_again = 0;  // the same request under the same Idempotency-Key
  double submit_other = 0;  // another request under the same key
  double race = 0;          // the same at once, several times
  double cancel = 0;
  double retry = 0;
  double look = 0;  // at batches, results, credits
  double pry = 0;   // into what belongs to others
  double judge = 0;
  double buy = 0;
  double pay = 0;  // what was bought, and the events of it
  double refund = 0;
  double dispute = 0;
  double grant = 0;  // by an operator
  double leave = 0;  // the org is erased
  double order = 0;  // by a command on the bus
};

struct Weather {
  LogFaults log;                                // where there are brokers
  adapters::files::SimulatedDisk::Faults disk;  // where there are none: the log's
  BlobFaults blobs;
  LaneFaults lanes;
  ReceiverFaults receivers;
  PaymentFaults payments;
  Habits habits;

  // Per simulated hour and process, but for the last.
  double kills = 0;
  double power_cuts = 0;
  double pauses = 0;      // the process stands still, and does not know
  double state_disk = 0;  // the disk of the state fails
  double log_out_of_reach = 0;
  double clock_jumps = 0;
  double rebalances = 0;        // of the group, where there are several
  double two_owners = 0;        // somebody is told late, or never, that it owns nothing any more
  double reports_repeated = 0;  // of each report of a unit's run: it comes once more, later
  double command_rewinds = 0;   // of each command on the bus: some come again
  double fault_points = 0;      // of each time that one is reached: the process is killed there
};

struct Knob {
  const char* name;
  double& (*of)(Weather&);
  double least;
  double most;
};
std::span<const Knob> knobs();

// `without`: names of knobs that stay at zero. What is drawn for the others does not depend on it.
Weather draw_weather(Chance& chance, const std::set<std::string>& without);

// Everything is mended; what customers do stays.
Weather calm(Weather weather);

}  // namespace simulation
