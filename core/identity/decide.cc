#include "core/identity/rules.h"
#include "core/ledger/rules.h"

namespace core::identity {

namespace {

// Deterministic, so that the same request is the same mail.
MailId mail_of(const Org& org) {
  return MailId("mail_" + org.id.value().substr(4) + "_" + std::to_string(org.mails + 1));
}

VerificationRequested request_verification(const Context& context, const Org& org, const Sealed& profile,
                                           const NewToken& verification) {
  return {org.id, mail_of(org), profile, verification, context.now + context.policy.verification_lifetime};
}

SessionOpened open_session(const Context& context, const Org& org, const NewSession& session) {
  return {org.id, org.user, session, context.now + context.policy.session_lifetime};
}

Error key_not_found() {
  return {ErrorCode::api_key_not_found, "there is no such API key; list them with GET /v1/api-keys"};
}

Result<const ApiKey*> find_active_key(const State& state, const Context& context, const OrgId& org,
                                      const ApiKeyId& id) {
  const ApiKey* key = state.find<ApiKey>({org, id});
  if (key == nullptr || !active(*key, context.now)) return key_not_found();
  return key;
}

}  // namespace

bool erased(const State& state, const OrgId& org) {
  const Org* found = state.find<Org>({org});
  return found != nullptr && found->erased_at;
}

Error no_such_org() {
  return {ErrorCode::not_found, "there is no such organisation", "org"};
}

bool active(const ApiKey& key, Timestamp now) {
  return !key.revoked_at || now < *key.revoked_at;
}

bool active(const Session& session, const Org& org, Timestamp now) {
  return now < session.expires_at && session.credentials_version == org.credentials_version;
}

Result<Decision> decide_one(const State& state, const Context&, const ClaimEmail& command) {
  if (const EmailClaim* claim = state.find<EmailClaim>({command.email})) return Decision{{}, claim->org.value(), true};
  return Decision{
      {EmailClaimed{command.email, command.org, command.user, command.kind, command.profile, command.verification}},
      command.org.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const CreateOrg& command) {
  if (state.find<Org>({command.org}) != nullptr) return Decision{{}, command.org.value(), true};
  Org org;
  org.id = command.org;
  return Decision{{OrgCreated{command.org, command.user, command.kind, command.email},
                   request_verification(context, org, command.profile, command.verification)},
                  command.org.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const RequestVerification& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr || org->verified_at || org->erased_at) return Decision{{}, command.org.value(), true};
  return Decision{{request_verification(context, *org, command.profile, command.verification)}, command.org.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const ResendVerification& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr || org->verified_at || org->erased_at) return Decision{{}, command.org.value(), true};
  if (org->sign_ups > 1)
    return Decision{{SignUpReminded{command.org, mail_of(*org), org->signed_up_profile}}, command.org.value()};
  VerificationRequested again = request_verification(context, *org, org->signed_up_profile, command.verification);
  again.resent = true;
  return Decision{{std::move(again)}, command.org.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const RequestPasswordReset& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr || !org->verified_at || org->erased_at) return Decision{{}, command.org.value(), true};
  return Decision{{PasswordResetRequested{command.org, mail_of(*org), org->profile, command.reset,
                                          context.now + context.policy.password_reset_lifetime}},
                  command.org.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const ResetPassword& command) {
  const PasswordReset* reset = state.find<PasswordReset>({command.token});
  const Org* org = state.find<Org>({command.org});
  if (reset == nullptr || org == nullptr || reset->org != command.org ||
      reset->credentials_version != org->credentials_version)
    return Error{ErrorCode::invalid_token,
                 "this token is unknown or was used already; ask for a new one with POST /v1/auth/password/forgot",
                 "token"};
  if (reset->expires_at <= context.now)
    return Error{ErrorCode::token_expired,
                 "this token has expired; ask for a new one with POST /v1/auth/password/forgot", "token"};
  return Decision{{PasswordChanged{command.org, command.token, mail_of(*org), command.profile}}, org->user.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const VerifyEmail& command) {
  const Verification* verification = state.find<Verification>({command.token});
  const Org* org = state.find<Org>({command.org});
  // Once verified, an older mail must not exchange the profile: it may carry a stranger's password.
  if (verification == nullptr || org == nullptr || verification->org != command.org || org->verified_at ||
      org->erased_at)
    return Error{ErrorCode::invalid_token,
                 "this verification token is unknown or was used already; register again to get a new one", "token"};
  if (verification->expires_at <= context.now)
    return Error{ErrorCode::token_expired, "this verification token has expired; register again to get a new one",
                 "token"};

  Decision decision{{EmailVerified{command.org, command.token}}, org->user.value()};
  if (context.policy.starter_grant > Money{})
    decision.events.push_back(ledger::grant(command.org, "starter", context.policy.starter_grant));
  decision.events.push_back(open_session(context, *org, command.session));
  return decision;
}

Result<Decision> decide_one(const State& state, const Context& context, const OpenSession& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr || org->erased_at)
    return Error{ErrorCode::invalid_credentials, "the e-mail address or the password is wrong"};
  if (!org->verified_at)
    return Error{ErrorCode::email_not_verified, "verify the e-mail address first: follow the link in the mail we sent"};
  if (command.credentials_version && *command.credentials_version != org->credentials_version)
    return Error{ErrorCode::invalid_credentials, "the password was changed in the meantime; log in with the new one"};
  return Decision{{open_session(context, *org, command.session)}, org->user.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const CloseSession& command) {
  const Session* session = state.find<Session>({command.token});
  if (session == nullptr || session->org != command.org) return Decision{{}, {}, true};
  return Decision{{SessionClosed{command.org, command.token}}, session->id.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const CreateApiKey& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr || org->erased_at)
    return Error{ErrorCode::invalid_session, "this session's organisation does not exist"};
  if (!org->verified_at)
    return Error{ErrorCode::email_not_verified, "verify the e-mail address before creating API keys"};
  if (state.find<ApiKey>({command.org, command.key.id}) != nullptr) return Decision{{}, command.key.id.value(), true};
  if (org->api_keys_active >= context.policy.api_keys_max)
    return Error{ErrorCode::api_key_limit_reached,
                 "this organisation has as many API keys as it may; revoke one first"};
  return Decision{{ApiKeyCreated{command.org, command.key, command.label}}, command.key.id.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const RevokeApiKey& command) {
  const Result<const ApiKey*> key = find_active_key(state, context, command.org, command.key);
  if (key.has_error()) return key.error();
  return Decision{{ApiKeyRevoked{command.org, command.key, context.now, (*key)->replaced_by}}, command.key.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const RotateApiKey& command) {
  const Result<const ApiKey*> key = find_active_key(state, context, command.org, command.key);
  if (key.has_error()) return key.error();
  if ((*key)->revoked_at) return key_not_found();
  return Decision{{ApiKeyCreated{command.org, command.replacement, (*key)->label},
                   ApiKeyRevoked{command.org, command.key, context.now + command.grace, command.replacement.id}},
                  command.replacement.id.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const EraseOrg& command) {
  const Org* org = state.find<Org>({command.org});
  if (org == nullptr) return no_such_org();
  if (org->erased_at) return Decision{{}, command.org.value(), true};
  if (org->open_batches > 0)
    return Error{ErrorCode::org_has_open_batches,
                 "this organisation has " + std::to_string(org->open_batches) +
                     " batches that have not ended; cancel them, or wait, and erase it then"};
  return Decision{{OrgErased{command.org, org->email, command.ordered_by, command.reason}}, command.org.value()};
}

}  // namespace core::identity
