#include "api/http/request_id.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/invariant.h"

namespace api::http {

namespace {

constexpr std::size_t client_length_max = 64;
constexpr std::size_t digits_count = 26;
constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's base 32

bool acceptable(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= client_length_max && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

std::string choose_request_id(std::optional<std::string_view> from_client) {
  if (from_client && acceptable(*from_client)) return std::string(*from_client);
  std::array<unsigned char, digits_count> random{};
  INVARIANT(getentropy(random.data(), random.size()) == 0);
  std::string id = "req_";
  for (const unsigned char byte : random) id += digits[byte % digits.size()];
  return id;
}

}  // namespace api::http
