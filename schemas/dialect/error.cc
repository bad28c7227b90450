#include <algorithm>
#include <cctype>

#include "schemas/dialect/answer.h"
#include "schemas/dialect/json.h"
#include "schemas/manifest/json_text.h"

namespace schemas::dialect {
namespace {

constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t page_bytes_max = 4'096;  // of a body that is no JSON: no more is looked at
constexpr std::size_t ellipsis_bytes = 3;      // with which manifest::shortened marks a cut

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (const char character : text.substr(0, page_bytes_max)) {
    const auto byte = static_cast<std::uint8_t>(character);
    if (byte > ' ' && byte != 0x7F) {
      line += character;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  line = valid_utf8(line);
  return line.size() <= bytes_max ? line : manifest::shortened(line, bytes_max - ellipsis_bytes);
}

// Codes are words; some servers send the number of the HTTP status.
std::string word(Json value) {
  return one_line(value.is_string()   ? value.string()
                  : value.is_number() ? std::string(value.text())
                                      : "",
                  word_bytes_max);
}

std::string message_text(Json value) {
  return value.is_string() || value.is_null() ? value.string() : std::string(value.text());
}

Json first_of(Json value) {
  const std::vector<Json> elements = value.elements();
  return elements.empty() ? value : elements.front();
}

// {"detail": "text" or [{"msg": "text"}]}, as FastAPI has it.
std::string detail_message(Json detail) {
  const Json first = first_of(detail);
  const Object object(first);
  for (const std::string_view name : {"msg", "message"}) {
    if (object[name].is_string()) return object[name].string();
  }
  return message_text(first);
}

ProviderFault fault_of(Json json) {
  const Object body(json);
  const Json error = body["error"].is_null() ? first_of(body["errors"]) : body["error"];
  const Object inner(error.is_object() ? error : json);
  ProviderFault fault;
  fault.type = word(inner["type"]);
  fault.code = word(inner["code"]);
  if (fault.code.empty()) fault.code = word(Object(inner["details"])["error_code"]);
  std::string message = message_text(inner["message"]);
  if (message.empty() && error.is_string()) message = error.string();
  if (message.empty()) message = detail_message(body["detail"]);
  if (message.empty()) message = json.text();
  fault.message = one_line(message, provider_message_bytes_max);
  return fault;
}

// The title of a proxy's page.
std::string_view page_message(std::string_view page) {
  std::string lower(page);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char letter) { return static_cast<char>(std::tolower(static_cast<unsigned char>(letter))); });
  const std::size_t tag = lower.find("<title");
  const std::size_t begin = tag == lower.npos ? lower.npos : lower.find('>', tag);
  const std::size_t end = begin == lower.npos ? lower.npos : lower.find("</title", begin);
  if (end != lower.npos) return page.substr(begin + 1, end - begin - 1);
  return lower.find('<') == 0 ? "a page instead of an error" : page;
}

}  // namespace

ProviderFault read_error(std::string_view body) {
  const core::Result<std::string> compact = compact_json(body);
  if (compact) {
    const Json json = first_of(Json(*compact));
    if (json.is_object()) return fault_of(json);
    return {{}, {}, one_line(message_text(json), provider_message_bytes_max)};
  }
  std::string message = one_line(page_message(body.substr(0, page_bytes_max)), provider_message_bytes_max);
  return {{}, {}, message.empty() ? "an empty answer" : std::move(message)};
}

}  // namespace schemas::dialect
