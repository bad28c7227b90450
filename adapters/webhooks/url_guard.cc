#include "adapters/webhooks/url_guard.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <memory>
#include <optional>

#include "core/mutant.h"

namespace adapters::webhooks {

namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t url_bytes_max = 2'048;
constexpr std::array<std::uint16_t, 2> public_ports{443, 8443};

struct RangeV4 {
  std::uint32_t network;
  unsigned prefix;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c = 0, std::uint32_t d = 0) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array special_v4{
    RangeV4{v4(0, 0), 8},           // this network
    RangeV4{v4(10, 0), 8},          // private
    RangeV4{v4(100, 64), 10},       // carrier-grade NAT
    RangeV4{v4(127, 0), 8},         // loopback
    RangeV4{v4(169, 254), 16},      // link-local: cloud metadata
    RangeV4{v4(172, 16), 12},       // private
    RangeV4{v4(192, 0, 0), 24},     // protocol assignments
    RangeV4{v4(192, 0, 2), 24},     // documentation
    RangeV4{v4(192, 88, 99), 24},   // 6to4 relays
    RangeV4{v4(192, 168), 16},      // private
    RangeV4{v4(198, 18), 15},       // benchmarking
    RangeV4{v4(198, 51, 100), 24},  // documentation
    RangeV4{v4(203, 0, 113), 24},   // documentation
    RangeV4{v4(224, 0), 4},         // multicast
    RangeV4{v4(240, 0), 4},         // reserved, broadcast
};

bool is_public_v4(ip::address_v4 address) {
  return std::none_of(special_v4.begin(), special_v4.end(),
                      [&](RangeV4 range) { return (address.to_uint() ^ range.network) >> (32 - range.prefix) == 0; });
}

// Only 2000::/3 has been given out as global unicast. That alone shuts out ::, ::1, ::/96, 64:ff9b::/96,
// 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10 and ff00::/8. The rest are exceptions within it.
bool is_public_v6(const ip::address_v6& address) {
  if (address.is_v4_mapped()) return is_public_v4(ip::make_address_v4(ip::v4_mapped, address));
  static const ip::network_v6 global_unicast = ip::make_network_v6("2000::/3");
  static const std::array special_v6{
      ip::make_network_v6("2001::/23"),      // protocol assignments, Teredo among them
      ip::make_network_v6("2001:db8::/32"),  // documentation
      ip::make_network_v6("2002::/16"),      // 6to4: wraps any IPv4 address
      ip::make_network_v6("3fff::/20"),      // documentation
  };
  const ip::network_v6 itself(ip::address_v6(address.to_bytes()), 128);  // without its zone
  return itself.is_subnet_of(global_unicast) &&
         std::none_of(special_v6.begin(), special_v6.end(),
                      [&](const auto& range) { return itself.is_subnet_of(range); });
}

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code failure;
  const auto address = ip::make_address(text, failure);
  return failure ? std::nullopt : std::optional(address);
}

bool is_loopback(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return false;
  if (address->is_v6() && address->to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address->to_v6()).is_loopback();
  }
  return address->is_loopback();
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::optional<std::string> part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return std::nullopt;
  std::string result(text);
  curl_free(text);
  return result;
}

core::Error refused(std::string why) {
  return core::Error{core::ErrorCode::url_not_allowed, "this URL cannot be called: " + std::move(why)};
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

// A name as DNS has it. Other scripts must come in their xn-- form, which shows what they really are.
core::Result<void> check_name(const std::string& host) {
  const bool plain = std::all_of(host.begin(), host.end(), [](char letter) {
    return is_digit(letter) || (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_' || letter == '.';
  });
  if (!plain) return refused("its host may have letters, digits, '-' and '.' only; write other scripts in xn-- form");
  if (host.ends_with('.')) return refused("its host ends with a dot");
  if (host.starts_with('.') || host.find("..") != std::string::npos) return refused("its host has an empty part");
  const auto dot = host.rfind('.');
  if (dot == std::string::npos || host.ends_with(".localhost")) return refused("its host is not a public name");
  // "127.1.0x7f" and the like: no top-level domain starts with a digit, but C libraries read such text as an address.
  if (is_digit(host[dot + 1])) return refused("its host looks like an IP address in an unusual form");
  return {};
}

}  // namespace

bool is_public(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return false;
  return address->is_v4() ? is_public_v4(address->to_v4()) : is_public_v6(address->to_v6());
}

bool may_connect(const std::vector<std::string>& addresses, UrlRules rules) {
  if (MUTANT(22)) return true;
  if (addresses.empty()) return false;
  if (rules.allow_loopback && std::all_of(addresses.begin(), addresses.end(), is_loopback)) return true;
  return std::all_of(addresses.begin(), addresses.end(), is_public);
}

core::Result<Target> parse_target(std::string_view text, UrlRules rules) {
  if (text.size() > url_bytes_max) return refused("it is longer than " + std::to_string(url_bytes_max) + " bytes");
  // libcurl would read only what stands before a NUL, and takes a blank or a backslash for part of a name.
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter != '\x7f'; });
  if (!visible) return refused("it has blanks, control characters or letters outside ASCII; percent-encode them");

  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (!url) return core::Error{core::ErrorCode::overloaded, "no memory to read a URL"};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) return refused("it carries a user name; put secrets in the signed body");
  if (code != CURLUE_OK) return refused(curl_url_strerror(code));

  const std::string scheme = part(url.get(), CURLUPART_SCHEME).value_or("");
  std::string host = part(url.get(), CURLUPART_HOST).value_or("");
  const std::string port_text = part(url.get(), CURLUPART_PORT).value_or("");
  if (scheme != "https" && scheme != "http") return refused("it must start with https://");
  // The whole authority again, by hand: an '@' in it means a user to one parser or another.
  const auto authority = text.substr(0, text.find_first_of("/?#", text.find("://") + 3));
  if (authority.find('@') != std::string_view::npos) return refused("it carries a user name");
  if (part(url.get(), CURLUPART_ZONEID)) return refused("an address must not name a network interface");

  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  Target target{host, 0};
  const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), target.port);
  if (parsed.ec != std::errc() || parsed.ptr != port_text.data() + port_text.size() || target.port == 0) {
    return refused("its port is not a number from 1 to 65535");
  }

  if (rules.allow_loopback && (host == "localhost" || is_loopback(host))) return target;
  if (scheme != "https") return refused("it must start with https://");
  if (std::find(public_ports.begin(), public_ports.end(), target.port) == public_ports.end()) {
    return refused("its port must be 443 or 8443");
  }
  if (parse_address(host)) {
    if (!is_public(host)) return refused("its address is not a public one");
    return target;
  }
  if (auto checked = check_name(host); !checked) return checked.error();
  return target;
}

core::Result<void> check_url(std::string_view url, UrlRules rules) {
  auto target = parse_target(url, rules);
  if (!target) return target.error();
  return {};
}

}  // namespace adapters::webhooks
