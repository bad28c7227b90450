// The name of one exchange in answers, logs and support tickets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace api::http {

// The client's own where it is 1 to 64 of [A-Za-z0-9_-]; else "req_" and 26 random base-32 digits.
std::string choose_request_id(std::optional<std::string_view> from_client);

}  // namespace api::http
