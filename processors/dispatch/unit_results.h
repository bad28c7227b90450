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
#include <memory>
#include <set>

#include "core/batch/state.h"
#include "core/quote/state.h"
#include "processors/artifacts.h"
#include "processors/ports/blob_store.h"
#include "schemas/result_row.h"

namespace processors {

class UnitResults {
 public:
  // Opens what an earlier run has left, or begins, for the owner with that epoch. Until an event says that the unit's
  // results are kept under `epoch`, the state and its readers go by the segments of `unit.epoch`. `route` prices what
  // providers did.
  static core::Result<std::unique_ptr<UnitResults>> open(BlobStore& blobs, const core::batch::Unit& unit,
                                                         core::Epoch epoch, const core::quote::Route& route);

  bool answered(std::uint32_t item_number) const { return answered_.contains(item_number); }

  // Takes the rows of an item that is not answered yet.
  core::Result<void> add(const schemas::ItemResult& result);
  core::Result<void> sync();

  std::size_t unsynced() const { return unsynced_; }  // items
  // Of what is synced.
  const core::batch::Progress& progress() const { return synced_; }

 private:
  explicit UnitResults(const core::quote::Route& route) : route_(route) {}

  core::Result<void> recover(BlobStore& blobs, const core::batch::Unit& written);
  core::Result<void> copy(BlobStore& blobs, const core::batch::Unit& written);
  void count(const schemas::RawRow& row);
  Segment& segment(Artifact artifact) { return *segments_[static_cast<std::size_t>(artifact)]; }

  const core::quote::Route route_;
  std::array<std::unique_ptr<Segment>, artifacts.size()> segments_;
  std::set<std::uint32_t> answered_;
  core::batch::Progress added_;
  core::batch::Progress synced_;
  std::size_t unsynced_ = 0;
};

}  // namespace processors
