#include "adapters/logging/line.h"

#include <algorithm>

#include "core/overloaded.h"

namespace adapters::logging {

namespace {

constexpr std::size_t value_bytes_max = 1'024;

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

// A JSON string. A byte beyond ASCII becomes \u00XX by itself: readable enough, always valid, and nothing that turns a
// terminal's writing direction or starts a control sequence gets through.
void append_quoted(std::string& line, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  line += '"';
  for (const char c : text.substr(0, value_bytes_max)) {
    if (is_plain(c) || c == ' ') {
      line += c;
    } else if (c == '"' || c == '\\') {
      line += {'\\', c};
    } else if (c == '\n') {
      line += "\\n";
    } else {
      const auto byte = static_cast<unsigned char>(c);
      line += "\\u00";
      line += {digits[byte >> 4], digits[byte & 0xf]};
    }
  }
  if (text.size() > value_bytes_max) line += "...";
  line += '"';
}

// A value that cannot be taken for the next field stands without quotes.
void append_word_or_quoted(std::string& line, std::string_view text) {
  const bool is_word = !text.empty() && text.size() <= value_bytes_max &&
                       std::ranges::all_of(text, [](char c) { return is_plain(c) && c != '='; });
  if (is_word) {
    line += text;
  } else {
    append_quoted(line, text);
  }
}

template <class AppendText>
void append_value(std::string& line, const processors::Field& field, AppendText append_text) {
  std::visit(core::Overloaded{
                 [&](std::string_view text) { append_text(line, text); },
                 [&](std::int64_t number) { line += std::to_string(number); },
                 [&](std::uint64_t number) { line += std::to_string(number); },
             },
             field.value);
}

std::string text_line(std::string_view event, processors::Fields fields) {
  std::string line;
  append_word_or_quoted(line, event);
  for (const processors::Field& field : fields) {
    line += ' ';
    append_word_or_quoted(line, field.name);
    line += '=';
    append_value(line, field, append_word_or_quoted);
  }
  return line;
}

std::string json_members(std::string_view event, processors::Fields fields) {
  std::string line = "\"event\":";
  append_quoted(line, event);
  for (const processors::Field& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    append_value(line, field, append_quoted);
  }
  return line;
}

}  // namespace

std::string line_of(Format format, std::string_view event, processors::Fields fields) {
  switch (format) {
    case Format::text: return text_line(event, fields);
    case Format::json: return json_members(event, fields);
  }
  return {};
}

}  // namespace adapters::logging
