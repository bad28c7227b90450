// Reads the query parameters of requests: strict, with errors that name the parameter and the remedy.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "api/http/request.h"
#include "core/result.h"

namespace api {

// Errors: invalid_request (a parameter that is none of these, or one given twice).
core::Result<void> check_query(const http::Request& request, std::initializer_list<std::string_view> names);

struct Bounds {
  std::uint32_t min;
  std::uint32_t max;
};
// `absent` where it is not given. Errors: invalid_request.
core::Result<std::uint32_t> query_number(const http::Request& request, std::string_view name, Bounds bounds,
                                         std::uint32_t absent);

// "true" or "false"; false where it is not given. Errors: invalid_request.
core::Result<bool> query_flag(const http::Request& request, std::string_view name);

}  // namespace api
