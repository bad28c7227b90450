// Idempotency-Key: one effect a key, and the first answer again for those that come later.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "api/authentication.h"
#include "api/http/request.h"
#include "core/batch/commands.h"

namespace api {

// The header's value, bare or as a quoted string. nullopt: there is none.
// Errors: idempotency_key_invalid (not 1 to 255 visible characters).
core::Result<std::optional<std::string>> idempotency_key(const http::Request& request);

// Digest of the route and the key; the org comes with the state it is kept in.
core::Digest idempotency_digest(const std::string& route, const std::string& key);

// Keys whose first request is still running here. Threading: any thread.
class KeysInFlight {
 public:
  // Held while the request runs. Empty when another one holds the key.
  class Hold {
   public:
    Hold(KeysInFlight& keys, std::string key) : keys_(keys), key_(std::move(key)) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    KeysInFlight& keys_;
    const std::string key_;
  };
  std::unique_ptr<Hold> try_hold(const core::OrgId& org, const core::Digest& key);

 private:
  std::mutex mutex_;
  std::set<std::string> held_;
};

}  // namespace api
