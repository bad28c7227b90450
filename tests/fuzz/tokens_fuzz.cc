// Fuzzes the small texts that callers present: ids, keys and tokens, cursors, links to files, idempotency keys, mail
// addresses, URLs for webhooks, times, amounts, digests. What is taken has one form and can be written again; what was
// made for one place is good for no other; no URL leads into the network that we stand in. The first byte chooses.
#include <cstdint>
#include <string>

#include "adapters/webhooks/url_guard.h"
#include "api/cursor.h"
#include "api/email_address.h"
#include "api/idempotency.h"
#include "core/money.h"
#include "processors/file_links.h"
#include "processors/testing/fake_vault.h"
#include "schemas/digest.h"
#include "schemas/rfc3339.h"
#include "schemas/tokens.h"
#include "tests/fuzz/input.h"

namespace {

using fuzz::require;

const processors::testing::FakeVault vault;

void check_tokens(std::string_view text) {
  const auto org = schemas::org_of_token(text);
  if (org) require(schemas::ulid_well_formed(std::string_view(org->value()).substr(schemas::org_prefix.size())));
  if (schemas::api_key_well_formed(text)) require(org.has_value() && text.starts_with(schemas::api_key_prefix));
}

void check_cursor(fuzz::Input input) {
  const api::CursorScope scope{"results", core::OrgId("org_1"), std::string(input.until('\n'))};
  const std::string_view text = input.rest();
  if (const auto place = api::open_cursor(vault, scope, text)) require(api::seal_cursor(vault, scope, *place) == text);
  const std::string sealed = api::seal_cursor(vault, scope, text);
  require(*api::open_cursor(vault, scope, sealed) == text);
  require(!api::open_cursor(vault, {"results", core::OrgId("org_2"), scope.subject}, sealed));
  require(!api::open_cursor(vault, {"ledger_entries", scope.org, scope.subject}, sealed));
}

void check_file_link(fuzz::Input input) {
  const processors::FileLinks links(vault, "https://example.com");
  const std::string_view id = input.until('\n');
  const std::string_view expires = input.until('\n');
  require(links.check(id, expires, input.rest(), {}).has_error());
  const auto file = processors::FileLinks::parse_file_id(id);
  if (!file) return;
  require(processors::FileLinks::file_id(*file) == id);
  const core::Timestamp until{std::chrono::seconds(1'795'000'000)};
  const std::string link = links.link(*file, until);
  const std::string_view signature = std::string_view(link).substr(link.rfind('=') + 1);
  require(links.check(id, "1795000000", signature, until - std::chrono::seconds(1)).has_value());
  require(links.check(id, "1795000001", signature, {}).has_error());
}

void check_idempotency(std::string_view text) {
  api::http::Request request;
  request.headers.add("Idempotency-Key", text);
  const auto key = api::idempotency_key(request);
  if (key && *key) require(!(*key)->empty() && (*key)->size() <= 255 && text.find(**key) != std::string_view::npos);
}

void check_email(std::string_view text) {
  const auto address = api::parse_email_address(text);
  if (!address) return;
  require(address->written.size() <= 254 && address->written.find_first_of("\r\n ,;<>\"") == std::string::npos);
  require(std::count(address->written.begin(), address->written.end(), '@') == 1);
  const auto again = api::parse_email_address(address->normalized);
  require(again.has_value() && again->normalized == address->normalized);
}

void check_webhook_url(std::string_view url) {
  using namespace adapters::webhooks;
  if (const auto target = parse_target(url, {})) {
    require(target->port != 0 && !target->host.empty() && target->host != "localhost");
    require(target->host.find_first_of("/@?# ") == std::string::npos);
  }
  const auto checked = adapters::webhooks::check_url(url, {});
  if (checked.has_value()) require(parse_target(url, {}).has_value());
  if (is_public(url)) require(may_connect({std::string(url)}, {}));
  require(!may_connect({std::string(url), "127.0.0.1"}, {}));
}

void check_time_and_money(std::string_view text) {
  if (const auto time = schemas::parse_rfc3339(text)) {
    const auto again = schemas::parse_rfc3339(schemas::to_rfc3339(*time));
    require(again.has_value() && *again == *time);
  }
  if (const auto money = core::money_from_decimal(text)) {
    const auto again = core::money_from_decimal(core::to_decimal(*money));
    require(again.has_value() && *again == *money);
  }
}

void check_digests(std::string_view text) {
  if (const auto bytes = schemas::from_hex(text)) require(schemas::to_hex(*bytes) == text);
  if (const auto bytes = schemas::from_base64(text)) require(schemas::to_base64(*bytes) == text);
  if (const auto bytes = schemas::from_base64url(text)) require(schemas::to_base64url(*bytes) == text);
  require(*schemas::from_base64url(schemas::to_base64url(text)) == text);
  require(*schemas::from_base64(schemas::to_base64(text)) == text && *schemas::from_hex(schemas::to_hex(text)) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.choice(8)) {
    case 0: check_tokens(input.rest()); break;
    case 1: check_cursor(input); break;
    case 2: check_file_link(input); break;
    case 3: check_idempotency(input.rest()); break;
    case 4: check_email(input.rest()); break;
    case 5: check_webhook_url(input.rest()); break;
    case 6: check_time_and_money(input.rest()); break;
    default: check_digests(input.rest()); break;
  }
  return 0;
}
