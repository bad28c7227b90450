// Slows down who asks too often.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace api {

// A token bucket for each key. Memory is bounded: when there are too many keys, the one asked for least recently is
// forgotten and starts again with a full bucket.
//
// Threading: any thread. Of this process only: each node counts for itself.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Wait = std::chrono::steady_clock::duration;

  struct Allowance {
    std::uint32_t per_minute = 10;  // at least 1
    std::uint32_t burst = 20;       // at once, after a long rest; at least 1
  };

  explicit RateLimiter(std::size_t keys_max) : keys_max_(keys_max) {}

  struct Bucket {
    Wait wait;               // zero: there was a token. Else none was taken, and there will be one after that
    std::uint32_t left = 0;  // tokens
    Wait full_in;
  };
  // Takes one token of the key's bucket.
  Bucket draw(std::string_view key, Allowance allowance, Time now);
  // The same, where only the wait matters.
  Wait take(std::string_view key, Allowance allowance, Time now) { return draw(key, allowance, now).wait; }

  std::size_t keys() const;

 private:
  using Entry = std::pair<std::string, Time>;  // a key, and when its bucket is full again

  const std::size_t keys_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::list<Entry> recent_;   // asked for most recently first
  std::unordered_map<std::string, std::list<Entry>::iterator> entries_;
};

// By which a caller is counted: an IPv4 address, or the /64 of an IPv6 address, as one customer has all of it.
std::string address_group(const std::string& remote_address);

bool is_loopback(const std::string& remote_address);

}  // namespace api
