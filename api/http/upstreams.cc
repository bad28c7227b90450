#include "api/http/upstreams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "api/http/coroutines.h"

namespace api::http {

namespace {

using adapters::files::Descriptor;
using boost::asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

constexpr std::size_t addresses_max = 4;  // of a name; beyond: not tried

struct Authority {
  std::string host;
  std::string port;
};

core::Error unreachable(const std::string& what) {
  return core::Error{core::ErrorCode::unavailable, what};
}

core::Result<Authority> parse_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const core::Error invalid = unreachable("a node must announce itself as http://host:port");
  if (!url.starts_with(scheme)) return invalid;
  url.remove_prefix(scheme.size());
  const std::size_t colon = url.rfind(':');
  if (colon == std::string_view::npos || url.find('/') != std::string_view::npos) return invalid;
  std::string_view host = url.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Authority{std::string(host), std::string(url.substr(colon + 1))};
}

awaitable<core::Result<Endpoints>> resolve(Authority authority, Upstreams::Clock::duration timeout) {
  const auto executor = co_await boost::asio::this_coro::executor;
  // The system's look-up cannot be interrupted, so whoever comes first answers: it, or the clock.
  std::function<void(std::function<void(core::Result<Endpoints>)>)> start = [&](auto done) {
    const auto resolver = std::make_shared<tcp::resolver>(executor);
    const auto clock = std::make_shared<boost::asio::steady_timer>(executor, timeout);
    clock->async_wait([clock, done](boost::system::error_code error) {
      if (!error) done(unreachable("the name of the node could not be looked up in time"));
    });
    resolver->async_resolve(authority.host, authority.port,
                            [resolver, clock, done](boost::system::error_code error, const auto& results) {
                              clock->cancel();
                              if (error) return done(unreachable("the name of the node is not known"));
                              Endpoints endpoints;
                              for (const auto& result : results) endpoints.push_back(result.endpoint());
                              endpoints.resize(std::min(endpoints.size(), addresses_max));
                              done(std::move(endpoints));
                            });
  };
  co_return co_await async_result<Endpoints>(std::move(start));
}

// A machine that died says nothing: without this its connections would wait for the answer's whole time.
void watch_for_silence(const tcp::socket& socket) {
  const auto set = [&](int level, int name, int value) {
    ::setsockopt(const_cast<tcp::socket&>(socket).native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// Nothing to read: neither the end nor bytes that nobody asked for.
bool is_quiet(const Descriptor& socket) {
  char byte = 0;
  return ::recv(socket.number(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The descriptor as a socket of this coroutine's strand.
bool adopt(tcp::socket& socket, Descriptor descriptor) {
  int family = 0;
  socklen_t length = sizeof family;
  if (::getsockopt(descriptor.number(), SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return false;
  boost::system::error_code error;
  socket.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor.number(), error);
  if (!error) descriptor.release();
  return !error;
}

}  // namespace

awaitable<core::Result<std::shared_ptr<Transport>>> Upstreams::open(std::string url) {
  const auto executor = co_await boost::asio::this_coro::executor;
  if (Descriptor waiting = take(url); waiting.number() >= 0) {
    tcp::socket socket(executor);
    if (adopt(socket, std::move(waiting)))
      co_return std::make_shared<Transport>(std::move(socket), settings_.buffer_bytes);
  }
  core::Result<Authority> authority = parse_url(url);
  if (!authority) co_return authority.error();
  const core::Result<Endpoints> endpoints = co_await resolve(std::move(*authority), settings_.connect_timeout);
  if (!endpoints) co_return endpoints.error();
  for (const tcp::endpoint& endpoint : *endpoints) {
    tcp::socket socket(executor);
    boost::system::error_code error;
    socket.open(endpoint.protocol(), error);
    if (error) continue;
    watch_for_silence(socket);
    auto connection = std::make_shared<Transport>(std::move(socket), settings_.buffer_bytes);
    connection->expire_after(settings_.connect_timeout);
    const Io outcome = co_await connection->connect(endpoint);
    connection->expire_never();
    if (outcome == Io::ok) co_return connection;
    connection->close();
  }
  co_return unreachable("the node does not accept connections");
}

void Upstreams::keep(const std::string& url, Transport& connection) {
  Descriptor socket(connection.release());
  if (socket.number() < 0) return;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  idle_.push_front(Idle{url, std::move(socket), now});
  while (idle_.size() > settings_.idle_connections_max || now - idle_.back().since > settings_.idle_max)
    idle_.pop_back();
}

adapters::files::Descriptor Upstreams::take(const std::string& url) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  while (!idle_.empty() && now - idle_.back().since > settings_.idle_max) idle_.pop_back();
  for (auto idle = idle_.begin(); idle != idle_.end();) {
    if (idle->url != url) {
      ++idle;
      continue;
    }
    Descriptor socket = std::move(idle->socket);
    idle = idle_.erase(idle);
    if (is_quiet(socket)) return socket;
  }
  return Descriptor();
}

}  // namespace api::http
