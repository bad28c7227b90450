#include "api/http/transport.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "core/invariant.h"

namespace api::http {

namespace {

constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

// A cancel that falls between two steps of one write finds nothing to cancel, so it is repeated.
constexpr auto cancel_again_after = std::chrono::milliseconds(50);

}  // namespace

Transport::Transport(boost::asio::ip::tcp::socket socket, std::size_t buffer_bytes)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), buffer_(buffer_bytes) {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

void Transport::expire_after(Clock::duration timeout) {
  timed_out_ = false;
  deadline_ = Clock::now() + timeout;
  if (!armed_ || deadline_ < timer_.expiry()) arm(deadline_);
}

void Transport::expire_never() {
  timed_out_ = false;
  deadline_ = Clock::time_point::max();
}

void Transport::arm(Clock::time_point when) {
  armed_ = true;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void Transport::on_timer() {
  armed_ = false;
  if (!socket_.is_open() || deadline_ == Clock::time_point::max()) return;
  const auto now = Clock::now();
  if (now < deadline_) return arm(deadline_);
  timed_out_ = true;
  cancel();
  arm(now + cancel_again_after);
}

awaitable<Io> Transport::connect(boost::asio::ip::tcp::endpoint peer) {
  const auto [error] = co_await socket_.async_connect(peer, as_tuple);
  if (error) co_return timed_out_ ? Io::timed_out : Io::closed;
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  co_return Io::ok;
}

bool Transport::readable() const {
  boost::system::error_code error;
  return !received().empty() || (socket_.available(error) > 0 && !error);
}

awaitable<Io> Transport::read() {
  INVARIANT(!full());
  if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  const boost::asio::mutable_buffer space(buffer_.data() + end_, buffer_.size() - end_);
  const auto [error, bytes] = co_await socket_.async_read_some(space, as_tuple);
  end_ += bytes;
  if (!error) co_return Io::ok;
  co_return timed_out_ ? Io::timed_out : Io::closed;
}

void Transport::when_closed(std::function<void()> gone) {
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this(), gone = std::move(gone)](boost::system::error_code error) {
                       // Readable without a byte to read: the end, or an error.
                       boost::system::error_code failure;
                       if (!error && self->socket_.available(failure) == 0) gone();
                     });
}

awaitable<Io> Transport::write(std::string_view first, std::string_view second, std::string_view third) {
  const std::array<boost::asio::const_buffer, 3> buffers{boost::asio::buffer(first), boost::asio::buffer(second),
                                                         boost::asio::buffer(third)};
  const auto [error, bytes] = co_await boost::asio::async_write(socket_, buffers, as_tuple);
  bytes_written_ += bytes;
  if (!error) co_return Io::ok;
  co_return timed_out_ ? Io::timed_out : Io::closed;
}

awaitable<void> Transport::linger(std::uint64_t bytes_max) {
  boost::system::error_code error;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
  std::uint64_t discarded = 0;
  while (!error && discarded < bytes_max) {
    consume(received().size());
    if (co_await read() != Io::ok) co_return;
    discarded += received().size();
  }
}

void Transport::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

int Transport::release() {
  timer_.cancel();
  boost::system::error_code error;
  const int descriptor = socket_.release(error);
  return error ? -1 : descriptor;
}

}  // namespace api::http
