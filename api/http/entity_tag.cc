#include "api/http/entity_tag.h"

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
    std::string_view member = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (member.starts_with(' ') || member.starts_with('\t')) member.remove_prefix(1);
    while (member.ends_with(' ') || member.ends_with('\t')) member.remove_suffix(1);
    if (member == "*") return true;
    if (member.starts_with("W/")) member.remove_prefix(2);
    if (member == tag) return true;
  }
  return false;
}

}  // namespace api::http
