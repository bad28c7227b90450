// Handlers that return a refusal as a value.
#pragma once

#include <utility>

#include "api/http/problem.h"
#include "api/http/request.h"
#include "api/http/response.h"
#include "core/result.h"

namespace api {

using Outcome = core::Result<http::Response>;

// What a handler came to, as an answer: a refusal becomes a problem.
inline http::awaitable<http::Response> answered(http::Request& request, http::awaitable<Outcome> handling) {
  Outcome outcome = co_await std::move(handling);
  if (outcome.has_error()) co_return http::problem(outcome.error(), request);
  co_return std::move(*outcome);
}

}  // namespace api
