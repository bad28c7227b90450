// Small pages for people who follow a link in a mail or come back from paying.
#pragma once

#include <string_view>

#include "api/http/response.h"

namespace api {

// `title` and `body` are HTML. The page loads nothing, runs nothing, is not stored, and its own address, which may hold
// a token, goes nowhere.
http::Response html_page(int status, std::string_view title, std::string_view body);

// The same for any answer that nobody may keep.
http::Response unstored(http::Response response);

}  // namespace api
