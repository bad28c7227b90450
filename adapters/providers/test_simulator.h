// For tests: the provider simulator (tests/provider_simulator) as a process of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>

#include "adapters/http_client/http_client.h"

namespace adapters::providers {

// It ends with this object, or with this process. Tests run in the root of the source tree.
class TestSimulator {
 public:
  // `rules` and `settings`: JSON, as FAULTS.md of the simulator has them.
  explicit TestSimulator(const std::string& rules = "[]", const std::string& settings = "{}") {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::string python = "python3", program = "tests/provider_simulator", port = "--port", zero = "0",
                until = "--until-stdin-closes";
    std::array<char*, 6> arguments{python.data(), program.data(), port.data(), zero.data(), until.data(), nullptr};
    if (posix_spawnp(&process_, "python3", &actions, nullptr, arguments.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    stdin_ = in[1];
    std::FILE* lines = fdopen(out[0], "r");
    std::array<char, 256> line{};
    if (std::fgets(line.data(), line.size(), lines) == nullptr) std::abort();
    std::fclose(lines);
    const std::string text(line.data());
    url_ = text.substr(text.find("http"), text.find_last_not_of("\r\n") + 1 - text.find("http"));
    script(rules, settings);
  }
  ~TestSimulator() {
    close(stdin_);
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
  }
  TestSimulator(const TestSimulator&) = delete;
  TestSimulator& operator=(const TestSimulator&) = delete;

  const std::string& url() const { return url_; }

  void script(const std::string& rules, const std::string& settings = "{}") {
    control("POST", "script", R"({"rules":)" + rules + R"(,"settings":)" + settings + "}");
  }
  // What was asked of it, as JSON.
  std::string requests() { return control("GET", "requests", ""); }
  std::string billing() { return control("GET", "billing", ""); }

 private:
  std::string control(const std::string& method, const std::string& name, std::string body) {
    http_client::HttpRequest request;
    request.method = method;
    request.url = url_ + "/control/" + name;
    request.body = std::move(body);
    std::promise<std::string> answer;
    http_.send(std::move(request),
               [&](auto response) { answer.set_value(response && response->status == 200 ? response->body : ""); });
    return answer.get_future().get();
  }

  http_client::HttpClient http_;
  pid_t process_ = 0;
  int stdin_ = -1;
  std::string url_;
};

}  // namespace adapters::providers
