#include "adapters/mail/message.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "schemas/digest.h"

namespace adapters::mail {
namespace {

using core::Error;
using core::ErrorCode;

constexpr std::size_t address_bytes_max = 254;
constexpr std::size_t subject_bytes_max = 200;
constexpr std::size_t line_bytes_max = 998;

bool is_control(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
}
bool is_ascii(char letter) {
  return static_cast<unsigned char>(letter) < 0x80;
}
bool continues_utf8(char letter) {
  return (static_cast<unsigned char>(letter) & 0xc0) == 0x80;
}

bool fits_in_a_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}

// One address and nothing around it: no second receiver, no comment, no name.
bool is_plain_address(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= address_bytes_max && at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         text.find_first_of(" ,;:<>()[]\\\"") == std::string_view::npos && fits_in_a_header(text);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// RFC 2047: encoded words of at most 75 characters, none of which splits a character.
std::string encode_subject(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_ascii)) return std::string(text);
  constexpr std::size_t word_bytes_max = 45;  // 60 digits of base64 in "=?utf-8?B?" and "?="
  std::string words;
  while (!text.empty()) {
    std::size_t length = std::min(text.size(), word_bytes_max);
    // Bytes that are not UTF-8 may have no place to cut.
    while (length > 1 && length < text.size() && continues_utf8(text[length])) --length;
    if (!words.empty()) words += "\r\n ";
    words += "=?utf-8?B?" + schemas::to_base64(text.substr(0, length)) + "?=";
    text.remove_prefix(length);
  }
  return words;
}

std::string date_text(core::Timestamp time) {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string_view host_of(std::string_view from) {
  const std::string_view address = address_of(from);
  return address.substr(address.rfind('@') + 1);
}

// Text lines with CRLF ends, whatever ends they had.
core::Result<std::string> body_of(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    if (line.size() > line_bytes_max) {
      return Error{ErrorCode::invalid_request, "a line of a mail has at most 998 bytes: break it"};
    }
    body.append(line).append("\r\n");
    if (end == std::string_view::npos) break;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return body;
}

bool is_ascii_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_ascii);
}

// Lines of 76 digits (RFC 2045 §6.8).
std::string base64_lines(std::string_view text) {
  constexpr std::size_t bytes_per_line = 57;
  std::string lines;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), bytes_per_line)))
    lines.append(schemas::to_base64(text.substr(0, bytes_per_line))).append("\r\n");
  return lines;
}

// A body with the headers that say what it is.
std::string part_of(std::string_view type, const std::string& body) {
  const bool plain = is_ascii_text(body);
  return "Content-Type: " + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: " + (plain ? "7bit" : "base64") + "\r\n\r\n" +
         (plain ? body : base64_lines(body));
}

}  // namespace

std::string_view address_of(std::string_view from) {
  const std::size_t open = from.rfind('<');
  if (open == std::string_view::npos) return from;
  from.remove_prefix(open + 1);
  return from.substr(0, from.find('>'));
}

core::Result<std::string> render(std::string_view from, const processors::MailMessage& message, core::Timestamp date) {
  if (!is_id(message.id.value())) {
    return Error{ErrorCode::invalid_request, "a mail's id is characters of [a-z0-9_]"};
  }
  if (!is_plain_address(message.to)) {
    return Error{ErrorCode::invalid_request, "a mail goes to one plain address, such as a@example.com", "to"};
  }
  if (!fits_in_a_header(from) || from.find('@') == std::string_view::npos) {
    return Error{ErrorCode::invalid_request, "the sender is \"Name <address>\" or an address", "from"};
  }
  if (!fits_in_a_header(message.subject) || message.subject.size() > subject_bytes_max) {
    return Error{ErrorCode::invalid_request, "a subject is one line of at most 200 bytes", "subject"};
  }
  const auto plain = body_of(message.text);
  if (!plain) return plain.error();
  const auto html = body_of(message.html);
  if (!html) return html.error();

  std::string text;
  const auto header = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  header("From", from);
  header("To", message.to);
  header("Subject", encode_subject(message.subject));
  header("Date", date_text(date));
  header("Message-ID", "<" + message.id.value() + "@" + std::string(host_of(from)) + ">");
  header("MIME-Version", "1.0");
  if (html->empty()) return text + part_of("text/plain", *plain);
  // '=' stands in no line of base64 but at its end, and an id is in no text that we write.
  const std::string boundary = "=_" + message.id.value();
  if (plain->find(boundary) != std::string::npos || html->find(boundary) != std::string::npos)
    return Error{ErrorCode::invalid_request, "a mail's text must not hold its boundary"};
  header("Content-Type", "multipart/alternative; boundary=\"" + boundary + "\"");
  for (const std::string& part : {part_of("text/plain", *plain), part_of("text/html", *html)})
    text.append("\r\n--").append(boundary).append("\r\n").append(part);
  return text + "\r\n--" + boundary + "--\r\n";
}

}  // namespace adapters::mail
