// What the operator may set and decisions depend on. Replay does not: it only applies what was decided.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "core/money.h"
#include "core/time.h"

namespace core {

struct Policy {
  Money starter_grant = Money::from_cents(25'00);
  Duration verification_lifetime = std::chrono::hours(24);
  Duration password_reset_lifetime = std::chrono::hours(1);
  Duration session_lifetime = std::chrono::hours(24 * 14);
  std::size_t api_keys_max = 100;  // not revoked, of one org

  Duration quote_window = std::chrono::hours(1);
  std::uint32_t unit_attempts_max = 5;

  // After a failed delivery, wait this long; when the list is used up, give up.
  std::vector<Duration> webhook_retry_schedule = {
      std::chrono::seconds(5), std::chrono::minutes(5), std::chrono::minutes(30),
      std::chrono::hours(2),   std::chrono::hours(5),   std::chrono::hours(10),
      std::chrono::hours(14),  std::chrono::hours(20),  std::chrono::hours(24)};
};

}  // namespace core
