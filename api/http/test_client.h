// A raw client for tests: sends exactly the bytes it is told to, and reads answers strictly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/headers.h"

namespace api::http {

struct TestAnswer {
  int status = 0;
  Headers headers;
  std::string body;
  std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval hang{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof hang);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { close(); }

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // Resets the connection in place of closing it.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }

  // False: the server closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The next answer; none when the connection ended first or what came is not an answer.
  std::optional<TestAnswer> read(bool is_head = false) {
    TestAnswer answer;
    const auto head_end = read_until("\r\n\r\n");
    if (!head_end) return std::nullopt;
    const std::string head = take(*head_end + 4);
    if (!head.starts_with("HTTP/1.1 ")) return std::nullopt;
    answer.status = std::atoi(head.c_str() + 9);
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", at);
      const std::size_t colon = head.find(": ", at);
      answer.headers.add(head.substr(at, colon - at), head.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    if (is_head || answer.status == 204 || answer.status == 304 || answer.status == 100) return answer;
    if (const auto length = answer.headers.get("Content-Length")) {
      const std::size_t size = std::stoul(std::string(*length));
      while (received_.size() < size) {
        if (!receive()) return std::nullopt;
      }
      answer.body = take(size);
    } else if (answer.headers.get("Transfer-Encoding")) {
      if (!read_chunks(answer.body)) return std::nullopt;
    } else {
      answer.body = read_to_end();
    }
    return answer;
  }

  std::optional<TestAnswer> ask(std::string_view request, bool is_head = false) {
    send(request);
    return read(is_head);
  }

  std::string read_to_end() {
    while (receive()) {
    }
    return take(received_.size());
  }
  // Nothing more comes: the server closed.
  bool ended() { return received_.empty() && !receive(); }

  // Reads and forgets; how much there was until `bytes` or the end.
  std::uint64_t discard(std::uint64_t bytes) {
    std::uint64_t count = received_.size();
    received_.clear();
    while (count < bytes && receive()) {
      count += received_.size();
      received_.clear();
    }
    return count;
  }
  std::optional<std::string> read_head() {
    const auto end = read_until("\r\n\r\n");
    return end ? std::optional(take(*end + 4)) : std::nullopt;
  }

 private:
  bool receive() {
    char bytes[16 * 1024];
    const ssize_t length = ::recv(socket_, bytes, sizeof bytes, 0);
    if (length <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(length));
    return true;
  }
  std::optional<std::size_t> read_until(std::string_view what) {
    for (;;) {
      const std::size_t at = received_.find(what);
      if (at != std::string::npos) return at;
      if (!receive()) return std::nullopt;
    }
  }
  std::string take(std::size_t length) {
    std::string taken = received_.substr(0, length);
    received_.erase(0, length);
    return taken;
  }
  bool read_chunks(std::string& body) {
    for (;;) {
      const auto line_end = read_until("\r\n");
      if (!line_end) return false;
      const std::size_t size = std::stoul(take(*line_end + 2), nullptr, 16);
      while (received_.size() < size + 2) {
        if (!receive()) return false;
      }
      body += take(size);
      take(2);
      if (size == 0) return true;
    }
  }

  int socket_;
  bool connected_ = false;
  std::string received_;
};

}  // namespace api::http
