// What can be seen of the lanes from outside of the dispatcher, and done about them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/time.h"

namespace processors {

enum class LaneState {
  open,
  resting,  // for a while, after rate limits, errors of the server or of the network
  parked,   // until somebody has mended what is wrong; tried again from time to time
};
std::string_view to_string(LaneState state);

// One that is not open, of a part of a provider.
struct LaneStatus {
  core::ProviderId provider;
  std::optional<core::ModelSlug> model = {};  // none: all
  std::optional<core::Mode> mode = {};        // none: both
  LaneState state = LaneState::open;
  std::string reason;  // stable word
  core::Timestamp since;
  core::Timestamp until;  // then it is tried again
};

// Threading: any thread.
class LaneBoard {
 public:
  virtual ~LaneBoard() = default;
  // Of the lanes that are not open now.
  virtual std::vector<LaneStatus> closed_lanes() const = 0;
};

// Threading: any thread.
class LaneControl {
 public:
  virtual ~LaneControl() = default;
  // Somebody has mended what was wrong: opens all that is closed of a provider, and what waits for a lane tries again.
  // `done` is told, once and from any thread, how many closures that ended.
  virtual void unpark(core::ProviderId provider, std::function<void(std::size_t)> done) = 0;
};

}  // namespace processors
