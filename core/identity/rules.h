#pragma once

#include "core/decide.h"

namespace core::identity {

Result<Decision> decide_one(const State& state, const Context& context, const ClaimEmail& command);
Result<Decision> decide_one(const State& state, const Context& context, const CreateOrg& command);
Result<Decision> decide_one(const State& state, const Context& context, const RequestVerification& command);
Result<Decision> decide_one(const State& state, const Context& context, const ResendVerification& command);
Result<Decision> decide_one(const State& state, const Context& context, const VerifyEmail& command);
Result<Decision> decide_one(const State& state, const Context& context, const RequestPasswordReset& command);
Result<Decision> decide_one(const State& state, const Context& context, const ResetPassword& command);
Result<Decision> decide_one(const State& state, const Context& context, const OpenSession& command);
Result<Decision> decide_one(const State& state, const Context& context, const CloseSession& command);
Result<Decision> decide_one(const State& state, const Context& context, const CreateApiKey& command);
Result<Decision> decide_one(const State& state, const Context& context, const RevokeApiKey& command);
Result<Decision> decide_one(const State& state, const Context& context, const RotateApiKey& command);
Result<Decision> decide_one(const State& state, const Context& context, const EraseOrg& command);

Result<void> apply_one(State& state, Timestamp time, const EmailClaimed& event);
Result<void> apply_one(State& state, Timestamp time, const OrgCreated& event);
Result<void> apply_one(State& state, Timestamp time, const VerificationRequested& event);
Result<void> apply_one(State& state, Timestamp time, const SignUpReminded& event);
Result<void> apply_one(State& state, Timestamp time, const EmailVerified& event);
Result<void> apply_one(State& state, Timestamp time, const PasswordResetRequested& event);
Result<void> apply_one(State& state, Timestamp time, const PasswordChanged& event);
Result<void> apply_one(State& state, Timestamp time, const SessionOpened& event);
Result<void> apply_one(State& state, Timestamp time, const SessionClosed& event);
Result<void> apply_one(State& state, Timestamp time, const ApiKeyCreated& event);
Result<void> apply_one(State& state, Timestamp time, const ApiKeyRevoked& event);
Result<void> apply_one(State& state, Timestamp time, const OrgErased& event);

std::vector<Effect> react_one(const EmailClaimed& event);
std::vector<Effect> react_one(const VerificationRequested& event);
std::vector<Effect> react_one(const SignUpReminded& event);
std::vector<Effect> react_one(const PasswordResetRequested& event);
std::vector<Effect> react_one(const PasswordChanged& event);
std::vector<Effect> react_one(const OrgErased& event);

// Whether the org is gone but for its books. An unknown one is not.
bool erased(const State& state, const OrgId& org);
Error no_such_org();

// Whether a key opens doors at this time.
bool active(const ApiKey& key, Timestamp now);
bool active(const Session& session, const Org& org, Timestamp now);

}  // namespace core::identity
