#include "schemas/manifest/char_stream.h"

#include <algorithm>
#include <string>
#include <utility>

namespace schemas::manifest {

CharStream::CharStream(ByteSource& source, Unit unit) : source_(source), unit_(unit) {
  window_ = {end_mark_.data(), 1};
  current_ = end_mark_.data();
  end_ = current_ + 1;
  if (unit_ == Unit::document) open_window();
}

bool CharStream::next_line() {
  if (line_ > 0) {
    while (!stopped()) open_window();
    if (exhausted()) return false;
    rest_.remove_prefix(1);  // the newline
    ++rest_offset_;
  }
  ++line_;
  open_window();
  mark_element();
  return !exhausted();
}

// The window before this one is used up. The next ends with the chunk or before the newline.
void CharStream::open_window() {
  std::size_t size = 0;
  if (!rest_.empty() || load()) size = unit_ == Unit::line ? std::min(rest_.find('\n'), rest_.size()) : rest_.size();
  window_offset_ = rest_offset_;
  window_ = size == 0 ? std::string_view(end_mark_.data(), 1) : rest_.substr(0, size);
  current_ = window_.data();
  end_ = current_ + window_.size();
  rest_.remove_prefix(size);
  rest_offset_ += size;
}

bool CharStream::load() {
  if (ended_) return false;
  if (rest_offset_ - element_offset_ > element_bytes_max) {
    fail(core::ErrorCode::payload_too_large, "an item or header field is larger than 16 MiB: split it");
    return false;
  }
  const core::Result<std::string_view> chunk = source_.read();
  if (!chunk) {
    ended_ = true;
    error_ = chunk.error();
    return false;
  }
  rest_ = *chunk;
  if (rest_.empty()) {
    ended_ = true;
    if (utf8_.incomplete()) fail(core::ErrorCode::malformed_json, "the text ends inside a UTF-8 character");
    return false;
  }
  if (rest_offset_ + rest_.size() > manifest_bytes_max) {
    fail(core::ErrorCode::payload_too_large, "a manifest holds at most 2 GiB: split it into several batches");
    rest_ = {};
    return false;
  }
  if (rest_offset_ == 0 && rest_.starts_with('\xEF')) {
    // The only character of JSON text that could begin so is the byte order mark.
    fail(core::ErrorCode::malformed_json,
         "the text begins with a byte order mark or a stray character: send plain UTF-8");
    rest_ = {};
    return false;
  }
  const std::size_t well_formed = utf8_.check(rest_);
  if (well_formed < rest_.size()) {
    fail(core::ErrorCode::malformed_json,
         "invalid UTF-8 at byte " + std::to_string(rest_offset_ + well_formed) + ": send the text as UTF-8");
    rest_ = rest_.substr(0, well_formed);
  }
  return !rest_.empty();
}

void CharStream::fail(core::ErrorCode code, std::string detail) {
  ended_ = true;
  error_ = core::Error{code, std::move(detail)};
}

}  // namespace schemas::manifest
