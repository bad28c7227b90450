// For tests: a mail server on loopback that remembers what it is told and refuses what a test wants refused.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace adapters::mail {

// One connection at a time. Threading: answer() before the client connects; everything else from any thread.
class TestSmtpServer {
 public:
  TestSmtpServer() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }

  ~TestSmtpServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    if (const int open = connection_; open >= 0) shutdown(open, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }

  // What is said to a command, such as "RCPT", or to the text ("."), in place of agreement; "" says nothing at all.
  void answer(const std::string& command, const std::string& line) { answers_[command] = line; }

  std::vector<std::string> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  std::vector<std::string> mails() const {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

 private:
  void accept_all() {
    while (!stopping_) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) continue;
      connection_ = accepted;
      serve(accepted);
      connection_ = -1;
      close(accepted);
    }
  }

  void serve(int peer) {
    std::string unread;
    say(peer, "220 mail.example");
    for (std::string line; !stopping_ && read_line(peer, unread, line);) {
      const std::string command = line.substr(0, line.find(' '));
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(line);
      }
      const auto special = answers_.find(command);
      if (special != answers_.end()) {
        say(peer, special->second);
      } else if (command == "EHLO") {
        say(peer, "250-mail.example\r\n250 AUTH PLAIN");
      } else if (command == "AUTH") {
        say(peer, "334 ");
        if (!read_line(peer, unread, line)) return;
        {
          const std::lock_guard lock(mutex_);
          commands_.push_back(line);
        }
        say(peer, "235 welcome");
      } else if (command == "DATA") {
        say(peer, "354 go on");
        std::string mail;
        while (read_line(peer, unread, line) && line != ".") mail += line + "\r\n";
        {
          const std::lock_guard lock(mutex_);
          mails_.push_back(mail);
        }
        const auto end = answers_.find(".");
        say(peer, end == answers_.end() ? "250 taken" : end->second);
      } else {
        say(peer, command == "QUIT" ? "221 bye" : "250 fine");
        if (command == "QUIT") return;
      }
    }
  }

  static void say(int peer, const std::string& line) {
    if (line.empty()) return;
    const std::string text = line + "\r\n";
    [[maybe_unused]] const auto sent = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
  }

  static bool read_line(int peer, std::string& unread, std::string& line) {
    std::size_t end = 0;
    while ((end = unread.find("\r\n")) == std::string::npos) {
      char bytes[4096];
      const auto count = recv(peer, bytes, sizeof bytes, 0);
      if (count <= 0) return false;
      unread.append(bytes, static_cast<std::size_t>(count));
    }
    line = unread.substr(0, end);
    unread.erase(0, end + 2);
    return true;
  }

  int listener_ = -1;
  unsigned port_ = 0;
  std::map<std::string, std::string> answers_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connection_ = -1;
  mutable std::mutex mutex_;
  std::vector<std::string> commands_;
  std::vector<std::string> mails_;
  std::thread thread_;
};

}  // namespace adapters::mail
