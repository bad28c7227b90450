// Cookies as RFC 6265 writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/request.h"

namespace api::http {

// The value of the first cookie of that name.
std::optional<std::string> cookie(const Request& request, std::string_view name);

enum class SameSite { strict, lax };

// Secure and HttpOnly unless said otherwise. `name` and `value` are ours: letters, digits and "-_.~" only.
struct SetCookie {
  std::string name;
  std::string value;
  std::string path = "/";
  std::optional<std::chrono::seconds> max_age = std::nullopt;  // none: until the browser closes; 0: forget it now
  SameSite same_site = SameSite::lax;
  bool http_only = true;
  bool secure = true;
};

// The value of a Set-Cookie header.
std::string to_string(const SetCookie& cookie);

}  // namespace api::http
