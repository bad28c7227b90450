#include "core/manifest.h"

#include <initializer_list>

namespace core {

std::string_view to_string(SlaTier tier) {
  switch (tier) {
    case SlaTier::priority: return "priority";
    case SlaTier::standard: return "standard";
    case SlaTier::economy: return "economy";
  }
  return "";
}

std::string_view to_string(RoutingMode mode) {
  switch (mode) {
    case RoutingMode::cheapest: return "cheapest";
    case RoutingMode::sla_aware: return "sla_aware";
    case RoutingMode::public_only: return "public_only";
    case RoutingMode::quality: return "quality";
  }
  return "";
}

std::optional<SlaTier> sla_tier_from_string(std::string_view text) {
  for (const SlaTier tier : {SlaTier::priority, SlaTier::standard, SlaTier::economy}) {
    if (to_string(tier) == text) return tier;
  }
  return std::nullopt;
}

std::optional<RoutingMode> routing_mode_from_string(std::string_view text) {
  for (const RoutingMode mode :
       {RoutingMode::cheapest, RoutingMode::sla_aware, RoutingMode::public_only, RoutingMode::quality}) {
    if (to_string(mode) == text) return mode;
  }
  return std::nullopt;
}

Duration sla_window(SlaTier tier) {
  switch (tier) {
    case SlaTier::priority: return std::chrono::hours(1);
    case SlaTier::standard: return std::chrono::hours(24);
    case SlaTier::economy: return std::chrono::hours(72);
  }
  return {};
}

}  // namespace core
