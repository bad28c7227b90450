#include "api/app.h"

#include "adapters/random/random.h"
#include "processors/ask.h"
#include "processors/fault_point.h"

namespace api {

http::awaitable<core::Result<processors::Answer>> command(const App& app, core::AggregateKey aggregate,
                                                          core::Command command) {
  core::CommandId id("cmd_" + adapters::random::make_ulid(app.now()));
  core::Result<processors::Answer> answer =
      co_await processors::ask(app.bus, std::move(aggregate), std::move(id), std::move(command));
  FAULT_POINT(F07);
  co_return answer;
}

core::Result<core::learning::Scores> scores_of(const App& app, const core::OrgId& org) {
  if (app.lane_scores == nullptr) return core::learning::Scores{};
  return app.lane_scores->of(org);
}

}  // namespace api
