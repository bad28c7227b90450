// Where the rows of results are kept: one segment for each kind and unit; a batch's artifact is its units' in order.
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

std::string segment_name(const core::BatchId& batch, core::UnitIndex unit, Artifact artifact);

// The bytes of one kind.
std::uint64_t& size_of(core::batch::Segments& segments, Artifact artifact);
std::uint64_t size_of(const core::batch::Segments& segments, Artifact artifact);

}  // namespace processors
