#include "api/http/request_body.h"

#include <algorithm>

namespace api::http {

namespace {

constexpr std::uint64_t discard_bytes_max = 64 * 1024;
constexpr std::size_t piece_bytes_max = 64 * 1024;

}  // namespace

RequestBody::RequestBody(Transport& transport, Parser& parser, const Settings& settings)
    : transport_(transport),
      parser_(parser),
      settings_(settings),
      continue_awaited_(parser.header_done() && !parser.done() && parser.expects_continue()),
      allowance_(settings.body_window) {}

core::Error RequestBody::too_large() const {
  return core::Error{core::ErrorCode::payload_too_large,
                     "The body is larger than this endpoint's limit of " + std::to_string(bytes_max_) + " bytes."};
}

core::Result<void> RequestBody::limit(std::uint64_t bytes_max) {
  bytes_max_ = bytes_max;
  if (parser_.content_length().value_or(0) > bytes_max) return error_.emplace(too_large());
  return {};
}

awaitable<core::Result<std::string>> RequestBody::read(std::size_t bytes_max) {
  std::string piece;
  while (!error_ && piece.empty() && !parser_.done()) {
    core::Result<std::size_t> consumed = std::size_t{0};
    if (!transport_.received().empty()) {
      consumed = parser_.parse_body(transport_.received(), std::max<std::size_t>(bytes_max, 1), piece);
    }
    if (!consumed) {
      error_ = consumed.error();
      break;
    }
    transport_.consume(*consumed);
    if (*consumed > 0) continue;
    co_await receive();
  }
  bytes_read_ += piece.size();
  if (!error_ && bytes_read_ > bytes_max_) error_ = too_large();
  if (error_) co_return *error_;
  co_return piece;
}

// The allowance is a bucket of waiting time: waiting empties it, every byte fills it by what a byte may take.
awaitable<void> RequestBody::receive() {
  if (transport_.full()) {
    error_ = core::Error{core::ErrorCode::invalid_request, "A chunk's size line or the trailers are too long."};
    co_return;
  }
  const auto started = Transport::Clock::now();
  transport_.expire_after(allowance_);
  Io outcome = Io::ok;
  if (continue_awaited_) {
    continue_awaited_ = false;
    outcome = co_await transport_.write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  const std::size_t before = transport_.received().size();
  if (outcome == Io::ok) outcome = co_await transport_.read();
  transport_.expire_never();
  if (outcome == Io::timed_out) {
    error_ = core::Error{core::ErrorCode::request_timeout, "The body arrived more slowly than " +
                                                               std::to_string(settings_.body_bytes_per_second_min) +
                                                               " bytes a second."};
    co_return;
  }
  if (outcome == Io::closed) {
    error_ = core::Error{core::ErrorCode::invalid_request, "The connection ended before the body was complete."};
    co_return;
  }
  const auto bytes = static_cast<double>(transport_.received().size() - before);
  const std::chrono::duration<double> earned(
      bytes / static_cast<double>(std::max<std::uint64_t>(settings_.body_bytes_per_second_min, 1)));
  const std::chrono::duration<double> left = allowance_ - (Transport::Clock::now() - started) + earned;
  allowance_ =
      left < settings_.body_window ? std::chrono::duration_cast<Settings::Duration>(left) : settings_.body_window;
}

awaitable<core::Result<std::string>> RequestBody::read_all() {
  std::string body;
  body.reserve(parser_.content_length().value_or(0));
  for (;;) {
    core::Result<std::string> piece = co_await read(piece_bytes_max);
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    body += *piece;
  }
}

bool RequestBody::discardable() const {
  if (parser_.done()) return !error_;
  // A client that waits for 100 may or may not send the body after another answer: what follows could not be told
  // apart.
  if (continue_awaited_ || error_) return false;
  const auto remaining = parser_.remaining();
  return remaining && *remaining <= discard_bytes_max;
}

awaitable<bool> RequestBody::discard() {
  bytes_max_ = bytes_read_ + discard_bytes_max;
  while (!parser_.done()) {
    const core::Result<std::string> piece = co_await read(piece_bytes_max);
    if (!piece) co_return false;
  }
  co_return true;
}

}  // namespace api::http
