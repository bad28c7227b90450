// The time and the chance of a simulated history. In a program that is linked with time.cc, std::chrono's clocks and
// getrandom() answer what the history says: the service's own libraries run in it as they are.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/time.h"

namespace simulation {

// Begins a history: its first moment, and entropy from `seed`.
void begin_time(std::uint64_t seed);
// Time never goes back.
void advance_to(core::Timestamp time);
core::Timestamp simulated_now();

// Of the machine that the simulation runs on, to say how fast it is.
std::chrono::nanoseconds machine_time();

}  // namespace simulation
