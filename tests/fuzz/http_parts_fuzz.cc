// Fuzzes what a request is made of: the HTTP parser, targets and queries, header fields, forms and JSON bodies.
// Whatever the bytes and however they are cut, they mean one thing or are refused; what is decoded is whole UTF-8
// without control characters and stays within its bounds. The first byte chooses.
#include <cstdint>
#include <optional>
#include <string>

#include "api/http/byte_range.h"
#include "api/http/content_coding.h"
#include "api/http/cookies.h"
#include "api/http/entity_tag.h"
#include "api/http/multipart.h"
#include "api/http/parser.h"
#include "api/http/request_id.h"
#include "api/http/target.h"
#include "api/http/trusted_proxies.h"
#include "api/json_body.h"
#include "schemas/compact_json.h"
#include "schemas/dialect/json.h"
#include "tests/fuzz/input.h"

namespace {

using namespace api::http;
using fuzz::require;

constexpr std::size_t header_bytes_max = 2'048;

bool whole_utf8(const std::string& text) {
  return schemas::dialect::valid_utf8(text) == text;
}
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; });
}

struct Parsed {
  std::string method, target, fields, body;
  bool operator==(const Parsed&) const = default;
};

// Nothing: it was refused, or is not all there, which a parser that has seen more of it may say earlier.
std::optional<Parsed> parsed(std::string_view bytes, std::size_t piece_bytes) {
  Parser parser(header_bytes_max);
  Parsed result;
  std::string pending;
  while (!bytes.empty() && !parser.done()) {
    pending += bytes.substr(0, piece_bytes);
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    while (!pending.empty() && !parser.done()) {
      const bool in_header = !parser.header_done();
      const std::size_t had = result.body.size();
      const auto consumed = in_header ? parser.parse_header(pending) : parser.parse_body(pending, 64, result.body);
      if (consumed.has_error()) {
        require(!consumed.error().detail.empty() && whole_utf8(consumed.error().detail));
        return std::nullopt;
      }
      require(*consumed <= pending.size() && result.body.size() - had <= 64);
      pending.erase(0, *consumed);
      if (*consumed == 0) break;
    }
    require(parser.header_done() || pending.size() <= header_bytes_max);
  }
  if (!parser.header_done()) return std::nullopt;
  result.method = parser.method();
  result.target = parser.target();
  for (const auto& [name, value] : parser.headers()) {
    require(!name.empty() && value.find_first_of("\r\n") == std::string::npos);
    result.fields += name + ":" + value + "\n";
  }
  require(parser.headers().count("Host") == 1 || parser.is_http_1_0());
  require(!parser.headers().get("Transfer-Encoding") || !parser.content_length());
  if (const auto length = parser.content_length()) require(result.body.size() <= *length);
  return parser.done() ? std::optional(result) : std::nullopt;
}

void check_target(std::string_view text) {
  const auto target = parse_target(text);
  if (target.has_error()) return require(!target.error().detail.empty());
  require(target->path.starts_with('/') && whole_utf8(target->path) && !has_control(target->path));
  const std::string path = target->path.ends_with('/') ? target->path : target->path + "/";
  for (const char* bad : {"//", "/../", "/./", "\\"}) require(path.find(bad) == std::string::npos);
  for (const auto& [name, value] : target->query)
    require(whole_utf8(name) && whole_utf8(value) && !has_control(name) && !has_control(value));
}

void check_fields(fuzz::Input input) {
  Request request;
  const std::string_view value = input.until('\n');
  for (const char* name : {"Cookie", "Accept-Encoding", "X-Forwarded-For"}) request.headers.add(name, value);
  if (const auto found = cookie(request, "batchrouter_session")) require(value.find(*found) != std::string_view::npos);
  accepted_codings(request.headers);
  names_tag(value, "\"abc\"");
  const std::uint64_t size = input.byte() * 1'000ull;
  const auto range = parse_range(value, size);
  if (range && *range)
    require((*range)->length > 0 && (*range)->offset < size && (*range)->length <= size - (*range)->offset);
  const std::string id = choose_request_id(value);
  require(!id.empty() && id.size() <= 200 && !has_control(id));
  MultipartReader::boundary_of(value);
  if (const auto proxies = TrustedProxies::parse(input.until('\n')))
    proxies->client_behind("10.0.0.1", request.headers);
}

class Parts final : public PartSink {
 public:
  core::Result<void> on_part(const PartHead& head) override {
    require(++parts <= MultipartReader::parts_max);
    said += "\n" + head.name + (head.file ? "!" : "?");
    return {};
  }
  core::Result<void> on_bytes(std::string_view bytes) override {
    require(parts > 0 && !bytes.empty());
    said += bytes;
    return {};
  }
  std::uint32_t parts = 0;
  std::string said;
};

// What it says; nothing when it was refused.
std::optional<std::string> form(std::string_view boundary, std::string_view body, std::size_t piece_bytes) {
  Parts parts;
  MultipartReader reader(boundary, parts);
  for (; !body.empty(); body.remove_prefix(std::min(piece_bytes, body.size())))
    if (reader.feed(body.substr(0, piece_bytes)).has_error()) return std::nullopt;
  return reader.finish().has_error() ? std::nullopt : std::optional(parts.said);
}

void check_json(std::string_view text) {
  Request request;
  request.headers.add("Content-Type", "application/json");
  request.body = text;
  const auto body = api::JsonBody::parse(request, {"name", "count", "list", "score"});
  if (body.has_error()) return require(!body.error().detail.empty() && body.error().detail.size() < text.size() + 200);
  require(text.empty() || schemas::compact_json(text).has_value());
  if (const auto name = body->text("name", 100)) require(name->size() <= 100 && whole_utf8(*name));
  if (const auto count = body->integer("count", -5, 5)) require(*count >= -5 && *count <= 5);
  if (const auto list = body->texts("list", 3, 10)) require(!list->empty() && list->size() <= 3);
  if (const auto score = body->optional_score("score"); score && *score) require(**score >= 0 && **score <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.choice(5)) {
    case 0: {
      const std::size_t piece_bytes = 1 + input.byte();
      const auto in_pieces = parsed(input.rest(), piece_bytes);
      const auto whole = parsed(input.rest(), input.rest().size() + 1);
      require(in_pieces == whole);
      break;
    }
    case 1: check_target(input.rest()); break;
    case 2: check_fields(input); break;
    case 3: {
      const std::size_t piece_bytes = 1 + input.byte();
      const std::string_view boundary = input.until('\n');
      require(form(boundary, input.rest(), piece_bytes) == form(boundary, input.rest(), input.rest().size() + 1));
      break;
    }
    default: check_json(input.rest()); break;
  }
  return 0;
}
