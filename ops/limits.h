// What the system leaves to this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/result.h"

namespace ops {

// Whether so many threads and what goes with them can be had; asked before anything is begun that could not be ended.
// Errors: configuration_invalid, naming the limit.
core::Result<void> check_threads(std::size_t threads);

// Takes as many descriptors as this process may be given, and says how many that are.
std::uint64_t raise_descriptor_limit();

// How many of the wanted connections leave the descriptors without which a journal cannot grow, nor a state be flushed.
std::size_t connections_that_fit(std::size_t wanted, std::uint64_t descriptors);

// storage_failed when one of the directories is nearly full. Blocks on the file system.
std::optional<core::Error> room_fault(const std::vector<std::filesystem::path>& directories);

}  // namespace ops
