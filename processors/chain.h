#pragma once

#include <string>

#include "processors/ports/journal.h"

namespace processors {

// The chain of a record, 32 bytes, behind one whose chain is `before` in hexadecimal (64 zeros: behind none):
// SHA-256 over before, epoch, instance, time in microseconds and value, with line feeds between.
std::string chain_of(const std::string& before, const JournalRecord& record);

}  // namespace processors
