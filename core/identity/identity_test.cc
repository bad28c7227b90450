#include <gtest/gtest.h>

#include "core/identity/rules.h"
#include "core/ledger/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::identity {
namespace {

using namespace core::testing;

CreateOrg create_org(const std::string& name) {
  return {acme, UserId("usr_1"), AccountKind::agent, Digest("email"), Sealed("profile of " + name), token(name)};
}

VerifyEmail verify(const std::string& name) {
  return {acme, token(name).digest, {SessionId("ses_1"), Digest("session of " + name)}};
}

NewApiKey new_key(const std::string& name) {
  return {ApiKeyId("key_" + name), Digest("secret " + name), "wxyz"};
}

// Broken: one address could own two organisations.
TEST(ClaimEmail, belongs_to_the_first_org_that_asks) {
  Scenario scenario(acme);
  const ClaimEmail claim{Digest("email"), acme, UserId("usr_1"), AccountKind::customer, Sealed("p"), token("one")};
  const Decision first = scenario.carry_out(claim);
  ASSERT_TRUE(are<EmailClaimed>(first.events));
  EXPECT_EQ(first.subject, acme.value());

  const std::vector<Effect> effects = react(first.events[0]);
  ASSERT_EQ(effects.size(), 1u);
  const auto& forward = std::get<ForwardCommand>(effects[0]);
  EXPECT_EQ(forward.aggregate, aggregate_of(acme));
  EXPECT_EQ(std::get<CreateOrg>(forward.command).org, acme);

  ClaimEmail second = claim;
  second.org = other_org;
  const Decision again = scenario.carry_out(second);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.subject, acme.value());
  EXPECT_FALSE(scenario.folds(EmailClaimed{Digest("email"), other_org, UserId("usr_2"), {}, {}, {}}));
}

// Broken: a forwarded command that arrives twice would make a second account or a second mail.
TEST(CreateOrg, happens_once_and_asks_for_one_mail) {
  Scenario scenario(acme);
  const Decision first = scenario.carry_out(create_org("one"));
  ASSERT_TRUE((are<OrgCreated, VerificationRequested>(first.events)));
  const auto& requested = the<VerificationRequested>(first.events);
  EXPECT_EQ(requested.expires_at, scenario.now + scenario.policy.verification_lifetime);
  const std::string effect = "mail/" + requested.mail.value();
  EXPECT_TRUE(scenario.outstanding(effect));

  EXPECT_TRUE(scenario.carry_out(create_org("one")).replayed);
  EXPECT_TRUE(are<EffectCompleted>(scenario.carry_out(CompleteEffect{effect}).events));
  EXPECT_FALSE(scenario.outstanding(effect));
  EXPECT_TRUE(scenario.carry_out(CompleteEffect{effect}).replayed);
}

TEST(RequestVerification, sends_another_mail_only_before_the_address_is_verified) {
  Scenario scenario(acme);
  const RequestVerification again{acme, Sealed("profile of two"), token("two")};
  EXPECT_TRUE(scenario.carry_out(again).replayed);  // unknown org: nothing is told to strangers

  const MailId first = the<VerificationRequested>(scenario.carry_out(create_org("one")).events).mail;
  EXPECT_NE(the<VerificationRequested>(scenario.carry_out(again).events).mail, first);
  scenario.carry_out(verify("two"));
  EXPECT_TRUE(scenario.carry_out(again).replayed);
}

// Broken: whoever registers somebody else's address first would know the password of the account that comes of it.
TEST(VerifyEmail, the_profile_of_the_token_that_was_used_wins_for_good) {
  Scenario scenario(acme);
  scenario.carry_out(create_org("attacker"));
  scenario.carry_out(RequestVerification{acme, Sealed("profile of owner"), token("owner")});
  scenario.carry_out(verify("owner"));
  EXPECT_EQ(scenario.row<Org>({acme}).profile, Sealed("profile of owner"));

  EXPECT_EQ(scenario.refusal(verify("attacker")), ErrorCode::invalid_token);
  EXPECT_EQ(scenario.row<Org>({acme}).profile, Sealed("profile of owner"));
}

TEST(VerifyEmail, grants_starter_credits_once_and_opens_a_session) {
  Scenario scenario(acme);
  scenario.carry_out(create_org("one"));
  const Decision decision = scenario.carry_out(verify("one"));
  ASSERT_TRUE((are<EmailVerified, ledger::TransferPosted, SessionOpened>(decision.events)));
  EXPECT_EQ(decision.subject, "usr_1");
  EXPECT_EQ(scenario.row<ledger::Account>({ledger::available(acme)}).balance, scenario.policy.starter_grant);
  EXPECT_EQ(scenario.row<Session>({Digest("session of one")}).expires_at,
            scenario.now + scenario.policy.session_lifetime);
  EXPECT_EQ(scenario.row<Org>({acme}).verified_at, scenario.now);

  EXPECT_EQ(scenario.refusal(verify("one")), ErrorCode::invalid_token);

  Scenario without_grant(acme);
  without_grant.policy.starter_grant = Money{};
  without_grant.carry_out(create_org("one"));
  EXPECT_TRUE((are<EmailVerified, SessionOpened>(without_grant.carry_out(verify("one")).events)));
}

TEST(VerifyEmail, refuses_tokens_that_are_unknown_expired_or_of_another_org) {
  Scenario scenario(acme);
  EXPECT_EQ(scenario.refusal(verify("one")), ErrorCode::invalid_token);
  scenario.carry_out(create_org("one"));
  VerifyEmail stolen = verify("one");
  stolen.org = other_org;
  EXPECT_EQ(scenario.refusal(stolen), ErrorCode::invalid_token);

  scenario.now += scenario.policy.verification_lifetime - Duration(1);
  EXPECT_EQ(scenario.refusal(verify("one")), std::nullopt);
  scenario.now += Duration(1);
  EXPECT_EQ(scenario.refusal(verify("one")), ErrorCode::token_expired);
}

// Broken: who asks for the link again could open an account with a stranger's password.
TEST(ResendVerification, repeats_a_single_sign_up_and_never_chooses_among_several) {
  Scenario scenario(acme);
  EXPECT_TRUE(scenario.carry_out(ResendVerification{acme, token("again")}).replayed);
  scenario.carry_out(create_org("one"));
  scenario.carry_out(ResendVerification{acme, token("again")});
  const Decision third = scenario.carry_out(ResendVerification{acme, token("third")});
  EXPECT_EQ(the<VerificationRequested>(third.events).profile, Sealed("profile of one"));

  scenario.carry_out(RequestVerification{acme, Sealed("profile of two"), token("two")});
  const Decision reminder = scenario.carry_out(ResendVerification{acme, token("fourth")});
  ASSERT_TRUE(are<SignUpReminded>(reminder.events));
  EXPECT_TRUE(std::get<SendMail>(react(reminder.events[0])[0]).token.text().empty());
  EXPECT_EQ(scenario.refusal(verify("fourth")), ErrorCode::invalid_token);

  scenario.carry_out(verify("third"));
  EXPECT_EQ(scenario.row<Org>({acme}).profile, Sealed("profile of one"));
  EXPECT_TRUE(scenario.carry_out(ResendVerification{acme, token("fifth")}).replayed);
}

TEST(RequestPasswordReset, is_for_verified_addresses_only) {
  Scenario scenario(acme);
  EXPECT_TRUE(scenario.carry_out(RequestPasswordReset{acme, token("reset")}).replayed);
  scenario.carry_out(create_org("one"));
  EXPECT_TRUE(scenario.carry_out(RequestPasswordReset{acme, token("reset")}).replayed);
  scenario.carry_out(verify("one"));
  const Decision requested = scenario.carry_out(RequestPasswordReset{acme, token("reset")});
  EXPECT_EQ(std::get<SendMail>(react(requested.events[0])[0]).kind, MailKind::password_reset);
}

// Broken: a thief's session, or an older link, would outlive the reset.
TEST(ResetPassword, ends_older_sessions_and_older_links) {
  Scenario scenario(acme);
  scenario.carry_out(create_org("one"));
  scenario.carry_out(verify("one"));
  scenario.carry_out(RequestPasswordReset{acme, token("first")});
  scenario.carry_out(RequestPasswordReset{acme, token("second")});
  const auto reset = [](const std::string& name) {
    return ResetPassword{acme, token(name).digest, Sealed("profile with new hash")};
  };
  ResetPassword stolen = reset("first");
  stolen.org = other_org;
  EXPECT_EQ(scenario.refusal(stolen), ErrorCode::invalid_token);
  const auto is_active = [&](const char* session) {
    return active(scenario.row<Session>({Digest(session)}), scenario.row<Org>({acme}), scenario.now);
  };
  EXPECT_TRUE(is_active("session of one"));

  const Decision changed = scenario.carry_out(reset("second"));
  EXPECT_EQ(std::get<SendMail>(react(changed.events[0])[0]).kind, MailKind::password_changed);
  EXPECT_EQ(scenario.row<Org>({acme}).profile, Sealed("profile with new hash"));
  EXPECT_FALSE(is_active("session of one"));
  EXPECT_EQ(scenario.refusal(reset("first")), ErrorCode::invalid_token);
  EXPECT_EQ(scenario.refusal(reset("second")), ErrorCode::invalid_token);
  OpenSession login{acme, {SessionId("ses_2"), Digest("session 2")}, 0};
  EXPECT_EQ(scenario.refusal(login), ErrorCode::invalid_credentials) << "the old password was checked before";
  login.credentials_version = 1;
  scenario.carry_out(login);
  EXPECT_TRUE(is_active("session 2"));

  scenario.carry_out(RequestPasswordReset{acme, token("late")});
  scenario.now += scenario.policy.password_reset_lifetime;
  EXPECT_EQ(scenario.refusal(reset("late")), ErrorCode::token_expired);
}

TEST(Sessions, open_only_for_verified_addresses_and_close_only_for_their_org) {
  Scenario scenario(acme);
  const OpenSession open{acme, {SessionId("ses_2"), Digest("session 2")}};
  EXPECT_EQ(scenario.refusal(open), ErrorCode::invalid_credentials);
  scenario.carry_out(create_org("one"));
  EXPECT_EQ(scenario.refusal(open), ErrorCode::email_not_verified);
  scenario.carry_out(verify("one"));
  scenario.carry_out(open);

  EXPECT_TRUE(scenario.carry_out(CloseSession{other_org, Digest("session 2")}).replayed);
  EXPECT_EQ(scenario.row<Session>({Digest("session 2")}).user, UserId("usr_1"));
  EXPECT_EQ(scenario.carry_out(CloseSession{acme, Digest("session 2")}).subject, "ses_2");
  EXPECT_TRUE(scenario.carry_out(CloseSession{acme, Digest("session 2")}).replayed);
}

TEST(ApiKeys, need_a_verified_org_and_a_free_place) {
  Scenario scenario(acme);
  scenario.policy.api_keys_max = 2;
  EXPECT_EQ(scenario.refusal(CreateApiKey{acme, new_key("a"), "ci"}), ErrorCode::invalid_session);
  scenario.carry_out(create_org("one"));
  EXPECT_EQ(scenario.refusal(CreateApiKey{acme, new_key("a"), "ci"}), ErrorCode::email_not_verified);
  scenario.carry_out(verify("one"));

  scenario.carry_out(CreateApiKey{acme, new_key("a"), "ci"});
  EXPECT_EQ(scenario.row<ApiKeySecret>({Digest("secret a")}).id, ApiKeyId("key_a"));
  EXPECT_TRUE(scenario.carry_out(CreateApiKey{acme, new_key("a"), "ci"}).replayed);
  scenario.carry_out(CreateApiKey{acme, new_key("b"), "ci"});
  EXPECT_EQ(scenario.refusal(CreateApiKey{acme, new_key("c"), "ci"}), ErrorCode::api_key_limit_reached);

  scenario.carry_out(RevokeApiKey{acme, ApiKeyId("key_a")});
  scenario.carry_out(CreateApiKey{acme, new_key("c"), "ci"});
}

TEST(ApiKeys, revoked_ones_are_not_found) {
  Scenario scenario(acme);
  scenario.given(verified_org(acme, {}));
  scenario.carry_out(CreateApiKey{acme, new_key("a"), "ci"});
  EXPECT_EQ(scenario.refusal(RevokeApiKey{acme, ApiKeyId("key_b")}), ErrorCode::api_key_not_found);
  EXPECT_EQ(scenario.refusal(RevokeApiKey{other_org, ApiKeyId("key_a")}), ErrorCode::api_key_not_found);
  scenario.carry_out(RevokeApiKey{acme, ApiKeyId("key_a")});
  EXPECT_FALSE(active(scenario.row<ApiKey>({acme, ApiKeyId("key_a")}), scenario.now));
  EXPECT_EQ(scenario.refusal(RevokeApiKey{acme, ApiKeyId("key_a")}), ErrorCode::api_key_not_found);
  EXPECT_EQ(scenario.refusal(RotateApiKey{acme, ApiKeyId("key_a"), new_key("b"), {}}), ErrorCode::api_key_not_found);
}

// Broken: a rotation would lock out programs that still hold the old key, or never end its life.
TEST(ApiKeys, a_rotated_key_works_until_its_grace_has_passed) {
  Scenario scenario(acme);
  scenario.policy.api_keys_max = 1;
  scenario.given(verified_org(acme, {}));
  scenario.carry_out(CreateApiKey{acme, new_key("a"), "ci"});
  scenario.carry_out(RotateApiKey{acme, ApiKeyId("key_a"), new_key("b"), std::chrono::hours(1)});

  const ApiKey old = scenario.row<ApiKey>({acme, ApiKeyId("key_a")});
  EXPECT_EQ(old.replaced_by, ApiKeyId("key_b"));
  EXPECT_TRUE(active(old, scenario.now + std::chrono::minutes(59)));
  EXPECT_FALSE(active(old, scenario.now + std::chrono::minutes(60)));
  EXPECT_EQ(scenario.row<ApiKey>({acme, ApiKeyId("key_b")}).label, "ci");
  EXPECT_EQ(scenario.row<Org>({acme}).api_keys_active, 1u);

  EXPECT_EQ(scenario.refusal(RotateApiKey{acme, ApiKeyId("key_a"), new_key("c"), {}}), ErrorCode::api_key_not_found);
  scenario.carry_out(RevokeApiKey{acme, ApiKeyId("key_a")});  // ends the grace
  EXPECT_FALSE(active(scenario.row<ApiKey>({acme, ApiKeyId("key_a")}), scenario.now));
  EXPECT_EQ(scenario.row<Org>({acme}).api_keys_active, 1u);
}

// Broken: an erased customer could still be let in, charged, or lose what the books say.
TEST(EraseOrg, closes_every_door_and_leaves_the_books) {
  Scenario scenario(acme);
  scenario.carry_out(ClaimEmail{Digest("email"), acme, UserId("usr_1"), {}, Sealed("profile"), token("one")});
  scenario.given(verified_org(acme, cents(5'00)));
  const Decision erased = scenario.carry_out(EraseOrg{acme, "kim", "asked for it"});
  EXPECT_TRUE(are<OrgErased>(erased.events));
  EXPECT_TRUE(scenario.outstanding("erase/org_acme"));
  EXPECT_TRUE(scenario.when(EraseOrg{acme, "kim", "again"})->replayed);

  const Org& org = scenario.row<Org>({acme});
  EXPECT_EQ(org.profile, Sealed());
  EXPECT_TRUE(scenario.state.all<EmailClaim>().empty()) << "the address may sign up again";
  EXPECT_EQ(scenario.refusal(OpenSession{acme, {}, std::nullopt}), ErrorCode::invalid_credentials);
  EXPECT_EQ(scenario.refusal(CreateApiKey{acme, new_key("a"), "ci"}), ErrorCode::invalid_session);
  EXPECT_TRUE(scenario.when(RequestPasswordReset{acme, token("reset")})->events.empty());
  EXPECT_TRUE(scenario.when(ResendVerification{acme, token("again")})->events.empty());
  EXPECT_EQ(scenario.refusal(ledger::GrantCredits{acme, "g", cents(1)}), ErrorCode::not_found);
  EXPECT_EQ(scenario.refusal(lock_quote("one", plan(1, 5, cents(1)))), ErrorCode::not_found);
  EXPECT_EQ(ledger::balance(scenario.state, ledger::available(acme)), cents(5'00));
  EXPECT_FALSE(scenario.refusal(ledger::AdjustCredits{acme, "close", cents(-5'00), "closed", "kim"}));
}

TEST(EraseOrg, waits_until_no_batch_is_open) {
  Scenario scenario(acme);
  EXPECT_EQ(scenario.refusal(EraseOrg{acme, "kim", ""}), ErrorCode::not_found);
  scenario.given(verified_org(acme, cents(5'00)));
  batch::Progress all_cancelled;
  all_cancelled.tally.cancelled = 5;
  const quote::Plan free_of_charge = plan(1, 5, Money{});
  scenario.carry_out(lock_quote("one", free_of_charge));
  scenario.carry_out(submit("one"));
  EXPECT_EQ(scenario.refusal(EraseOrg{acme, "kim", ""}), ErrorCode::org_has_open_batches);
  scenario.carry_out(batch::CancelBatch{acme, BatchId("bat_one")});
  scenario.carry_out(plan_units("one", free_of_charge));
  scenario.carry_out(batch::CloseUnit{acme, BatchId("bat_one"), UnitIndex(0), all_cancelled});
  EXPECT_FALSE(scenario.refusal(EraseOrg{acme, "kim", ""}));
}

TEST(IdentityFold, refuses_events_that_cannot_have_happened) {
  Scenario scenario(acme);
  EXPECT_FALSE(scenario.folds(VerificationRequested{acme, {}, {}, token("one"), {}}));
  EXPECT_FALSE(scenario.folds(EmailVerified{acme, token("one").digest}));
  EXPECT_FALSE(scenario.folds(ApiKeyCreated{acme, new_key("a"), "ci"}));
  EXPECT_FALSE(scenario.folds(ApiKeyRevoked{acme, ApiKeyId("key_a"), scenario.now, {}}));
  scenario.given(verified_org(acme, {}));
  EXPECT_FALSE(scenario.folds(OrgCreated{acme, UserId("usr_1"), AccountKind::customer, Digest("email")}));
}

}  // namespace
}  // namespace core::identity
