#include "api/email_address.h"

#include <algorithm>

namespace api {

namespace {

constexpr std::size_t address_bytes_max = 254;  // RFC 5321 §4.5.3.1.3, without the brackets
constexpr std::size_t local_bytes_max = 64;
constexpr std::size_t label_bytes_max = 63;

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view atom_marks = "!#$%&'*+/=?^_`{|}~-";

bool is_in(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

// Splits at dots: whether there are at least `count_min` parts and each is as it should be.
template <class Check>
bool parts_are(std::string_view text, std::size_t count_min, Check check) {
  std::size_t count = 0;
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!check(text.substr(0, dot))) return false;
    ++count;
    if (dot == std::string_view::npos) return count >= count_min;
    text.remove_prefix(dot + 1);
  }
}

bool is_atom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_in(letters_and_digits, c) || is_in(atom_marks, c); });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= label_bytes_max && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_in(letters_and_digits, c) || c == '-'; });
}

bool is_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at > local_bytes_max || text.size() > address_bytes_max) return false;
  return parts_are(text.substr(0, at), 1, is_atom) && parts_are(text.substr(at + 1), 2, is_label);
}

}  // namespace

core::Result<EmailAddress> parse_email_address(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  text = text.substr(0, text.find_last_not_of(space) + 1);
  if (!is_address(text))
    return core::Error{core::ErrorCode::invalid_request, "'email' must be an e-mail address such as name@example.com",
                       "email"};
  EmailAddress address{std::string(text), std::string(text)};
  for (char& c : address.normalized) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return address;
}

core::Digest email_digest(const processors::Vault& vault, const EmailAddress& address) {
  return vault.mac("email", address.normalized);
}

}  // namespace api
