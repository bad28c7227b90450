#include "schemas/imports/lines.h"

#include <algorithm>

namespace schemas::imports {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view white_space = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

}  // namespace

core::Result<std::optional<Line>> Lines::any() {
  Line line;
  line_.clear();
  bool begun = false;
  for (;;) {
    if (chunk_.empty() && !ended_) {
      const core::Result<std::string_view> chunk = source_.read();
      if (chunk.has_error()) return chunk.error();
      chunk_ = *chunk;
      ended_ = chunk->empty();
    }
    if (ended_ && !begun) return std::optional<Line>{};
    begun = true;
    const std::size_t newline = chunk_.find('\n');
    const std::string_view piece = chunk_.substr(0, newline);
    chunk_.remove_prefix(std::min(chunk_.size(), piece.size() + 1));
    line.too_long = line.too_long || line_.size() + piece.size() > line_bytes_max;
    if (line.too_long) {
      line_.clear();
    } else if (newline != piece.npos && line_.empty()) {
      line.text = piece;  // most lines lie in one chunk and are not copied
    } else {
      line_ += piece;
      line.text = line_;
    }
    if (newline != piece.npos || ended_) break;
  }
  if (line.too_long) line.text = {};
  line.number = ++number_;
  return std::optional(line);
}

core::Result<std::optional<Line>> Lines::next() {
  for (;;) {
    core::Result<std::optional<Line>> line = any();
    if (line.has_error() || !*line) return line;
    if ((*line)->number == 1 && (*line)->text.starts_with(byte_order_mark))
      (*line)->text.remove_prefix(byte_order_mark.size());
    (*line)->text = trimmed((*line)->text);
    if (!(*line)->text.empty() || (*line)->too_long) return line;
  }
}

}  // namespace schemas::imports
