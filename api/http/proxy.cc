#include "api/http/proxy.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace api::http {

namespace {

namespace beast = boost::beast;
using AnswerParser = beast::http::response_parser<beast::http::buffer_body>;

constexpr std::size_t piece_bytes_max = 64 * 1024;
constexpr std::uint32_t answer_header_bytes_max = 32 * 1024;

// About one connection, or made anew by whoever sends the next message.
constexpr std::array<std::string_view, 10> of_one_connection = {
    "Connection", "Content-Length",    "Expect",  "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection",
    "TE",         "Transfer-Encoding", "Trailer", "Upgrade"};

// The fields that go through, those named by Connection left out as well.
Headers end_to_end(const Headers& headers) {
  Headers kept;
  for (const auto& [name, value] : headers) {
    const auto is_name = [&name = name](std::string_view other) { return equal_ignoring_case(name, other); };
    bool ends_here = std::any_of(of_one_connection.begin(), of_one_connection.end(), is_name);
    for (const auto& [other, list] : headers)
      ends_here = ends_here || (equal_ignoring_case(other, "Connection") && lists(list, name));
    if (!ends_here) kept.add(name, value);
  }
  return kept;
}

std::string request_head(const Request& request, const Headers& added) {
  Headers headers = end_to_end(request.headers);
  headers.set("X-Request-Id", request.request_id);
  for (const auto& [name, value] : added) headers.set(name, value);
  if (request.body_stream != nullptr && !request.body_stream->length()) {
    headers.add("Transfer-Encoding", "chunked");
  } else if (request.body_stream != nullptr) {
    headers.add("Content-Length", std::to_string(*request.body_stream->length()));
  } else if (!request.body.empty() || request.method == Method::post) {
    headers.add("Content-Length", std::to_string(request.body.size()));
  }
  std::string head = std::string(to_string(request.method)) + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
  return head + "\r\n";
}

std::string chunk_head(std::size_t length) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), length, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

core::Error unreachable(const std::string& why) {
  return core::Error{core::ErrorCode::unavailable, "The node that keeps this account cannot be reached (" + why +
                                                       "). Nothing was done; send the same request again shortly."};
}

// `how`: what became of the exchange after the request, or a part of it, had been sent.
core::Error cut_off(const Request& request, const std::string& how) {
  const bool reads_only = request.method == Method::get || request.method == Method::head;
  return core::Error{
      core::ErrorCode::unavailable,
      "The node that keeps this account " + how + ". " +
          (reads_only ? "Send the same request again shortly."
                      : "Whether it carried out the request is not known: with an Idempotency-Key the same request can "
                        "be sent again; without one, look first what became of it.")};
}

enum class Sent { all, a_part };

// The request's way out and the answer's way in, over one connection.
struct Exchange {
  std::string url;
  std::shared_ptr<Upstreams> upstreams;
  std::shared_ptr<Transport> connection;
  AnswerParser parser;
  Sent sent = Sent::all;

  // For the next request, where both sides are through with this one.
  void end() {
    if (connection && sent == Sent::all && parser.keep_alive() && connection->received().empty())
      upstreams->keep(url, *connection);
    connection.reset();
  }
};

// Gives the parser what has arrived. False: it is not HTTP, or cannot go on for want of room.
bool parse(Exchange& exchange) {
  beast::error_code error;
  const std::string_view received = exchange.connection->received();
  const std::size_t consumed = exchange.parser.put(boost::asio::const_buffer(received.data(), received.size()), error);
  exchange.connection->consume(consumed);
  if (error && error != beast::http::error::need_more && error != beast::http::error::need_buffer) return false;
  return consumed > 0 || !exchange.connection->full();
}

class ProxiedBody final : public BodySource {
 public:
  ProxiedBody(std::unique_ptr<Exchange> exchange, std::optional<std::uint64_t> length,
              Proxy::Settings::Duration timeout)
      : exchange_(std::move(exchange)), length_(length), timeout_(timeout) {}

  std::optional<std::uint64_t> length() const override { return length_; }

  awaitable<core::Result<std::string>> next(std::size_t bytes_max) override {
    std::string piece;
    AnswerParser& parser = exchange_->parser;
    while (!parser.is_done()) {
      Transport& connection = *exchange_->connection;
      const std::size_t before = connection.received().size();
      if (before > 0) {
        piece.resize(bytes_max);
        auto& body = parser.get().body();
        body.data = piece.data();
        body.size = piece.size();
        const bool understood = parse(*exchange_);
        piece.resize(piece.size() - body.size);
        if (!understood) co_return broken("sent what is not an answer");
        if (!piece.empty()) break;
        if (connection.received().size() < before) continue;
      }
      connection.expire_after(timeout_);
      const Io outcome = co_await connection.read();
      connection.expire_never();
      if (outcome == Io::closed) co_return broken("went away in the middle of its answer");
      if (outcome == Io::timed_out) co_return broken("stopped in the middle of its answer");
    }
    // The server asks no more once it has the announced length, so the end is looked for here.
    if (parser.is_done()) exchange_->end();
    co_return piece;
  }

 private:
  core::Error broken(const std::string& how) {
    exchange_->connection->close();
    return core::Error{core::ErrorCode::unavailable, "The node that keeps this account " + how + ". Ask again."};
  }

  const std::unique_ptr<Exchange> exchange_;
  const std::optional<std::uint64_t> length_;
  const Proxy::Settings::Duration timeout_;
};

// The answer to HEAD: a length, where it is known, without its bytes.
class LengthAlone final : public BodySource {
 public:
  explicit LengthAlone(std::optional<std::uint64_t> length) : length_(length) {}
  std::optional<std::uint64_t> length() const override { return length_; }
  awaitable<core::Result<std::string>> next(std::size_t) override {
    co_return core::Error{core::ErrorCode::internal, "an answer to HEAD has no body"};
  }

 private:
  const std::optional<std::uint64_t> length_;
};

// Sends what is left of the request behind `head`. Stops where the server answers or closes before the end.
// Errors: those of the request's own body.
awaitable<core::Result<Sent>> send_request(Transport& connection, std::string head, Request& request,
                                           Proxy::Settings::Duration timeout) {
  connection.expire_after(timeout);
  if (co_await connection.write(head, request.body) != Io::ok) co_return Sent::a_part;
  if (request.body_stream == nullptr) co_return Sent::all;
  const bool chunked = !request.body_stream->length();
  for (;;) {
    connection.expire_never();
    core::Result<std::string> piece = co_await request.body_stream->read(piece_bytes_max);
    if (!piece) co_return piece.error();
    if (piece->empty() && !chunked) co_return Sent::all;
    if (connection.readable()) co_return Sent::a_part;
    const std::string before = chunked ? chunk_head(piece->size()) : std::string();
    connection.expire_after(timeout);
    if (co_await connection.write(before, *piece, chunked ? "\r\n" : "") != Io::ok) co_return Sent::a_part;
    if (piece->empty()) co_return Sent::all;
  }
}

awaitable<core::Result<void>> read_head(Exchange& exchange, const Request& request, Proxy::Settings::Duration timeout) {
  exchange.connection->expire_after(timeout);
  while (!exchange.parser.is_header_done()) {
    if (!exchange.connection->received().empty()) {
      if (!parse(exchange)) co_return cut_off(request, "sent what is not an answer");
      if (exchange.parser.is_header_done()) break;
    }
    const Io outcome = co_await exchange.connection->read();
    if (outcome == Io::closed) co_return cut_off(request, "went away before it answered");
    if (outcome == Io::timed_out) co_return cut_off(request, "did not answer in time");
  }
  exchange.connection->expire_never();
  // A server of ours tells every answer's length and, as Expect ends here, sends nothing ahead of it.
  if (exchange.parser.need_eof() || exchange.parser.get().result_int() < 200)
    co_return cut_off(request, "sent what is not an answer");
  co_return core::Result<void>{};
}

}  // namespace

Proxy::Proxy(Settings settings) : settings_(settings), upstreams_(std::make_shared<Upstreams>(settings.upstreams)) {}

awaitable<core::Result<Response>> Proxy::forward(std::string url, Request& request, Headers added) {
  auto connection = co_await upstreams_->open(url);
  if (!connection) co_return unreachable(connection.error().detail);
  auto exchange = std::make_unique<Exchange>();
  exchange->url = std::move(url);
  exchange->upstreams = upstreams_;
  exchange->connection = std::move(*connection);
  exchange->parser.header_limit(answer_header_bytes_max);
  exchange->parser.body_limit(boost::none);
  exchange->parser.skip(request.method == Method::head);

  std::string head = request_head(request, added);
  const core::Result<Sent> sent =
      co_await send_request(*exchange->connection, std::move(head), request, settings_.write_timeout);
  if (!sent) co_return sent.error();
  exchange->sent = *sent;
  // A server that refuses in the middle of a body says why before it closes.
  const auto timeout = *sent == Sent::all ? settings_.answer_timeout : settings_.refusal_timeout;
  const core::Result<void> answered = co_await read_head(*exchange, request, timeout);
  if (!answered) co_return answered.error();

  const AnswerParser& parser = exchange->parser;
  Response response(static_cast<int>(parser.get().result_int()));
  Headers fields;
  for (const auto& field : parser.get())
    fields.add({field.name_string().data(), field.name_string().size()}, {field.value().data(), field.value().size()});
  response.headers = end_to_end(fields);
  const auto announced = parser.content_length();
  const auto length = announced ? std::optional<std::uint64_t>(*announced) : std::nullopt;
  if (parser.is_done()) {
    const bool chunked = parser.chunked();
    exchange->end();
    if (request.method == Method::head && (length || chunked)) response.stream = std::make_unique<LengthAlone>(length);
  } else {
    response.stream = std::make_unique<ProxiedBody>(std::move(exchange), length, settings_.read_timeout);
  }
  co_return response;
}

}  // namespace api::http
