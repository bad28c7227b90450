// The list of what must hold, and of what must be seen to happen.
#pragma once

#include <span>
#include <string_view>

#include "processors/audit/finding.h"

namespace simulation {

// One of the 25, with the deliberate bug by which its check was seen to fail.
struct Invariant {
  int number;
  std::string_view holds;
  std::string_view checked;  // how, and where
  std::string_view mutant;   // what goes wrong when MUTANT(number) is true, and where it stands
};
std::span<const Invariant> invariants();

// Rare things that histories must reach: else the checks see nothing of them.
std::span<const std::string_view> sometimes();

// Which of them a finding of the auditor is about.
int invariant_of(processors::audit::Rule rule);

}  // namespace simulation
