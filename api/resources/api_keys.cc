// The keys of an org. A secret is shown once, in the answer that made it.
#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/identity/rules.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api::resources {

namespace {

namespace identity = core::identity;
using core::Error;
using core::ErrorCode;

constexpr std::size_t label_bytes_max = 200;
constexpr std::string_view label_default = "default";
constexpr std::int64_t grace_seconds_max = 7 * 24 * 3600;
constexpr std::uint32_t page_keys_max = 100;
constexpr std::string_view key_id_prefix = "key_";

// Before a label in events and rows: it is the customer's own words, and goes when the org is erased.
constexpr std::string_view sealed_prefix = "sealed:";

// The same for an id of nobody and one of another org.
Error not_found() {
  return {ErrorCode::api_key_not_found, "there is no such API key; list them with GET /v1/api-keys"};
}

// A key as it is shown. Its label is unsealed.
struct ShownKey {
  identity::ApiKey key;
  std::string label;
};

core::Result<ShownKey> unseal(const processors::Vault& vault, identity::ApiKey key) {
  std::string label = key.label;
  if (label.starts_with(sealed_prefix)) {
    core::Result<std::string> plain = vault.unseal(key.org, core::Sealed(label.substr(sealed_prefix.size())));
    // What only looks sealed is a label of before labels were.
    if (plain.has_error() && plain.error().code != ErrorCode::log_corrupt) return plain.error();
    if (plain.has_value()) label = std::move(*plain);
  }
  return ShownKey{std::move(key), std::move(label)};
}

core::Result<std::vector<ShownKey>> unseal_all(const processors::Vault& vault, std::vector<identity::ApiKey> keys) {
  std::vector<ShownKey> shown;
  for (identity::ApiKey& key : keys) {
    core::Result<ShownKey> unsealed = unseal(vault, std::move(key));
    if (unsealed.has_error()) return unsealed.error();
    shown.push_back(std::move(*unsealed));
  }
  return shown;
}

void write_key(JsonText& json, const ShownKey& shown, core::Timestamp now) {
  const identity::ApiKey& key = shown.key;
  json.text("object", "api_key")
      .text("id", key.id.value())
      .text("label", shown.label)
      .text("hint", "…" + key.hint)
      .text("status", identity::active(key, now) ? "active" : "revoked")
      .time("created_at", key.created_at)
      .time_or_null("revoked_at", key.revoked_at)
      .text_or_null("replaced_by", key.replaced_by ? key.replaced_by->value() : "");
}

std::string key_json(const ShownKey& key, core::Timestamp now) {
  JsonText json;
  write_key(json, key, now);
  return std::move(json).finish();
}

http::Response with_secret(const ShownKey& key, const core::Secret& secret, core::Timestamp now) {
  JsonText json;
  write_key(json, key, now);
  json.text("api_key", secret.reveal());
  http::Response response = http::json(201, std::move(json).finish());
  response.headers.set("Cache-Control", "no-store");
  return response;
}

struct KeyOffer {
  core::Secret secret;
  identity::NewApiKey key;
};

KeyOffer offer_key(const App& app, const core::OrgId& org) {
  constexpr std::size_t hint_characters = 4;
  KeyOffer offer;
  offer.secret = adapters::random::make_api_key(org);
  const std::string& text = offer.secret.reveal();
  offer.key.id = core::ApiKeyId(std::string(key_id_prefix) + adapters::random::make_ulid(app.now()));
  offer.key.secret = schemas::sha256(text);
  offer.key.hint = text.substr(text.size() - hint_characters);
  return offer;
}

http::awaitable<core::Result<ShownKey>> find_key(const App& app, core::OrgId org, core::ApiKeyId id) {
  auto found = app.reader.find<identity::ApiKey>(core::aggregate_of(org), {org, id});
  if (found.has_error()) co_return found.error();
  if (!*found) co_return not_found();
  auto work = [&vault = app.vault, key = std::move(**found)]() mutable { return unseal(vault, std::move(key)); };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

core::Result<std::string> seal(processors::Vault& vault, const core::OrgId& org, const std::string& label) {
  const core::Result<core::Sealed> sealed = vault.seal(org, label);
  if (sealed.has_error()) return sealed.error();
  return std::string(sealed_prefix) + sealed->text();
}

http::awaitable<core::Result<std::string>> seal_label(const App& app, core::OrgId org, std::string label) {
  auto work = [&vault = app.vault, org = std::move(org), label = std::move(label)] { return seal(vault, org, label); };
  co_return co_await http::run_on(app.blocking, std::move(work));
}

core::Result<std::string> parse_label(const http::Request& request) {
  const core::Result<JsonBody> body = JsonBody::parse(request, {"label", "name"});
  if (body.has_error()) return body.error();
  if (body->has("label") && body->has("name"))
    return Error{ErrorCode::invalid_request, "'name' is another word for 'label'; send one of them", "name"};
  const auto label = body->optional_text(body->has("name") ? "name" : "label", label_bytes_max);
  if (label.has_error()) return label.error();
  return label->value_or(std::string(label_default));
}

// Sends what makes a key, and shows it.
http::awaitable<Outcome> make_key(const App& app, core::OrgId org, core::ApiKeyId id, core::Secret secret,
                                  core::Command making) {
  const core::Result<processors::Answer> answer = co_await command(app, core::aggregate_of(org), std::move(making));
  if (answer.has_error()) co_return answer.error();
  const core::Result<ShownKey> key = co_await find_key(app, org, id);
  if (key.has_error()) co_return key.error();
  co_return with_secret(*key, secret, app.now());
}

http::awaitable<Outcome> create(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  core::Result<std::string> label = parse_label(request);
  if (label.has_error()) co_return label.error();
  core::Result<std::string> sealed = co_await seal_label(app, principal->org, std::move(*label));
  if (sealed.has_error()) co_return sealed.error();
  KeyOffer offer = offer_key(app, principal->org);
  core::Command making = identity::CreateApiKey{principal->org, offer.key, std::move(*sealed)};
  co_return co_await make_key(app, principal->org, offer.key.id, std::move(offer.secret), std::move(making));
}

http::awaitable<Outcome> rotate(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"grace_period_seconds"});
  if (body.has_error()) co_return body.error();
  const auto grace = body->optional_integer("grace_period_seconds", 0, grace_seconds_max);
  if (grace.has_error()) co_return grace.error();
  KeyOffer offer = offer_key(app, principal->org);
  identity::RotateApiKey rotation;
  rotation.org = principal->org;
  rotation.key = core::ApiKeyId(request.path_parameter("id"));
  rotation.replacement = offer.key;
  rotation.grace = std::chrono::seconds(grace->value_or(0));
  core::Command making = std::move(rotation);
  co_return co_await make_key(app, principal->org, offer.key.id, std::move(offer.secret), std::move(making));
}

http::awaitable<Outcome> revoke(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::ApiKeyId id(request.path_parameter("id"));
  core::Command revocation = identity::RevokeApiKey{principal->org, id};
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(revocation));
  // Not found is said of a key that was revoked before, too: that one is shown again.
  if (answer.has_error() && answer.error().code != ErrorCode::api_key_not_found) co_return answer.error();
  const core::Result<ShownKey> key = co_await find_key(app, principal->org, id);
  if (key.has_error()) co_return key.error();
  co_return http::json(200, key_json(*key, app.now()));
}

struct Page {
  std::uint32_t limit = page_keys_max;
  std::string after;  // a key of the list, or empty
};

core::Result<Page> parse_page(const http::Request& request, const core::OrgId& org) {
  if (const auto checked = check_query(request, {"limit", "after"}); checked.has_error()) return checked.error();
  const auto limit = query_number(request, "limit", {1, page_keys_max}, page_keys_max);
  if (limit.has_error()) return limit.error();
  Page page{*limit, {}};
  if (const auto after = request.query("after")) {
    if (!after->starts_with(key_id_prefix) || !schemas::ulid_well_formed(after->substr(key_id_prefix.size())))
      return Error{ErrorCode::invalid_cursor, "'after' must be the 'last_id' of the page before", "after"};
    page.after = schemas::row_key<identity::ApiKey>({org, core::ApiKeyId(*after)});
  }
  return page;
}

http::awaitable<Outcome> list(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::Result<Page> page = parse_page(request, principal->org);
  if (page.has_error()) co_return page.error();

  std::vector<identity::ApiKey> keys;
  bool has_more = false;
  const auto take = [&](const identity::ApiKey& key) {
    has_more = keys.size() == page->limit;
    if (!has_more) keys.push_back(key);
    return !has_more;
  };
  const core::Result<void> listed = app.reader.list<identity::ApiKey>(
      core::aggregate_of(principal->org), schemas::row_prefix<identity::ApiKey>(principal->org), page->after,
      processors::Order::newest_first, take);
  if (listed.has_error()) co_return listed.error();
  auto work = [&vault = app.vault, keys = std::move(keys)]() mutable { return unseal_all(vault, std::move(keys)); };
  const core::Result<std::vector<ShownKey>> shown = co_await http::run_on(app.blocking, std::move(work));
  if (shown.has_error()) co_return shown.error();

  JsonText json;
  json.text("object", "list").array("data");
  for (const ShownKey& key : *shown) {
    json.element();
    write_key(json, key, app.now());
    json.end_object();
  }
  json.end_array().boolean("has_more", has_more);
  json.text_or_null("last_id", shown->empty() ? "" : shown->back().key.id.value());
  co_return http::json(200, std::move(json).finish());
}

}  // namespace

void add_api_keys(http::Router& router, const App& app) {
  using Function = http::awaitable<Outcome> (*)(const App&, http::Request&);
  const auto add = [&](http::Method method, const std::string& path, Function handle, http::Body body) {
    router.add(method, path, [&app, handle](http::Request& request) { return answered(request, handle(app, request)); },
               {.body = body, .body_bytes_max = 16 * 1024, .access = org});
  };
  for (const std::string path : {"/v1/api-keys", "/v1/auth/account/api-keys"}) {
    add(http::Method::post, path, create, http::Body::small);
    add(http::Method::get, path, list, http::Body::none);
    add(http::Method::delete_, path + "/{id}", revoke, http::Body::none);
    add(http::Method::post, path + "/{id}/revoke", revoke, http::Body::none);
    add(http::Method::post, path + "/{id}/rotate", rotate, http::Body::small);
  }
}

}  // namespace api::resources
