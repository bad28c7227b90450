#include "api/http/target.h"

#include <algorithm>
#include <optional>

#include "api/http/utf8.h"

namespace api::http {

namespace {

constexpr std::size_t query_parameters_max = 100;

core::Error refusal(std::string detail) {
  return core::Error{core::ErrorCode::invalid_request, std::move(detail)};
}

std::optional<unsigned> hexadecimal(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

enum class Plus { literal, space };

core::Result<std::string> decode(std::string_view raw, Plus plus) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size(); ++at) {
    char c = raw[at];
    if (c == '%') {
      const auto high = at + 2 < raw.size() ? hexadecimal(raw[at + 1]) : std::nullopt;
      const auto low = at + 2 < raw.size() ? hexadecimal(raw[at + 2]) : std::nullopt;
      if (!high || !low) return refusal("The URL has a '%' that is not followed by two hexadecimal digits.");
      c = static_cast<char>(*high * 16 + *low);
      at += 2;
    } else if (c == '+' && plus == Plus::space) {
      c = ' ';
    }
    text += c;
  }
  if (!valid_utf8(text)) return refusal("The URL does not decode to valid UTF-8.");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) return refusal("The URL contains a control character.");
  return text;
}

core::Result<std::string> parse_path(std::string_view raw) {
  std::string path;
  while (!raw.empty()) {
    raw.remove_prefix(1);  // the slash
    const std::string_view encoded = raw.substr(0, raw.find('/'));
    raw.remove_prefix(encoded.size());
    auto segment = decode(encoded, Plus::literal);
    if (!segment) return segment.error();
    if (segment->empty() && !raw.empty()) return refusal("The URL's path has an empty segment ('//').");
    if (*segment == "." || *segment == "..") return refusal("The URL's path has a '.' or '..' segment.");
    if (segment->find_first_of("/\\") != std::string::npos) {
      return refusal("The URL's path has an encoded slash or a backslash.");
    }
    path += '/';
    path += *segment;
  }
  return path;
}

// "http://host:80/v1?x" -> "/v1?x"
std::string_view without_authority(std::string_view raw) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!raw.starts_with(scheme)) continue;
    const std::size_t path = raw.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : raw.substr(path);
  }
  return raw;
}

}  // namespace

core::Result<Parameters> parse_query(std::string_view raw) {
  Parameters parameters;
  while (!raw.empty()) {
    const std::string_view pair = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(pair.size() + 1, raw.size()));
    if (pair.empty()) continue;
    if (parameters.size() == query_parameters_max) return refusal("The URL has more than 100 query parameters.");
    const std::size_t equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), Plus::space);
    if (!name) return name.error();
    auto value = decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), Plus::space);
    if (!value) return value.error();
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

core::Result<Target> parse_target(std::string_view raw) {
  raw = without_authority(raw);
  if (!raw.starts_with('/')) return refusal("The request target must be a path that starts with '/'.");
  if (raw.find('#') != std::string_view::npos) return refusal("The request target must not have a fragment ('#').");
  const std::size_t question = raw.find('?');
  auto path = parse_path(raw.substr(0, question));
  if (!path) return path.error();
  auto query = parse_query(question == std::string_view::npos ? std::string_view{} : raw.substr(question + 1));
  if (!query) return query.error();
  return Target{std::move(*path), std::move(*query)};
}

}  // namespace api::http
