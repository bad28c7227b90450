#include "api/http/entity_tag.h"

#include <utility>

#include "api/http/coroutines.h"
#include "api/http/headers.h"
#include "schemas/digest.h"

namespace api::http {

std::string entity_tag(std::string_view identity) {
  constexpr std::size_t digits = 32;
  return "\"" + schemas::sha256(identity).value().substr(0, digits) + "\"";
}

bool names_tag(std::string_view list, std::string_view tag) {
  // Our tags hold no commas and no quotes inside, so that a member of the list can be compared as it stands.
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view member = trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (member == "*") return true;
    if (member.starts_with("W/")) member.remove_prefix(2);
    if (member == tag) return true;
  }
  return false;
}

awaitable<Response> tagged(boost::asio::any_io_executor blocking, const Request& request, Response response) {
  constexpr std::size_t hashed_at_once_max = 256 * 1024;  // below a millisecond; beyond it is work for another thread
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (!reads || response.status != 200 || response.stream || response.headers.get("ETag")) co_return response;
  std::string tag;
  if (response.body.size() <= hashed_at_once_max) {
    tag = entity_tag(response.body);
  } else {
    auto work = [&response] { return entity_tag(response.body); };
    tag = co_await run_on(std::move(blocking), std::move(work));
  }
  response.headers.set("ETag", tag);
  const auto known = request.headers.get("If-None-Match");
  if (known && names_tag(*known, tag)) {
    response.status = 304;
    response.headers.erase("Content-Type");
    response.body.clear();
  }
  co_return response;
}

}  // namespace api::http
