// Top-ups exactly once, whatever the order in which they are told of: 5.
#include "tests/simulation/payments.h"

#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/world.h"

namespace simulation {

void check_payments(Oracle& oracle, const Model& model, const Seen& seen) {
  if (const auto* paid = std::get_if<core::billing::CheckoutPaid>(&seen.event)) {
    const std::string id = paid->checkout.value();
    const auto checkout = model.checkouts.find(paid->checkout);
    if (checkout == model.checkouts.end() || checkout->second.org != paid->org)
      return oracle.fail(5, id + " is paid, and was opened for nobody or for another");
    if (checkout->second.phase == core::billing::CheckoutPhase::paid) return oracle.fail(5, id + " was paid before");
    const Payments::Session* session = oracle.world().payments().find(paid->checkout);
    if (session == nullptr || session->payment.empty() || session->org != paid->org ||
        session->amount != paid->amount || checkout->second.amount != paid->amount)
      return oracle.fail(5, id + " counts as paid, and nobody has paid it, or another amount");
    if (checkout->second.phase == core::billing::CheckoutPhase::closed) oracle.reached("paid after the page's end");
  }
  const auto* moved = std::get_if<core::billing::DisputeMoved>(&seen.event);
  if (moved == nullptr) return;
  if (!moved->reinstated && moved->recovered < moved->amount) oracle.reached("dispute after spend");
}

// Money that came in is what was paid, less what went back.
void Oracle::check_funding() {
  std::map<core::OrgId, core::Money> paid;
  for (const auto& [id, checkout] : model_.checkouts) {
    if (checkout.phase == core::billing::CheckoutPhase::paid) paid[checkout.org] = paid[checkout.org] + checkout.amount;
  }
  for (const auto& [id, org] : model_.orgs) {
    if (org.topped_up != paid[id])
      fail(5, id.value() + " has paid " + core::to_decimal(paid[id]) + " and was credited " +
                  core::to_decimal(org.topped_up));
  }
}

}  // namespace simulation
