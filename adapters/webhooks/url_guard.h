// Which URLs a stranger may have us call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace adapters::webhooks {

struct UrlRules {
  // For development and tests: plain http, any port and loopback addresses are allowed on this machine itself.
  bool allow_loopback = false;
};

struct Target {
  std::string host;  // a name in lower case, or an IP address in its usual form, without brackets
  std::uint16_t port = 0;
};

// Whether an IP address belongs to the public internet: not private, loopback, link-local, multicast, documentation,
// carrier-grade NAT, a tunnel or a translation prefix that may lead to one of these, nor reserved (IANA special-purpose
// registries). An IPv4-mapped address counts as the IPv4 address in it. Text that is no address is not public.
bool is_public(std::string_view address);

// Whether every address may be connected to; no address at all may not.
bool may_connect(const std::vector<std::string>& addresses, UrlRules rules);

// Reads the URL with the parser that will later connect. url_not_allowed says which rule it breaks.
core::Result<Target> parse_target(std::string_view url, UrlRules rules);

// For when a customer hands in a URL: everything that can be known without asking DNS. What its name resolves to is
// checked at every try, because it may change.
core::Result<void> check_url(std::string_view url, UrlRules rules);

}  // namespace adapters::webhooks
