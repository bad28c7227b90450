#include "api/cursor.h"

#include "core/invariant.h"
#include "core/mutant.h"
#include "schemas/digest.h"

namespace api {

namespace {

constexpr std::size_t mac_bytes = 16;

std::string mac_of(const processors::Vault& vault, const CursorScope& scope, std::string_view place) {
  std::string text(scope.list);
  if (!MUTANT(23)) text.append("\n").append(scope.org.value()).append("\n").append(scope.subject);
  text.append("\n").append(place);
  const std::optional<std::string> mac = schemas::from_hex(vault.mac("cursor", text).value());
  INVARIANT(mac.has_value());
  return mac->substr(0, mac_bytes);
}

}  // namespace

std::string seal_cursor(const processors::Vault& vault, const CursorScope& scope, std::string_view place) {
  return schemas::to_base64url(mac_of(vault, scope, place).append(place));
}

core::Result<std::string> open_cursor(const processors::Vault& vault, const CursorScope& scope, std::string_view text) {
  const std::optional<std::string> bytes = schemas::from_base64url(text);
  if (!bytes || bytes->size() < mac_bytes) return invalid_cursor();
  std::string place = bytes->substr(mac_bytes);
  if (!schemas::equal_constant_time(mac_of(vault, scope, place), bytes->substr(0, mac_bytes))) return invalid_cursor();
  return place;
}

core::Error invalid_cursor() {
  return {core::ErrorCode::invalid_cursor,
          "this cursor is not one that this list has answered; send next_cursor as it came, or start without one",
          "cursor"};
}

}  // namespace api
