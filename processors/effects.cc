#include "processors/effects.h"

#include "core/invariant.h"
#include "core/overloaded.h"

namespace processors {

void Effects::attach(Planner& planner, Dispatcher& dispatcher, Delivery& delivery, Collector& collector, Eraser& eraser,
                     CommandBus& bus) {
  planner_ = &planner;
  dispatcher_ = &dispatcher;
  delivery_ = &delivery;
  collector_ = &collector;
  eraser_ = &eraser;
  bus_ = &bus;
}

void Effects::start(const TermPointer& term, const core::AggregateKey& origin, const core::Effect& effect) {
  INVARIANT(dispatcher_ != nullptr);
  std::visit(core::Overloaded{
                 [&](const core::ForwardCommand& forward) { delivery_->forward(term, origin, forward); },
                 [&](const core::SendMail& mail) { delivery_->send_mail(term, origin, mail); },
                 [&](const core::PlanBatch& plan) { planner_->plan(term, plan); },
                 [&](const core::RunUnit& unit) { dispatcher_->run(term, unit); },
                 [&](const core::StopBatch& stop) {
                   dispatcher_->stop_batch(stop.batch);
                   bus_->submit(origin, core::CommandId("complete/" + core::key_of(stop)),
                                core::CompleteEffect{core::key_of(stop)}, [](const core::Result<Answer>&) {});
                 },
                 [&](const core::DeliverWebhook& delivery) { delivery_->deliver(term, delivery); },
                 [&](const core::CollectJobs& jobs) { collector_->collect(term, jobs); },
                 [&](const core::EraseOrgData& erase) { eraser_->erase(term, erase); },
             },
             effect);
}

}  // namespace processors
