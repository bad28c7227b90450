#include "core/effect.h"

#include "core/overloaded.h"

namespace core {

std::string key_of(const Effect& effect) {
  return std::visit(
      Overloaded{
          [](const ForwardCommand& forward) { return "forward/" + forward.aggregate.value(); },
          [](const SendMail& mail) { return "mail/" + mail.mail.value(); },
          [](const PlanBatch& plan) { return "plan/" + plan.batch.value(); },
          [](const RunUnit& run) { return "run/" + run.batch.value() + "/" + std::to_string(run.unit.value()); },
          [](const StopBatch& stop) { return "stop/" + stop.batch.value(); },
          [](const DeliverWebhook& deliver) { return "deliver/" + deliver.delivery.value(); },
          [](const CollectJobs& collect) { return "collect/" + collect.batch.value(); },
          [](const EraseOrgData& erase) { return "erase/" + erase.org.value(); },
      },
      effect);
}

}  // namespace core
