#include "processors/artifacts.h"

namespace processors {

std::string_view to_string(Artifact artifact) {
  switch (artifact) {
    case Artifact::output: return "output";
    case Artifact::error: return "error";
    case Artifact::receipt: return "receipt";
    case Artifact::review: return "review";
    case Artifact::raw: return "raw";
  }
  return "";
}

std::optional<Artifact> artifact_from_string(std::string_view text) {
  for (const Artifact artifact : artifacts) {
    if (to_string(artifact) == text) return artifact;
  }
  return std::nullopt;
}

std::string segment_name(const core::batch::Unit& unit, Artifact artifact) {
  std::string name = unit.batch.value() + "/" + std::to_string(unit.index.value());
  if (unit.epoch) name += ".e" + std::to_string(unit.epoch->value());
  return name + "." + std::string(to_string(artifact));
}

std::uint64_t& size_of(core::batch::Segments& segments, Artifact artifact) {
  switch (artifact) {
    case Artifact::output: return segments.output;
    case Artifact::error: return segments.error;
    case Artifact::receipt: return segments.receipt;
    case Artifact::review: return segments.review;
    case Artifact::raw: break;
  }
  return segments.raw;
}

std::uint64_t size_of(const core::batch::Segments& segments, Artifact artifact) {
  core::batch::Segments copy = segments;
  return size_of(copy, artifact);
}

}  // namespace processors
