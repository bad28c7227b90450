// Where the rows of results are kept: one segment for each kind and unit; a batch's artifact is its units' in order.
// An owner of the partition writes to segments of its own, named by its epoch, so that one that was replaced and does
// not know it yet cannot spoil what its successor writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/batch/state.h"
#include "core/ids.h"

namespace processors {

enum class Artifact { output, error, receipt, review, raw };
inline constexpr std::array artifacts{Artifact::output, Artifact::error, Artifact::receipt, Artifact::review,
                                      Artifact::raw};

std::string_view to_string(Artifact artifact);
std::optional<Artifact> artifact_from_string(std::string_view text);

// Of the results that `unit`, as the state has it, names as the newest.
std::string segment_name(const core::batch::Unit& unit, Artifact artifact);

// The bytes of one kind.
std::uint64_t& size_of(core::batch::Segments& segments, Artifact artifact);
std::uint64_t size_of(const core::batch::Segments& segments, Artifact artifact);

}  // namespace processors
