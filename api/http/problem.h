// Refusals as text: RFC 9457 problem+json that OpenAI-shaped clients can read too.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/http/request.h"
#include "api/http/response.h"
#include "core/result.h"

namespace api::http {

// Members added to a problem: a name, and its value as JSON text.
using ProblemMembers = std::vector<std::pair<std::string, std::string>>;

// {type, title, status, detail, instance, request_id, error: {type, code, message, param}, …extra}
// What failed inside (500, and 503 other than unavailable and overloaded) is not told to the client, only the request's
// id is. Adds Retry-After where waiting helps and WWW-Authenticate to a 401.
Response problem(const core::Error& error, const Request& request, const ProblemMembers& extra = {});

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace api::http
