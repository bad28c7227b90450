#include "core/identity/rules.h"

namespace core::identity {

namespace {

Error impossible(const std::string& what) {
  return {ErrorCode::malformed_event, what};
}

Result<Org> find_org(const State& state, const OrgId& id) {
  const Org* org = state.find<Org>({id});
  if (org == nullptr) return impossible("an event of an unknown org");
  return *org;
}

}  // namespace

Result<void> apply_one(State& state, Timestamp, const EmailClaimed& event) {
  if (state.find<EmailClaim>({event.email}) != nullptr) return impossible("an e-mail address claimed twice");
  state.put(EmailClaim{event.email, event.org, event.user});
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const OrgCreated& event) {
  if (state.find<Org>({event.org}) != nullptr) return impossible("an org created twice");
  Org org;
  org.id = event.org;
  org.user = event.user;
  org.kind = event.kind;
  org.email = event.email;
  org.created_at = time;
  state.put(std::move(org));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const VerificationRequested& event) {
  Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  ++org->mails;
  if (!event.resent) ++org->sign_ups;
  org->signed_up_profile = event.profile;
  state.put(std::move(*org));
  state.put(Verification{event.verification.digest, event.org, event.profile, event.expires_at});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const SignUpReminded& event) {
  Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  ++org->mails;
  state.put(std::move(*org));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const PasswordResetRequested& event) {
  Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  ++org->mails;
  state.put(PasswordReset{event.reset.digest, event.org, org->credentials_version, event.expires_at});
  state.put(std::move(*org));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const PasswordChanged& event) {
  Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  ++org->mails;
  ++org->credentials_version;
  org->profile = event.profile;
  state.erase<PasswordReset>({event.token});
  state.put(std::move(*org));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const EmailVerified& event) {
  const Org* found = state.find<Org>({event.org});
  const Verification* verification = state.find<Verification>({event.token});
  if (found == nullptr || verification == nullptr) return impossible("an unknown verification used");
  Org org = *found;
  org.profile = verification->profile;
  org.verified_at = time;
  org.signed_up_profile = {};
  state.erase<Verification>({event.token});
  state.put(std::move(org));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const SessionOpened& event) {
  const Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  state.put(Session{event.session.token, event.session.id, event.org, event.user, time, event.expires_at,
                    org->credentials_version});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const SessionClosed& event) {
  state.erase<Session>({event.token});
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const ApiKeyCreated& event) {
  const Org* found = state.find<Org>({event.org});
  if (found == nullptr) return impossible("an API key for an unknown org");
  Org org = *found;
  ++org.api_keys_active;
  state.put(std::move(org));
  ApiKey key;
  key.org = event.org;
  key.id = event.key.id;
  key.secret = event.key.secret;
  key.hint = event.key.hint;
  key.label = event.label;
  key.created_at = time;
  state.put(std::move(key));
  state.put(ApiKeySecret{event.key.secret, event.org, event.key.id});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const ApiKeyRevoked& event) {
  const ApiKey* found = state.find<ApiKey>({event.org, event.key});
  const Org* org_found = state.find<Org>({event.org});
  if (found == nullptr || org_found == nullptr) return impossible("an unknown API key revoked");
  if (!found->revoked_at) {
    Org org = *org_found;
    --org.api_keys_active;
    state.put(std::move(org));
  }
  ApiKey key = *found;
  key.revoked_at = event.effective_at;
  key.replaced_by = event.replaced_by;
  state.put(std::move(key));
  return {};
}

// Its address may sign up again, as another org. Tokens in mails open nothing, as every decision looks at the org.
Result<void> apply_one(State& state, Timestamp time, const OrgErased& event) {
  Result<Org> org = find_org(state, event.org);
  if (org.has_error()) return org.error();
  org->erased_at = time;
  ++org->credentials_version;
  org->profile = {};
  org->signed_up_profile = {};
  const EmailClaim* claim = state.find<EmailClaim>({event.email});
  if (claim != nullptr && claim->org == event.org) state.erase<EmailClaim>({event.email});
  state.put(std::move(*org));
  return {};
}

}  // namespace core::identity
