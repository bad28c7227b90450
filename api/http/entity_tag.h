// Entity tags: RFC 9110 §8.8.3 and §13.1.2.
#pragma once

#include <string>
#include <string_view>

namespace api::http {

// A strong tag, with its quotes, for what `identity` stands for: equal texts give equal tags.
std::string entity_tag(std::string_view identity);

// Whether an If-None-Match header names the tag: the client has the answer already.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace api::http
