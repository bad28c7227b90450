// The results of one unit while they come in: rows appended to its segments, synced in groups, and after a crash read
// back to the last item whose rows are all there.
//
// Each owner of the partition writes to segments of its own. What an earlier one has left is copied, not continued: it
// may still be writing.
//
// Threading: one thread at a time. Durability: what sync() has covered survives; the unsynced tail may be cut off, and
// its items are asked again.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/batch/state.h"
#include "core/quote/state.h"
#include "processors/artifacts.h"
#include "processors/ports/blob_store.h"
#include "schemas/result_row.h"
#include "schemas/work_item.h"

namespace processors {

class UnitResults {
 public:
  // How many items take the answer of an item over. Their rows follow its rows and count with them or not at all.
  using Equals = std::map<std::uint32_t, std::uint32_t>;

  // Opens what an earlier run has left, or begins, for the owner with that epoch. Until an event says that the unit's
  // results are kept under `epoch`, the state and its readers go by the segments of `unit.epoch`. `route` prices what
  // providers did.
  static core::Result<std::unique_ptr<UnitResults>> open(BlobStore& blobs, const core::batch::Unit& unit,
                                                         core::Epoch epoch, const core::quote::Route& route,
                                                         Equals equals = {});

  bool answered(std::uint32_t item_number) const { return answered_.contains(item_number); }

  // Takes the rows of an item that is not answered yet, and of the items that equal it.
  core::Result<void> add(const schemas::ItemResult& result, const std::vector<schemas::WorkItem>& equals = {});
  // Takes an answer that does not count; the item remains to be asked.
  core::Result<void> discard(const schemas::ItemResult& result);
  core::Result<void> sync();

  std::size_t unsynced() const { return unsynced_; }  // items
  // Of what is synced.
  const core::batch::Progress& progress() const { return synced_.progress; }
  // What each lane did of that.
  const core::batch::LaneShares& shares() const { return synced_.shares; }

 private:
  struct Sums {
    core::batch::Progress progress;
    core::batch::LaneShares shares;
  };

  UnitResults(const core::quote::Route& route, Equals equals) : route_(route), equals_(std::move(equals)) {}

  core::Result<void> recover(BlobStore& blobs, const core::batch::Unit& written);
  core::Result<void> copy(BlobStore& blobs, const core::batch::Unit& written);
  core::Result<void> settle(BlobStore& blobs, const core::batch::Unit& own, Artifact artifact, std::uint64_t durable);
  core::Result<void> append(const schemas::ItemResult& result);
  void count(const schemas::RawRow& row, Sums& sums) const;
  Segment& segment(Artifact artifact) { return *segments_[static_cast<std::size_t>(artifact)]; }

  const core::quote::Route route_;
  const Equals equals_;
  std::array<std::unique_ptr<Segment>, artifacts.size()> segments_;
  std::set<std::uint32_t> answered_;
  Sums added_;
  Sums synced_;
  std::size_t unsynced_ = 0;
};

}  // namespace processors
