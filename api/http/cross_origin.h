// Which web pages of other origins may read our answers: the CORS protocol (the WHATWG's Fetch Standard, §3.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http/request.h"
#include "api/http/response.h"

namespace api::http {

// "https://app.example.com" as browsers send it in Origin; "*" in a list stands for all of them.
inline constexpr std::string_view any_origin = "*";

// Adds what lets a page of a listed origin read the answer; the answer to a preflight (OPTIONS) says what may be asked.
// Only an origin that is listed by its name may send cookies. With an empty list nothing is added.
void allow_origins(const std::vector<std::string>& origins, const Request& request, Response& response);

}  // namespace api::http
