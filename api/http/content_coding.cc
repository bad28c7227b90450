#include "api/http/content_coding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "adapters/compression/encoder.h"
#include "api/http/coroutines.h"
#include "api/http/entity_tag.h"
#include "api/http/problem.h"

namespace api::http {

namespace {

using adapters::compression::Encoder;
using adapters::compression::Encoding;

constexpr std::uint64_t coded_bytes_min = 1024;
constexpr std::size_t coded_at_once_max = 64 * 1024;  // a millisecond or two; beyond it is work for another thread

// Thousandths. Nothing: not a weight.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  std::string digits(text.substr(0, 1));
  if (text.size() > 1) {
    if (text[1] != '.') return std::nullopt;
    digits += text.substr(2);
  }
  digits.resize(4, '0');
  int weight = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || weight > 1000) return std::nullopt;
  return weight;
}

struct Weights {
  std::optional<int> identity, gzip, zstd, others;
};

// One member: "gzip", "zstd;q=0.5", "*;q=0". What cannot be read is left out.
void take_member(std::string_view member, Weights& weights) {
  const std::size_t semicolon = member.find(';');
  const std::string_view name = trim(member.substr(0, semicolon));
  std::optional<int> weight = 1000;
  if (semicolon != std::string_view::npos) {
    const std::string_view parameter = trim(member.substr(semicolon + 1));
    const bool named = parameter.starts_with("q=") || parameter.starts_with("Q=");
    weight = named ? parse_weight(parameter.substr(2)) : std::nullopt;
  }
  if (!weight || name.empty()) return;
  if (name == "*") {
    weights.others = weight;
    return;
  }
  const std::optional<Encoding> encoding = adapters::compression::encoding_from_name(name);
  if (!encoding) return;
  switch (*encoding) {
    case Encoding::identity: weights.identity = weight; return;
    case Encoding::gzip: weights.gzip = weight; return;
    case Encoding::zstd: weights.zstd = weight; return;
  }
}

bool is_text(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (type.starts_with("text/")) return type != "text/event-stream";
  constexpr std::array<std::string_view, 4> texts = {"application/json", "application/problem+json",
                                                     "application/x-ndjson", "application/yaml"};
  return std::find(texts.begin(), texts.end(), type) != texts.end();
}

// Codes another body while it is sent.
class EncodedSource final : public BodySource {
 public:
  // `first`: what was taken from `plain` already.
  EncodedSource(boost::asio::any_io_executor blocking, Encoding encoding, std::unique_ptr<BodySource> plain,
                std::string first)
      : blocking_(std::move(blocking)), plain_(std::move(plain)), first_(std::move(first)), encoder_(encoding) {}

  std::optional<std::uint64_t> length() const override { return std::nullopt; }

  awaitable<core::Result<std::string>> next(std::size_t bytes_max) override {
    while (given_ == coded_.size() && !ended_) {
      std::string piece = std::exchange(first_, {});
      if (piece.empty()) {
        core::Result<std::string> next = co_await plain_->next(bytes_max);
        if (next.has_error()) co_return next.error();
        piece = std::move(*next);
      }
      ended_ = piece.empty();
      auto work = [this, &piece] { return encoder_.encode(piece, ended_ ? Encoder::Then::end : Encoder::Then::more); };
      coded_ = co_await run_on(blocking_, std::move(work));
      given_ = 0;
    }
    std::string out = coded_.substr(given_, bytes_max);
    given_ += out.size();
    co_return out;
  }

 private:
  const boost::asio::any_io_executor blocking_;
  const std::unique_ptr<BodySource> plain_;
  std::string first_;
  Encoder encoder_;
  std::string coded_;
  std::size_t given_ = 0;  // of coded_
  bool ended_ = false;
};

awaitable<std::string> encode_body(boost::asio::any_io_executor blocking, Encoding encoding, std::string body) {
  auto work = [encoding, &body] { return Encoder(encoding).encode(body, Encoder::Then::end); };
  if (body.size() <= coded_at_once_max) co_return work();
  co_return co_await run_on(std::move(blocking), std::move(work));
}

void weaken_tag(Headers& headers) {
  const auto tag = headers.get("ETag");
  if (tag && !tag->starts_with("W/")) headers.set("ETag", "W/" + std::string(*tag));
}

}  // namespace

AcceptedCodings accepted_codings(const Headers& headers) {
  Weights weights;
  for (const auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "Accept-Encoding")) continue;
    for (std::string_view list = value; !list.empty();) {
      const std::string_view member = list.substr(0, list.find(','));
      list.remove_prefix(std::min(member.size() + 1, list.size()));
      take_member(member, weights);
    }
  }
  AcceptedCodings accepted;
  accepted.identity = weights.identity.value_or(weights.others.value_or(1)) > 0;
  int heaviest = std::max(weights.identity.value_or(0), 1);
  const auto consider = [&](Encoding encoding, std::optional<int> own) {
    const int weight = own.value_or(weights.others.value_or(0));
    const bool first = accepted.preferred == Encoding::identity;
    if (first ? weight < heaviest : weight <= heaviest) return;
    heaviest = weight;
    accepted.preferred = encoding;
  };
  consider(Encoding::zstd, weights.zstd);
  consider(Encoding::gzip, weights.gzip);
  return accepted;
}

awaitable<Response> encoded(boost::asio::any_io_executor blocking, const Request& request, Response response) {
  const bool unchanged = response.status == 304;
  if (!unchanged && !is_text(response.headers.get("Content-Type").value_or(""))) co_return response;
  if (response.headers.get("Content-Encoding")) co_return response;
  response.headers.add_to_list("Vary", "Accept-Encoding");
  const AcceptedCodings accepted = accepted_codings(request.headers);
  const Encoding encoding = accepted.preferred;
  if (encoding == Encoding::identity || response.status == 206) co_return response;
  if (unchanged) {
    weaken_tag(response.headers);
    co_return response;
  }

  const bool is_stream = response.stream != nullptr;
  const std::optional<std::uint64_t> length = is_stream ? response.stream->length() : response.body.size();
  if (length && (*length == 0 || (*length < coded_bytes_min && accepted.identity))) co_return response;
  if (is_stream) {
    // An error of the first piece is still an answer; after it, only the connection's end can tell.
    std::string first;
    if (length && request.method != Method::head) {
      core::Result<std::string> piece = co_await response.stream->next(coded_at_once_max);
      if (piece.has_error()) co_return problem(piece.error(), request);
      first = std::move(*piece);
    }
    response.stream =
        std::make_unique<EncodedSource>(std::move(blocking), encoding, std::move(response.stream), std::move(first));
  } else {
    response.body = co_await encode_body(std::move(blocking), encoding, std::move(response.body));
  }
  response.headers.set("Content-Encoding", adapters::compression::to_string(encoding));
  response.headers.erase("Accept-Ranges");
  weaken_tag(response.headers);
  co_return response;
}

}  // namespace api::http
