// Fuzzes the HTTP server over a connection: whatever a client sends, and however it is cut, the server answers with
// whole HTTP or closes, its handlers end, and it serves the next client. The first byte says where the bytes are cut.
#include <cstdint>
#include <memory>
#include <string>

#include "api/http/test_client.h"
#include "api/http/test_server.h"
#include "tests/fuzz/input.h"

namespace {

using namespace api::http;
using fuzz::require;

TestServer& server() {
  static const auto running = [] {
    Settings settings;
    settings.header_timeout = std::chrono::milliseconds(200);
    settings.linger_timeout = std::chrono::milliseconds(50);
    return std::make_unique<TestServer>(settings);
  }();
  return *running;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t cut = input.byte();
  const std::string bytes(input.rest());
  // Routes that are made to take their time, or to send much.
  for (const char* slow : {"wait", "event", "download", "large", "too-"})
    if (bytes.find(slow) != std::string::npos) return 0;

  TestClient client(server().port());
  require(client.connected());
  client.send(std::string_view(bytes).substr(0, cut));
  if (cut < bytes.size()) client.send(std::string_view(bytes).substr(cut));
  client.half_close();
  const std::string answers = client.read_to_end();
  require(answers.empty() || answers.starts_with("HTTP/1.1 "));
  client.close();

  TestClient next(server().port());
  const auto answer = next.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  require(answer.has_value() && answer->status == 200 && answer->body == "hello");
  next.reset();
  require(server().handlers_failed == 0 || bytes.find("throws") != std::string::npos);
  return 0;
}
