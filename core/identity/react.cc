#include "core/identity/rules.h"

namespace core::identity {

std::vector<Effect> react_one(const EmailClaimed& event) {
  return {ForwardCommand{aggregate_of(event.org),
                         CreateOrg{event.org, event.user, event.kind, event.email, event.profile, event.verification}}};
}

std::vector<Effect> react_one(const VerificationRequested& event) {
  return {SendVerificationMail{event.org, event.mail, event.profile, event.verification.sealed}};
}

}  // namespace core::identity
