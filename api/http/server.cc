#include "api/http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>

#include "api/http/connection.h"
#include "core/invariant.h"

namespace api::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t refusals_max = 64;  // connections being told that there are too many; beyond: closed unheard
constexpr auto accept_again_after = std::chrono::milliseconds(100);
constexpr auto stop_poll_interval = std::chrono::milliseconds(5);

}  // namespace

// Threading: accepting_, stopping_, connections_ on strand_ only.
class Server::Implementation : public std::enable_shared_from_this<Implementation> {
 public:
  Implementation(asio::any_io_executor executor, Settings settings, Router router, Hooks hooks)
      : executor_(std::move(executor)),
        service_(std::make_shared<const Service>(Service{std::move(settings), std::move(router), std::move(hooks)})),
        strand_(asio::make_strand(executor_)),
        acceptor_(strand_) {}

  core::Result<void> bind() {
    if (port_ != 0) return {};
    boost::system::error_code error;
    const auto address = asio::ip::make_address(service_->settings.address, error);
    const tcp::endpoint endpoint(address, service_->settings.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      return core::Error{core::ErrorCode::configuration_invalid, "Cannot listen on " + service_->settings.address +
                                                                     ":" + std::to_string(service_->settings.port) +
                                                                     ": " + error.message() +
                                                                     ". Choose another address or port."};
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  core::Result<void> start() {
    if (const auto bound = bind(); bound.has_error()) return bound;
    if (accepting_ || stopping_) return {};
    accepting_ = true;
    asio::co_spawn(strand_, accept(shared_from_this()), asio::detached);
    return {};
  }

  static awaitable<void> stop(std::shared_ptr<Implementation> self, Settings::Duration deadline) {
    self->stopping_ = true;
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->tell_all(&Connection::drain);

    const auto cut_at = std::chrono::steady_clock::now() + deadline;
    bool cut = false;
    asio::steady_timer timer(self->strand_);
    while (self->accepting_ || !self->connections_.empty()) {
      if (!cut && std::chrono::steady_clock::now() >= cut_at) {
        self->tell_all(&Connection::cut);
        cut = true;
      }
      timer.expires_after(stop_poll_interval);
      co_await timer.async_wait(as_tuple);
    }
  }

  std::uint16_t port() const { return port_; }
  const Router& router() const { return service_->router; }
  asio::any_io_executor strand() const { return strand_; }

 private:
  struct Entry {
    std::weak_ptr<Connection> connection;
    asio::any_io_executor strand;
  };

  static awaitable<void> accept(std::shared_ptr<Implementation> self) {
    asio::steady_timer timer(self->strand_);
    while (!self->stopping_) {
      const asio::any_io_executor strand = asio::make_strand(self->executor_);
      auto [error, socket] = co_await self->acceptor_.async_accept(strand, as_tuple);
      if (self->stopping_) break;
      if (!error) {
        self->adopt(strand, std::move(socket));
        continue;
      }
      // Out of descriptors, most likely: those that close make room.
      timer.expires_after(accept_again_after);
      co_await timer.async_wait(as_tuple);
    }
    self->accepting_ = false;
  }

  void adopt(const asio::any_io_executor& strand, tcp::socket socket) {
    const bool too_many = connections_.size() >= service_->settings.connections_max;
    if (connections_.size() >= service_->settings.connections_max + refusals_max) return;
    auto connection = std::make_shared<Connection>(service_, std::move(socket));
    const std::uint64_t number = next_number_++;
    connections_.emplace(number, Entry{connection, strand});
    // Holds the connection too: its signal must outlive the coroutine that listens to it.
    auto forget = [self = shared_from_this(), connection, number](const std::exception_ptr&) {
      asio::post(self->strand_, [self, number] { self->connections_.erase(number); });
    };
    asio::co_spawn(strand, too_many ? Connection::refuse(connection) : Connection::run(connection),
                   asio::bind_cancellation_slot(connection->signal().slot(), std::move(forget)));
  }

  void tell_all(void (Connection::*what)()) {
    for (const auto& [number, entry] : connections_) {
      asio::post(entry.strand, [weak = entry.connection, what] {
        if (const auto connection = weak.lock()) ((*connection).*what)();
      });
    }
  }

  const asio::any_io_executor executor_;
  const std::shared_ptr<const Service> service_;
  std::uint16_t port_ = 0;
  const asio::strand<asio::any_io_executor> strand_;
  tcp::acceptor acceptor_;
  bool accepting_ = false;
  bool stopping_ = false;
  std::uint64_t next_number_ = 0;
  std::unordered_map<std::uint64_t, Entry> connections_;
};

Server::Server(asio::any_io_executor executor, Settings settings, Router router, Hooks hooks)
    : implementation_(std::make_shared<Implementation>(std::move(executor), std::move(settings), std::move(router),
                                                       std::move(hooks))) {}
Server::~Server() = default;

core::Result<void> Server::bind() {
  return implementation_->bind();
}
core::Result<void> Server::start() {
  return implementation_->start();
}
std::uint16_t Server::port() const {
  return implementation_->port();
}
const Router& Server::router() const {
  return implementation_->router();
}

awaitable<void> Server::stop(Settings::Duration deadline) {
  const auto implementation = implementation_;
  co_await asio::co_spawn(implementation->strand(), Implementation::stop(implementation, deadline),
                          asio::use_awaitable);
}

}  // namespace api::http
