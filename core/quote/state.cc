#include "core/quote/state.h"

namespace core::quote {

std::vector<RouteLane> lanes_of(const Route& route) {
  if (!route.lanes.empty()) return route.lanes;
  return {{route.provider, route.model, route.mode, route.prices}};
}

}  // namespace core::quote
