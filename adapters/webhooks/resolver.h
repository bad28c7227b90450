// From a host name to its IP addresses.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"

namespace adapters::webhooks {

using Addresses = std::vector<std::string>;  // IPv4 and IPv6, as text

// Threading: any thread. `done` runs on any thread, once, at the latest after `limit`.
// Errors: network_failed whenever there is no complete answer, unavailable after a stop, overloaded.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual void resolve(std::string host, std::chrono::milliseconds limit,
                       std::function<void(core::Result<Addresses>)> done) = 0;
};

}  // namespace adapters::webhooks
