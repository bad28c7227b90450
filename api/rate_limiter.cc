#include "api/rate_limiter.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

namespace api {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> parse(const std::string& text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::address(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  return address;
}

}  // namespace

RateLimiter::Bucket RateLimiter::draw(std::string_view key, Allowance allowance, Time now) {
  const Wait token = Wait(std::chrono::minutes(1)) / allowance.per_minute;
  const Wait bucket = token * allowance.burst;

  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(std::string(key));
  const Time full_at = found == entries_.end() ? now : std::max(found->second->second, now);
  const Time full_after = full_at + token;
  if (full_after > now + bucket) return {full_after - (now + bucket), 0, full_at - now};
  const Bucket taken{Wait::zero(), static_cast<std::uint32_t>((now + bucket - full_after) / token), full_after - now};

  if (found != entries_.end()) {
    found->second->second = full_after;
    recent_.splice(recent_.begin(), recent_, found->second);
    return taken;
  }
  recent_.emplace_front(key, full_after);
  entries_.emplace(key, recent_.begin());
  if (entries_.size() > keys_max_) {
    entries_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return taken;
}

std::size_t RateLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::string address_group(const std::string& remote_address) {
  const auto address = parse(remote_address);
  if (!address) return remote_address;
  if (address->is_v4()) return address->to_string();
  ip::address_v6::bytes_type bytes = address->to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), ip::address_v6::bytes_type::value_type{0});
  return ip::address_v6(bytes).to_string() + "/64";
}

bool is_loopback(const std::string& remote_address) {
  const auto address = parse(remote_address);
  return address && address->is_loopback();
}

}  // namespace api
