// The second pass over a manifest, when its header is known: routes, prices and cuts item by item.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "processors/intake/intake.h"
#include "schemas/plan.h"

namespace processors {

class Intake::Planning {
 public:
  // `intake` and `scores` must outlive this.
  Planning(const Intake& intake, const core::quote::Terms& terms, core::Timestamp now,
           const core::learning::Scores& scores);

  core::Result<void> add(core::ManifestItem item, std::string_view canonical_line);
  // An item that equals the one added last: it takes its answer over.
  core::Result<void> add_equal(std::uint32_t number, std::string_view canonical_line);
  core::Result<PlannedManifest> finish(const core::Digest& content, const std::string& metadata);

 private:
  // A unit being filled.
  struct OpenUnit {
    std::unique_ptr<BlobWriter> writer;
    std::string lines;  // not yet written
    std::uint64_t bytes = 0;
    std::uint32_t item_count = 0;
    core::Money quoted;
  };
  struct OpenRoute {
    core::quote::Route route;
    std::uint32_t items_max = 0;  // in a unit
    std::uint64_t bytes_max = 0;
    OpenUnit unit;
  };
  // Items that have the same operation, and may go to the same lanes in the same order, go together.
  using RouteKey = std::pair<core::Operation, std::vector<std::size_t>>;

  // No route: there are too many.
  std::optional<std::uint32_t> route_of(const core::RouteDecision& decision, core::Operation operation);
  core::RouteRequest request_of(const core::ManifestItem& item) const;
  core::Result<void> write(OpenUnit& unit);
  core::Result<void> close(std::uint32_t route);
  void note_rejections(const std::vector<core::Rejection>& rejections);
  void fault(const core::ManifestItem& item, std::string code, std::string member, std::string message);

  const Intake& intake_;
  const core::quote::Terms terms_;
  const core::Duration slack_;
  const core::learning::Scores& scores_;
  std::set<core::Operation> dialects_;  // that some lane has to be asked in
  std::map<RouteKey, std::uint32_t> route_index_;
  std::vector<OpenRoute> routes_;
  std::vector<core::batch::PlannedUnit> units_;
  std::set<std::tuple<core::ModelSlug, core::ProviderId, core::Mode, core::RejectionReason>> rejections_seen_;
  std::uint32_t item_count_ = 0;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> last_;  // route and number of the item added last
  core::Money total_;
  PlannedManifest planned_;
};

}  // namespace processors
