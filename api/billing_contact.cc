#include "api/billing_contact.h"

#include "core/billing/state.h"
#include "core/identity/state.h"

namespace api {

namespace {

using Contact = std::optional<schemas::BillingContact>;

core::Result<Contact> contact_of_account(const App& app, const core::OrgId& id) {
  const auto org = app.reader.find<core::identity::Org>(core::aggregate_of(id), {id});
  if (org.has_error()) return org.error();
  if (!*org || (*org)->profile.text().empty()) return Contact{};
  const core::Result<std::string> plain = app.vault.unseal(id, (*org)->profile);
  if (plain.has_error()) return plain.error();
  const core::Result<schemas::Profile> profile = schemas::decode_profile(*plain);
  if (profile.has_error()) return profile.error();
  return Contact(schemas::BillingContact{profile->email, profile->name});
}

}  // namespace

core::Result<Contact> read_billing_contact(const App& app, const core::OrgId& id) {
  const auto set = app.reader.find<core::billing::Profile>(core::aggregate_of(id), {id});
  if (set.has_error()) return set.error();
  if (!*set) return contact_of_account(app, id);
  const core::Result<std::string> plain = app.vault.unseal(id, (*set)->profile);
  if (plain.has_error()) return plain.error();
  core::Result<schemas::BillingContact> contact = schemas::decode_billing_contact(*plain);
  if (contact.has_error()) return contact.error();
  return Contact(std::move(*contact));
}

}  // namespace api
