// Entity tags: RFC 9110 §8.8.3 and §13.1.2.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string>
#include <string_view>

#include "api/http/awaitable.h"
#include "api/http/request.h"
#include "api/http/response.h"

namespace api::http {

// A strong tag, with its quotes, for what `identity` stands for: equal texts give equal tags.
std::string entity_tag(std::string_view identity);

// Whether an If-None-Match header names the tag: the client has the answer already.
bool names_tag(std::string_view if_none_match, std::string_view tag);

// A whole body that was read gets the tag of what it says; who has it already gets the tag alone, with 304. Other
// answers, and those that have a tag, stay as they are. Long bodies are hashed on `blocking`.
awaitable<Response> tagged(boost::asio::any_io_executor blocking, const Request& request, Response response);

}  // namespace api::http
