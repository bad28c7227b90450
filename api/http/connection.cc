#include "api/http/connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <utility>

#include "api/http/cross_origin.h"
#include "api/http/head.h"
#include "api/http/problem.h"
#include "api/http/request_id.h"
#include "api/http/target.h"
#include "processors/fault_point.h"

namespace api::http {

namespace {

constexpr std::size_t piece_bytes_max = 64 * 1024;
constexpr std::uint64_t linger_bytes_max = 16 * 1024 * 1024;
// Room for the start of a body behind the largest header.
constexpr std::size_t buffer_bytes_spare = 4 * 1024;

std::string address_of(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

// Fills in what the head says, as far as it could be parsed.
core::Result<void> take_head(Parser& parser, Request& request) {
  request.method = parse_method(parser.method());
  request.target = parser.target();
  request.headers = std::move(parser.headers());
  if (request.method == Method::options && parser.target() == "*") {
    request.path = "*";
    return {};
  }
  auto target = parse_target(parser.target());
  if (!target) return target.error();
  request.path = std::move(target->path);
  request.query_parameters = std::move(target->query);
  return {};
}

Response without_route(const Request& request, const Router::Match& match) {
  if (request.method == Method::options && request.path == "*") {
    Response response = no_content();
    response.headers.set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return response;
  }
  if (match.allow.empty()) {
    return problem(core::Error{core::ErrorCode::not_found, "There is nothing at " + request.path + "."}, request);
  }
  const core::Error not_allowed{core::ErrorCode::method_not_allowed,
                                "This path does not answer that method; it answers " + match.allow + "."};
  Response response = request.method == Method::options ? no_content() : problem(not_allowed, request);
  response.headers.set("Allow", match.allow);
  return response;
}

bool is_event_stream(const Response& response) {
  return response.stream && response.headers.get("Content-Type").value_or("").starts_with("text/event-stream");
}

std::string chunk_head(std::size_t length) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), length, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

}  // namespace

Connection::Connection(std::shared_ptr<const Service> service, boost::asio::ip::tcp::socket socket)
    : service_(std::move(service)),
      remote_address_(address_of(socket)),
      transport_(
          std::make_shared<Transport>(std::move(socket), service_->settings.header_bytes_max + buffer_bytes_spare)) {}

awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  try {
    Next next = Next::request;
    while (next == Next::request) next = co_await self->serve_one();
  } catch (const std::exception&) {
    // cut() ends every wait by an exception: there is nobody left to tell.
  }
  self->transport_->close();
}

awaitable<void> Connection::refuse(std::shared_ptr<Connection> self) {
  Request request;
  request.request_id = choose_request_id(std::nullopt);
  const core::Error overloaded{core::ErrorCode::overloaded, "Too many connections. Try again shortly."};
  Response response = problem(overloaded, request);
  try {
    co_await self->send(response, request, Version::http_1_1, Persistence::close);
    co_await self->say_goodbye();
  } catch (const std::exception&) {
    // Cut off, as above.
  }
  self->transport_->close();
}

void Connection::drain() {
  draining_ = true;
  if (in_event_stream_) cut();
  if (idle_) transport_->cancel();
}

void Connection::cut() {
  cut_ = true;
  transport_->close();
  signal_.emit(boost::asio::cancellation_type::terminal);
}

awaitable<Connection::Next> Connection::serve_one() {
  if (transport_->received().empty()) {
    if (draining_) co_return Next::close;
    idle_ = true;
    transport_->expire_after(service_->settings.idle_timeout);
    const Io outcome = co_await transport_->read();
    idle_ = false;
    if (outcome != Io::ok) co_return Next::close;
  }

  const auto started = Transport::Clock::now();
  const std::uint64_t written_before = transport_->bytes_written();
  Parser parser(service_->settings.header_bytes_max);
  const core::Result<Arrival> arrival = co_await read_header(parser);
  if (arrival && *arrival == Arrival::client_gone) co_return Next::close;

  Request request;
  request.remote_address = remote_address_;
  request.request_id = choose_request_id(parser.headers().get("X-Request-Id"));
  RequestBody body(*transport_, parser, service_->settings);
  Response response(500);
  if (arrival) {
    response = co_await answer(request, parser, body);
  } else {
    request.method = parse_method(parser.method());
    response = problem(arrival.error(), request);
  }
  allow_origins(service_->settings.cors_origins, request, response);

  const bool can_go_on = arrival && parser.keep_alive() && !draining_ && body.discardable();
  const Version version = arrival && parser.is_http_1_0() ? Version::http_1_0 : Version::http_1_1;
  const bool ends_by_closing = response.stream && !response.stream->length() && version == Version::http_1_0;
  const Persistence persistence = can_go_on && !ends_by_closing ? Persistence::keep_alive : Persistence::close;
  const bool sent = co_await send(response, request, version, persistence);
  if (service_->hooks.request_finished) {
    service_->hooks.request_finished(request, response.status, Transport::Clock::now() - started,
                                     transport_->bytes_written() - written_before);
  }

  if (!sent) co_return Next::close;
  if (persistence == Persistence::keep_alive && co_await body.discard()) co_return Next::request;
  co_await say_goodbye();
  co_return Next::close;
}

awaitable<core::Result<Connection::Arrival>> Connection::read_header(Parser& parser) {
  transport_->expire_after(service_->settings.header_timeout);
  for (;;) {
    if (!transport_->received().empty()) {
      const core::Result<std::size_t> consumed = parser.parse_header(transport_->received());
      if (!consumed) co_return consumed.error();
      transport_->consume(*consumed);
      if (parser.header_done()) break;
    }
    const Io outcome = co_await transport_->read();
    if (outcome == Io::closed) co_return Arrival::client_gone;
    if (outcome == Io::timed_out) {
      co_return core::Error{core::ErrorCode::request_timeout, "The request's header did not arrive in time."};
    }
  }
  transport_->expire_never();
  co_return Arrival::complete;
}

awaitable<Response> Connection::answer(Request& request, Parser& parser, RequestBody& body) {
  const core::Result<void> head = take_head(parser, request);
  request.remote_address = service_->settings.trusted_proxies.client_behind(remote_address_, request.headers);
  if (!head) co_return problem(head.error(), request);
  Router::Match match = service_->router.match(request.method, request.path);
  if (match.route == nullptr) co_return without_route(request, match);
  const Route& route = *match.route;
  request.route = route.pattern;
  request.path_parameters = std::move(match.path_parameters);

  if (route.options.body != Body::none) {
    const core::Result<void> limited = body.limit(route.options.body_bytes_max);
    if (!limited) co_return problem(limited.error(), request);
  }
  switch (route.options.body) {
    case Body::none: break;
    case Body::small: {
      core::Result<std::string> text = co_await body.read_all();
      if (!text) co_return problem(text.error(), request);
      request.body = std::move(*text);
      break;
    }
    case Body::stream: request.body_stream = &body; break;
  }
  co_return co_await call_handler(route, request);
}

awaitable<Response> Connection::call_handler(const Route& route, Request& request) {
  std::string what;
  try {
    co_return co_await route.handler(request);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  co_return problem(failed(request, what), request);
}

awaitable<core::Result<std::string>> Connection::next_piece(BodySource& source, const Request& request) {
  std::string what;
  try {
    co_return co_await source.next(piece_bytes_max);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  co_return failed(request, what);
}

core::Error Connection::failed(const Request& request, const std::string& what) const {
  // Cutting a connection ends what its handler waits for by an exception: no failure of the handler's.
  if (!cut_ && service_->hooks.handler_failed) service_->hooks.handler_failed(request, what);
  return core::Error{core::ErrorCode::internal, what};
}

awaitable<bool> Connection::send(Response& response, const Request& request, Version version, Persistence persistence) {
  const bool body_sent = request.method != Method::head && status_has_body(response.status);
  std::string first_piece;
  if (response.stream && body_sent && response.stream->length().value_or(0) > 0) {
    core::Result<std::string> piece = co_await next_piece(*response.stream, request);
    if (piece) {
      first_piece = std::move(*piece);
    } else {
      response = problem(piece.error(), request);
      allow_origins(service_->settings.cors_origins, request, response);
    }
  }

  Framing framing{response.body.size(), persistence, version};
  if (response.stream) framing.length = response.stream->length();
  const std::string head = render_head(response, framing, request.request_id);
  if (!body_sent) co_return co_await send_text(head, {});
  if (!response.stream) co_return co_await send_text(head, response.body);
  if (!co_await send_text(head, {})) co_return false;
  if (!is_event_stream(response))
    co_return co_await send_stream(*response.stream, request, std::move(first_piece), version);

  if (draining_) co_return false;
  in_event_stream_ = true;
  transport_->when_closed([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->cut();
  });
  const bool sent = co_await send_stream(*response.stream, request, std::move(first_piece), version);
  in_event_stream_ = false;
  transport_->cancel();
  co_return sent;
}

awaitable<bool> Connection::send_text(std::string_view head, std::string_view body) {
  std::string_view piece = body.substr(0, piece_bytes_max);
  transport_->expire_after(service_->settings.write_timeout);
  Io outcome = co_await transport_->write(head, piece);
  while (outcome == Io::ok) {
    body.remove_prefix(piece.size());
    if (body.empty()) break;
    FAULT_POINT(F08);
    piece = body.substr(0, piece_bytes_max);
    transport_->expire_after(service_->settings.write_timeout);
    outcome = co_await transport_->write(piece);
  }
  transport_->expire_never();
  co_return outcome == Io::ok;
}

// `piece` is the first one where the length is known.
awaitable<bool> Connection::send_stream(BodySource& source, const Request& request, std::string piece,
                                        Version version) {
  const std::optional<std::uint64_t> length = source.length();
  const bool chunked = !length && version == Version::http_1_1;
  std::uint64_t left = length.value_or(0);
  for (;;) {
    if (piece.empty() && (!length || left > 0)) {
      core::Result<std::string> next = co_await next_piece(source, request);
      if (!next) co_return false;
      piece = std::move(*next);
    }
    // A source that gives more or less than it said would corrupt the next answer: the connection ends instead.
    if (length && (piece.size() > left || (piece.empty() && left > 0))) co_return false;
    left -= length ? piece.size() : 0;

    const std::string before = chunked ? chunk_head(piece.size()) : std::string();
    transport_->expire_after(service_->settings.write_timeout);
    const Io outcome = co_await transport_->write(before, piece, chunked ? "\r\n" : "");
    transport_->expire_never();
    if (outcome != Io::ok) co_return false;
    if (piece.empty() || (length && left == 0)) co_return true;
    FAULT_POINT(F08);
    piece.clear();
  }
}

awaitable<void> Connection::say_goodbye() {
  transport_->expire_after(service_->settings.linger_timeout);
  co_await transport_->linger(linger_bytes_max);
}

}  // namespace api::http
