// Whose word on where a request comes from is believed.
#pragma once

#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/headers.h"

namespace api::http {

// Proxies by address or network. Each appends who asked it to X-Forwarded-For; what stands left of the first address
// that is not one of theirs may be invented. Threading: immutable.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // none

  // "10.0.0.0/8, ::1": at most 100. nullopt: something else stands there.
  static std::optional<TrustedProxies> parse(std::string_view text);

  // The address behind the listed hops, as far as it is told; `peer` itself where it is none of them.
  std::string client_behind(const std::string& peer, const Headers& headers) const;

 private:
  bool lists(const boost::asio::ip::address_v6& address) const;

  std::vector<boost::asio::ip::network_v6> networks_;  // those of IPv4 as ::ffff:0:0/96 has them
};

}  // namespace api::http
