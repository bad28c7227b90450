// Hands each effect to who carries it out.
//
// Threading: start() on any partition's strand. Lifetime: made before the node that feeds it and filled afterwards,
// since the runners send their commands to the node: attach() comes before Node::start().
#pragma once

#include "processors/delivery/delivery.h"
#include "processors/dispatch/dispatcher.h"
#include "processors/dispatch/planner.h"
#include "processors/effect_runner.h"
#include "processors/erasure/eraser.h"
#include "processors/job_queue/collector.h"

namespace processors {

class Effects final : public EffectRunner {
 public:
  void attach(Planner& planner, Dispatcher& dispatcher, Delivery& delivery, Collector& collector, Eraser& eraser,
              CommandBus& bus);

  void start(const TermPointer& term, const core::AggregateKey& origin, const core::Effect& effect) override;

 private:
  Planner* planner_ = nullptr;
  Dispatcher* dispatcher_ = nullptr;
  Delivery* delivery_ = nullptr;
  Collector* collector_ = nullptr;
  Eraser* eraser_ = nullptr;
  CommandBus* bus_ = nullptr;
};

}  // namespace processors
