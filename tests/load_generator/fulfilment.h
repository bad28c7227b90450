// Who does the work of one partition: plans batches, plays the lanes, forwards commands, sends mail, calls endpoints.
// Some attempts fail and are made again on another lane, some units hang until their batch is stopped, some endpoints
// are down.
//
// Threading and lifetime: of the world it is attached to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/batch/commands.h"
#include "core/quote/state.h"
#include "processors/effect_runner.h"
#include "tests/load_generator/partition_world.h"

namespace load_generator {

// A batch that was, or is about to be, submitted.
struct Order {
  core::OrgId org;
  core::BatchId batch;
  std::vector<core::quote::Route> routes;
  std::vector<core::batch::PlannedUnit> units;
  std::function<void()> ended;

  bool may_hang = false;   // a unit may be stuck until the deadline, an hour from now
  bool cancelled = false;  // by its customer
  bool stopped = false;    // cancelled or expired: units are to close
  std::size_t units_open = 0;
};

class Fulfilment final : public processors::EffectRunner {
 public:
  void attach(PartitionWorld& world) { world_ = &world; }
  // Before the batch is submitted.
  void expect(std::shared_ptr<Order> order);
  // It was refused.
  void forget(const core::BatchId& batch) { orders_.erase(batch); }

  void start(const processors::TermPointer& term, const core::AggregateKey& origin,
             const core::Effect& effect) override;

 private:
  struct UnitWork {
    std::shared_ptr<Order> order;
    core::UnitIndex index;
    core::Epoch epoch;
    core::batch::PlannedUnit planned;
    core::AttemptNumber attempt = {};
    std::size_t lane = 0;  // of its route
    bool fails = false;    // this attempt will
    core::batch::Progress progress = {};
    core::batch::LaneShares shares = {};
    core::batch::AttemptOutcomes outcomes = {};

    const core::quote::Route& route() const { return order->routes[planned.route]; }
    std::uint32_t left() const { return planned.item_count - progress.tally.total(); }
  };
  using Work = std::shared_ptr<UnitWork>;

  void carry_out(const core::AggregateKey& origin, const core::ForwardCommand& forward);
  void complete(const core::AggregateKey& origin, const core::Effect& effect);
  void plan(const core::PlanBatch& plan);
  void stop(const core::AggregateKey& origin, const core::StopBatch& stop);
  void deliver(const core::DeliverWebhook& delivery);

  void dispatch(const Work& work);
  void dispatched(const Work& work);
  void go_on(const Work& work);
  void answer(UnitWork& work, std::uint32_t items);
  void end_attempt(const Work& work);
  void close(const Work& work);

  template <class Command>
  Command report_of(const UnitWork& work) const;
  void send(const Work& work, const std::string& verb, core::Command command, PartitionWorld::Then then);

  PartitionWorld* world_ = nullptr;
  std::map<core::BatchId, std::shared_ptr<Order>> orders_;
  std::map<core::DeliveryId, core::AttemptNumber> failed_deliveries_;
};

}  // namespace load_generator
