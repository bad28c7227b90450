#include "api/http/multipart.h"

#include <algorithm>
#include <cctype>

namespace api::http {

namespace {

constexpr std::size_t boundary_bytes_max = 70;  // RFC 2046 §5.1.1

core::Error malformed(std::string detail) {
  return {core::ErrorCode::invalid_request, "the body is not multipart/form-data: " + std::move(detail)};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_words(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Takes the next of `a; name=value; name="va\"lue"` off the left; the first is the bare value.
struct Parameter {
  std::string_view name;
  std::string value;
};
std::optional<Parameter> next_parameter(std::string_view& rest) {
  const std::size_t begin = rest.find_first_not_of("; \t");
  if (begin == rest.npos) return std::nullopt;
  rest.remove_prefix(begin);
  const std::size_t end_of_name = rest.find_first_of("=;");
  Parameter parameter;
  parameter.name = trimmed(rest.substr(0, end_of_name));
  if (end_of_name == rest.npos || rest[end_of_name] == ';') {
    rest.remove_prefix(std::min(rest.size(), end_of_name));
    return parameter;
  }
  rest.remove_prefix(end_of_name + 1);
  if (rest.starts_with('"')) {
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
      parameter.value += rest[i];
    }
    rest.remove_prefix(std::min(rest.size(), i + 1));
  } else {
    const std::size_t end = rest.find(';');
    parameter.value = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end));
  }
  return parameter;
}

// Of the headers of a part: what it is called.
std::optional<PartHead> parse_head(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return std::nullopt;
    if (!equal_words(trimmed(line.substr(0, colon)), "content-disposition")) continue;
    std::string_view rest = line.substr(colon + 1);
    PartHead head;
    bool form_data = false;
    while (const std::optional<Parameter> parameter = next_parameter(rest)) {
      form_data = form_data || equal_words(parameter->name, "form-data");
      if (equal_words(parameter->name, "name")) head.name = parameter->value;
      if (equal_words(parameter->name, "filename") || equal_words(parameter->name, "filename*")) head.file = true;
    }
    return form_data && !head.name.empty() ? std::optional(head) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> MultipartReader::boundary_of(std::string_view content_type) {
  const std::optional<Parameter> type = next_parameter(content_type);
  if (!type || !equal_words(type->name, "multipart/form-data")) return std::nullopt;
  while (std::optional<Parameter> parameter = next_parameter(content_type)) {
    if (!equal_words(parameter->name, "boundary")) continue;
    const bool good = !parameter->value.empty() && parameter->value.size() <= boundary_bytes_max;
    return good ? std::optional(std::move(parameter->value)) : std::nullopt;
  }
  return std::nullopt;
}

// A delimiter at the very beginning has no line before it: as if there were one.
MultipartReader::MultipartReader(std::string_view boundary, PartSink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), sink_(sink), held_("\r\n") {}

core::Result<void> MultipartReader::feed(std::string_view bytes) {
  held_ += bytes;
  for (;;) {
    const core::Result<bool> stepped = step();
    if (stepped.has_error()) return stepped.error();
    if (!*stepped) return {};
  }
}

core::Result<void> MultipartReader::finish() const {
  if (state_ == State::done) return {};
  return malformed("it ends before its last boundary");
}

core::Result<bool> MultipartReader::step() {
  switch (state_) {
    case State::preamble:
    case State::body: {
      const std::size_t found = held_.find(delimiter_);
      const bool whole = found != held_.npos;
      // What may be the beginning of a delimiter is held back.
      const std::size_t size = whole ? found : held_.size() - std::min(held_.size(), delimiter_.size() - 1);
      if (state_ == State::body && size > 0) {
        if (const auto taken = sink_.on_bytes(std::string_view(held_).substr(0, size)); taken.has_error())
          return taken.error();
      }
      held_.erase(0, whole ? found + delimiter_.size() : size);
      if (whole) state_ = State::after_boundary;
      return whole;
    }
    case State::after_boundary: {
      if (held_.size() < 2) return false;
      if (held_.starts_with("--")) {
        state_ = State::done;
        return true;
      }
      const std::size_t end = held_.find("\r\n");
      if (end == held_.npos && held_.size() <= boundary_bytes_max) return false;
      if (end == held_.npos || !trimmed(std::string_view(held_).substr(0, end)).empty())
        return malformed("a boundary is followed by something else than a line break");
      held_.erase(0, end);
      state_ = State::head;
      return true;
    }
    case State::head: return begin_part();
    case State::done: held_.clear(); return false;
  }
  return false;
}

core::Result<bool> MultipartReader::begin_part() {
  const std::size_t end = held_.find("\r\n\r\n");
  if (end == held_.npos) {
    if (held_.size() > head_bytes_max) return malformed("the headers of a part are too long");
    return false;
  }
  const std::optional<PartHead> head = end < 2 ? std::nullopt : parse_head(std::string_view(held_).substr(2, end - 2));
  if (!head) return malformed("a part has no Content-Disposition: form-data with a name");
  if (++parts_ > parts_max) return malformed("it has too many parts");
  held_.erase(0, end + 4);
  state_ = State::body;
  if (const auto taken = sink_.on_part(*head); taken.has_error()) return taken.error();
  return true;
}

}  // namespace api::http
