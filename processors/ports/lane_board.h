// What can be seen of the lanes from outside of the dispatcher.
#pragma once

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

}  // namespace processors
