#include "api/http/head.h"

#include <array>
#include <ctime>
#include <string_view>

#include "api/http/status.h"

namespace api::http {

namespace {

constexpr std::array<std::string_view, 5> our_own = {"Content-Length", "Transfer-Encoding", "Connection", "Date",
                                                     "X-Request-Id"};

bool is_our_own(std::string_view name) {
  for (const std::string_view reserved : our_own) {
    if (equal_ignoring_case(name, reserved)) return true;
  }
  return false;
}

// A field may carry text from outside (a file name); line breaks in it would end the field, so no control character
// stays.
void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) head += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  head += "\r\n";
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text.data(), length);
}

}  // namespace

bool status_has_body(int status) {
  return status != 204 && status != 304;
}

std::string render_head(const Response& response, const Framing& framing, const std::string& request_id) {
  std::string head;
  head.reserve(512);
  head += "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_phrase(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!is_our_own(name)) append_field(head, name, value);
  }
  append_field(head, "Date", http_date());
  append_field(head, "X-Request-Id", request_id);
  if (status_has_body(response.status)) {
    if (framing.length) {
      append_field(head, "Content-Length", std::to_string(*framing.length));
    } else if (framing.version == Version::http_1_1) {
      append_field(head, "Transfer-Encoding", "chunked");
    }
  }
  if (framing.persistence == Persistence::close) {
    append_field(head, "Connection", "close");
  } else if (framing.version == Version::http_1_0) {
    append_field(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

}  // namespace api::http
