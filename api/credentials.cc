#include "api/credentials.h"

#include "adapters/random/random.h"
#include "schemas/digest.h"

namespace api {

SessionOffer offer_session(const App& app, const core::OrgId& org) {
  SessionOffer offer;
  offer.token = adapters::random::make_session_token(org);
  offer.session.id = core::SessionId("ses_" + adapters::random::make_ulid(app.now()));
  offer.session.token = schemas::sha256(offer.token.reveal());
  return offer;
}

namespace {

constexpr std::size_t email_text_bytes_max = 320;  // with space around it

core::Result<core::identity::NewToken> make_token(processors::Vault& vault, const core::OrgId& org) {
  const core::Secret token = adapters::random::make_one_time_token(org);
  core::Result<core::Sealed> sealed = vault.seal(org, token.reveal());
  if (sealed.has_error()) return sealed.error();
  return core::identity::NewToken{schemas::sha256(token.reveal()), std::move(*sealed)};
}

core::Result<Application> seal(processors::Vault& vault, const core::OrgId& org, const schemas::Profile& profile) {
  Application application;
  core::Result<core::Sealed> sealed_profile = vault.seal(org, schemas::encode_profile(profile));
  if (sealed_profile.has_error()) return sealed_profile.error();
  application.profile = std::move(*sealed_profile);

  core::Result<core::identity::NewToken> token = make_token(vault, org);
  if (token.has_error()) return token.error();
  application.verification = std::move(*token);
  return application;
}

core::Result<schemas::Profile> unseal(const processors::Vault& vault, const core::identity::Org& org) {
  const core::Result<std::string> text = vault.unseal(org.id, org.profile);
  if (text.has_error()) return text.error();
  return schemas::decode_profile(*text);
}

}  // namespace

http::awaitable<core::Result<Application>> seal_application(const App& app, core::OrgId org, schemas::Profile profile) {
  auto work = [&vault = app.vault, org = std::move(org), profile = std::move(profile)] {
    return seal(vault, org, profile);
  };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

core::Result<EmailAddress> email_of(const JsonBody& body) {
  const core::Result<std::string> text = body.text("email", email_text_bytes_max);
  if (text.has_error()) return text.error();
  return parse_email_address(*text);
}

core::Result<std::optional<core::identity::Org>> find_org_of(const App& app, const EmailAddress& email) {
  const core::Digest digest = email_digest(app.vault, email);
  const auto claim = app.reader.find<core::identity::EmailClaim>(core::aggregate_of_email(digest), {digest});
  if (claim.has_error()) return claim.error();
  if (!*claim) return std::optional<core::identity::Org>{};
  return app.reader.find<core::identity::Org>(core::aggregate_of((*claim)->org), {(*claim)->org});
}

http::awaitable<core::Result<core::identity::NewToken>> seal_token(const App& app, core::OrgId org) {
  auto work = [&vault = app.vault, org = std::move(org)] { return make_token(vault, org); };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

http::awaitable<core::Result<core::Sealed>> seal_profile(const App& app, core::OrgId org, schemas::Profile profile) {
  auto work = [&vault = app.vault, org = std::move(org), profile = std::move(profile)] {
    return vault.seal(org, schemas::encode_profile(profile));
  };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

http::awaitable<core::Result<schemas::Profile>> read_profile(const App& app, core::identity::Org org) {
  auto work = [&vault = app.vault, org = std::move(org)] { return unseal(vault, org); };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

http::awaitable<core::Result<std::string>> hash_password(const App& app, core::Secret password) {
  std::function<void(std::function<void(core::Result<std::string>)>)> start =
      [&passwords = app.passwords, password = std::move(password)](auto done) {
        passwords.hash_async(password, std::move(done));
      };
  co_return co_await http::async_result<std::string>(std::move(start));
}

http::awaitable<core::Result<bool>> verify_password(const App& app, std::optional<std::string> hash,
                                                    core::Secret password) {
  std::function<void(std::function<void(core::Result<bool>)>)> start =
      [&passwords = app.passwords, hash = std::move(hash), password = std::move(password)](auto done) {
        passwords.verify_async(hash, password, std::move(done));
      };
  co_return co_await http::async_result<bool>(std::move(start));
}

}  // namespace api
