#include "core/identity/rules.h"

namespace core::identity {

std::vector<Effect> react_one(const EmailClaimed& event) {
  return {ForwardCommand{aggregate_of(event.org),
                         CreateOrg{event.org, event.user, event.kind, event.email, event.profile, event.verification}}};
}

std::vector<Effect> react_one(const VerificationRequested& event) {
  return {SendMail{event.org, event.mail, MailKind::verification, event.profile, event.verification.sealed}};
}

std::vector<Effect> react_one(const SignUpReminded& event) {
  return {SendMail{event.org, event.mail, MailKind::sign_up_again, event.profile, {}}};
}

std::vector<Effect> react_one(const PasswordResetRequested& event) {
  return {SendMail{event.org, event.mail, MailKind::password_reset, event.profile, event.reset.sealed}};
}

std::vector<Effect> react_one(const PasswordChanged& event) {
  return {SendMail{event.org, event.mail, MailKind::password_changed, event.profile, {}}};
}

std::vector<Effect> react_one(const OrgErased& event) {
  return {EraseOrgData{event.org}};
}

}  // namespace core::identity
