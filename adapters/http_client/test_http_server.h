// For tests: an HTTP/1.1 server on loopback that does exactly what a test tells it, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace adapters::http_client {

struct ReceivedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One accepted connection; used by its own thread only.
class TestConnection {
 public:
  TestConnection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                         : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  void reply(int status, std::string_view body = {}, std::string_view more_headers = {}) {
    write("HTTP/1.1 " + std::to_string(status) + " Some Reason\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n" + std::string(more_headers) + "\r\n" + std::string(body));
  }

  void cut() { shutdown(socket_, SHUT_RDWR); }

  void wait_until_peer_closes() {
    while (read_some()) unread_.clear();
  }

  bool read_some() {
    char bytes[16 << 10];
    const auto count = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes) : recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    unread_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  bool read_request(ReceivedRequest& request) {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return false;
    }
    request = {};
    std::string_view head(unread_.data(), end + 2);
    const auto first = head.substr(0, head.find("\r\n"));
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
    for (head.remove_prefix(first.size() + 2); !head.empty(); head.remove_prefix(head.find("\r\n") + 2)) {
      const auto line = head.substr(0, head.find("\r\n"));
      std::string name(line.substr(0, line.find(':')));
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      auto value = line.substr(line.find(':') + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      request.headers[name] = value;
    }
    unread_.erase(0, end + 4);
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (unread_.size() < size) {
      if (!read_some()) return false;
    }
    request.body = unread_.substr(0, size);
    unread_.erase(0, size);
    return true;
  }

 private:
  int socket_;
  SSL* tls_;
  std::string unread_;
};

// A thread per connection; the destructor cuts them all.
class TestHttpServer {
 public:
  using Handler = std::function<void(const ReceivedRequest&, TestConnection&)>;

  explicit TestHttpServer(Handler handler, SSL_CTX* tls = nullptr) : handler_(std::move(handler)), tls_(tls) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 512) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~TestHttpServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (int open : sockets_) shutdown(open, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (int socket : sockets_) close(socket);
    close(listener_);
  }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  std::size_t connections() const { return connections_; }
  std::size_t requests() const { return requests_; }

 private:
  void accept_all() {
    while (!stopping_) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) continue;
      ++connections_;
      std::lock_guard lock(mutex_);
      sockets_.push_back(accepted);
      threads_.emplace_back([this, accepted] { serve(accepted); });
    }
  }

  void serve(int accepted) {
    sigset_t all;  // OpenSSL raises SIGPIPE when the client has hung up
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_ptr<SSL, decltype(&SSL_free)> tls(tls_ != nullptr ? SSL_new(tls_) : nullptr, &SSL_free);
    if (tls) {
      SSL_set_fd(tls.get(), accepted);
      if (SSL_accept(tls.get()) != 1) return;
    }
    TestConnection connection(accepted, tls.get());
    ReceivedRequest request;
    while (connection.read_request(request)) {
      ++requests_;
      handler_(request, connection);
    }
    shutdown(accepted, SHUT_RDWR);
  }

  const Handler handler_;
  SSL_CTX* const tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> requests_ = 0;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace adapters::http_client
