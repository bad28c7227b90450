#include "api/http/problem.h"

#include "api/http/status.h"
#include "api/http/utf8.h"

namespace api::http {

namespace {

// The classes by which OpenAI's clients sort errors.
std::string_view error_type(int status) {
  if (status >= 500) return "server_error";
  if (status == 401) return "authentication_error";
  if (status == 402) return "billing_error";
  if (status == 403) return "permission_error";
  if (status == 404) return "not_found_error";
  if (status == 429) return "rate_limit_error";
  return "invalid_request_error";
}

// "insufficient_credits" -> "Insufficient credits"
std::string title_of(std::string_view code) {
  std::string title(code);
  for (char& c : title) {
    if (c == '_') c = ' ';
  }
  if (!title.empty()) title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

std::string public_detail(const core::Error& error, int status) {
  const bool written_for_clients = status < 500 || error.code == core::ErrorCode::unavailable ||
                                   error.code == core::ErrorCode::overloaded ||
                                   error.code == core::ErrorCode::feature_switched_off;
  if (written_for_clients) return error.detail;
  if (status == 503) return "The service cannot do this at the moment. Send the same request again shortly.";
  return "Something failed on our side. Nothing is known to be wrong with the request; quote its request_id to "
         "support.";
}

}  // namespace

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    const char c = text.front();
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) {
      out += "\\u00";
      out += digits[(c >> 4) & 0xF];
      out += digits[c & 0xF];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
  return out;
}

Response problem(const core::Error& error, const Request& request, const ProblemMembers& extra) {
  const int status = http_status(error.code);
  const std::string_view code = core::to_string(error.code);
  const std::string detail = json_string(public_detail(error, status));

  std::string body = "{\"type\":\"urn:batchrouter:error:";
  body += code;
  body += "\",\"title\":" + json_string(title_of(code));
  body += ",\"status\":" + std::to_string(status);
  body += ",\"detail\":" + detail;
  body += ",\"instance\":" + json_string(request.path + "#" + request.request_id);
  body += ",\"request_id\":" + json_string(request.request_id);
  body += ",\"error\":{\"type\":" + json_string(error_type(status));
  body += ",\"code\":" + json_string(code);
  body += ",\"message\":" + detail;
  body += ",\"param\":" + (error.param.empty() ? "null" : json_string(error.param)) + "}";
  for (const auto& [name, value] : extra) body += "," + json_string(name) + ":" + value;
  body += "}";

  Response response(status);
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  if (core::transient(error.code) || status == 503) response.headers.set("Retry-After", "1");
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  response.body = std::move(body);
  return response;
}

}  // namespace api::http
