#include "api/http/trusted_proxies.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>

namespace api::http {

namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t networks_max = 100;
constexpr unsigned short bits_of_v6 = 128;
constexpr unsigned short bits_before_v4 = 96;

ip::address_v6 widened(const ip::address& address) {
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
}

std::optional<ip::address> address_from(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  return error ? std::nullopt : std::optional(address);
}

std::optional<ip::network_v6> network_from(std::string_view text) {
  if (const auto address = address_from(text)) return ip::network_v6(widened(*address), bits_of_v6);
  boost::system::error_code error;
  const ip::network_v4 v4 = ip::make_network_v4(text, error);
  if (!error) {
    const auto bits = static_cast<unsigned short>(bits_before_v4 + v4.prefix_length());
    return ip::network_v6(widened(v4.address()), bits).canonical();
  }
  const ip::network_v6 v6 = ip::make_network_v6(text, error);
  return error ? std::nullopt : std::optional(v6.canonical());
}

// Some proxies write the port as well: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) return hop.substr(1, hop.find(']') - 1);
  return std::ranges::count(hop, ':') == 1 ? hop.substr(0, hop.find(':')) : hop;
}

std::vector<std::string_view> parts_of(std::string_view list) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(trim(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::optional<TrustedProxies> TrustedProxies::parse(std::string_view text) {
  TrustedProxies proxies;
  if (trim(text).empty()) return proxies;
  for (const std::string_view part : parts_of(text)) {
    const auto network = network_from(part);
    if (!network || proxies.networks_.size() == networks_max) return std::nullopt;
    proxies.networks_.push_back(*network);
  }
  return proxies;
}

bool TrustedProxies::lists(const ip::address_v6& address) const {
  return std::ranges::any_of(networks_, [&](const ip::network_v6& network) {
    return ip::network_v6(address, network.prefix_length()).canonical() == network;
  });
}

std::string TrustedProxies::client_behind(const std::string& peer, const Headers& headers) const {
  if (networks_.empty()) return peer;
  std::vector<std::string_view> hops;
  for (const auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "X-Forwarded-For")) continue;
    for (const std::string_view hop : parts_of(value)) hops.push_back(hop);
  }
  std::string client = peer;
  std::optional<ip::address> address = address_from(peer);
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    if (!address || !lists(widened(*address))) break;
    address = address_from(without_port(*hop));
    if (address) client = address->to_string();
  }
  return client;
}

}  // namespace api::http
