// What the bodies of operators' requests have in common.
#pragma once

#include <string>

#include "api/json_body.h"
#include "core/result.h"

namespace api {

// Who ordered it and why, kept with what came of it. Neither is empty; what was not asked for is.
struct Order {
  std::string ordered_by;
  std::string reason;
};

// The members `operator` and `reason`. Errors: invalid_request.
inline core::Result<Order> order_of(const JsonBody& body) {
  constexpr std::size_t operator_bytes_max = 100;
  constexpr std::size_t reason_bytes_max = 500;
  core::Result<std::string> ordered_by = body.text("operator", operator_bytes_max);
  if (ordered_by.has_error()) return ordered_by.error();
  core::Result<std::string> reason = body.text("reason", reason_bytes_max);
  if (reason.has_error()) return reason.error();
  return Order{std::move(*ordered_by), std::move(*reason)};
}

}  // namespace api
