// One TCP connection with a deadline for every wait.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "api/http/awaitable.h"

namespace api::http {

enum class Io { ok, closed, timed_out };

// Threading: on the socket's strand only; one read or write at a time.
// Lifetime: held by shared_ptr, for the timer's callback may come after the last use.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  using Clock = std::chrono::steady_clock;

  Transport(boost::asio::ip::tcp::socket socket, std::size_t buffer_bytes);

  // Applies to every read and write from now on, until it is set anew. One timer serves them all and is only re-armed
  // when a deadline comes nearer, so that a busy connection hardly touches it.
  void expire_after(Clock::duration timeout);
  void expire_never();

  // Requires: a socket that is not connected yet.
  awaitable<Io> connect(boost::asio::ip::tcp::endpoint peer);

  // Waits for more bytes behind those received(). Requires: !full().
  awaitable<Io> read();
  bool readable() const;  // bytes have arrived, received() or not
  std::string_view received() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  bool full() const { return end_ - begin_ == buffer_.size(); }

  // Calls `gone`, beside writes, once the peer has closed its side; not after cancel(), nor where it sends more.
  void when_closed(std::function<void()> gone);

  // Writes all of them.
  awaitable<Io> write(std::string_view first, std::string_view second = {}, std::string_view third = {});
  std::uint64_t bytes_written() const { return bytes_written_; }

  // Says goodbye and discards what the client still sends, until it closes or the deadline passes.
  awaitable<void> linger(std::uint64_t bytes_max);

  void cancel();  // ends the waits under way as closed
  void close();
  int release();  // the descriptor, which is the caller's from now on; nothing works any more

 private:
  void arm(Clock::time_point when);
  void on_timer();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  bool timed_out_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();

  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of the received bytes in buffer_
  std::size_t end_ = 0;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace api::http
