#include "core/batch/rules.h"

namespace core::batch {

std::vector<Effect> react_one(const BatchQueued& event) {
  return {PlanBatch{event.org, event.batch}};
}

std::vector<Effect> react_one(const UnitsPlanned& event) {
  std::vector<Effect> effects;
  for (std::uint32_t i = 0; i < event.units.size(); ++i)
    effects.push_back(RunUnit{event.org, event.batch, UnitIndex(event.first + i)});
  return effects;
}

std::vector<Effect> react_one(const StopRequested& event) {
  return {StopBatch{event.org, event.batch}};
}

}  // namespace core::batch
