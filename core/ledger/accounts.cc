#include "core/ledger/state.h"

namespace core::ledger {

std::string_view to_string(TransferKind kind) {
  switch (kind) {
    case TransferKind::top_up: return "top_up";
    case TransferKind::grant: return "grant";
    case TransferKind::reserve: return "reserve";
    case TransferKind::capture: return "capture";
    case TransferKind::release: return "release";
    case TransferKind::refund: return "refund";
    case TransferKind::adjustment: return "adjustment";
    case TransferKind::provider_charge: return "provider_charge";
  }
  return "";
}

namespace {
constexpr std::string_view customer_prefix = "customer/";
}

AccountId available(const OrgId& org) {
  return AccountId(std::string(customer_prefix) + org.value() + "/available");
}
AccountId reserved(const OrgId& org) {
  return AccountId(std::string(customer_prefix) + org.value() + "/reserved");
}
AccountId funding() {
  return AccountId("platform/funding");
}
AccountId promotions() {
  return AccountId("platform/promotions");
}
AccountId revenue() {
  return AccountId("platform/revenue");
}
AccountId adjustments() {
  return AccountId("platform/adjustments");
}
AccountId losses() {
  return AccountId("platform/losses");
}
AccountId provider_cost() {
  return AccountId("platform/provider_cost");
}
AccountId payable(const ProviderId& provider) {
  return AccountId("provider/" + provider.value() + "/payable");
}

bool owned_by_customer(const AccountId& account) {
  return account.value().starts_with(customer_prefix);
}

}  // namespace core::ledger
