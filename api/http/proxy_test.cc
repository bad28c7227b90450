// Broken if it fails: a node that answers badly, late or not at all takes the nodes that ask it down with it.
#include "api/http/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

namespace api::http {
namespace {

using boost::asio::ip::tcp;
using ::testing::HasSubstr;

// Reads a request's head and answers with fixed bytes, on as many connections as come. Says nothing more after that.
class RawServer {
 public:
  explicit RawServer(std::string answer) : answer_(std::move(answer)) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer() {
    context_.stop();
    thread_.join();
  }

  std::string url() const { return "http://localhost:" + std::to_string(acceptor_.local_endpoint().port()); }
  std::atomic<int> connections{0};
  std::atomic<bool> closes{false};  // after the answer

 private:
  struct Peer {
    explicit Peer(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::string received;
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      ++connections;
      serve(std::make_shared<Peer>(std::move(socket)));
      accept();
    });
  }
  void serve(const std::shared_ptr<Peer>& peer) {
    held_.push_back(peer);
    boost::asio::async_read_until(peer->socket, boost::asio::dynamic_buffer(peer->received), "\r\n\r\n",
                                  [this, peer](boost::system::error_code error, std::size_t length) {
                                    if (error) return;
                                    peer->received.erase(0, length);
                                    boost::asio::write(peer->socket, boost::asio::buffer(answer_), error);
                                    if (closes) peer->socket.close(error);
                                    if (!closes) serve(peer);
                                  });
  }

  const std::string answer_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::vector<std::shared_ptr<Peer>> held_;
  std::thread thread_;
};

class ProxyTest : public ::testing::Test {
 protected:
  static Proxy::Settings impatient() {
    Proxy::Settings settings;
    settings.answer_timeout = settings.read_timeout = std::chrono::milliseconds(100);
    return settings;
  }

  // "200 body", "200 of length" for HEAD, or "error: text"; "200 part, error: text" where the answer breaks off.
  static awaitable<void> exchange(Proxy& proxy, std::string url, Request& request, std::string& outcome) {
    core::Result<Response> response = co_await proxy.forward(url, request, {});
    if (!response) {
      outcome = "error: " + response.error().detail;
      co_return;
    }
    outcome = std::to_string(response->status) + " ";
    if (request.method == Method::head) {
      const auto length = response->stream ? response->stream->length() : std::uint64_t{0};
      outcome += "of " + (length ? std::to_string(*length) : "unknown length");
      co_return;
    }
    while (response->stream) {
      core::Result<std::string> piece = co_await response->stream->next(7);
      if (!piece) outcome += ", error: " + piece.error().detail;
      if (!piece || piece->empty()) break;
      outcome += *piece;
    }
  }
  std::string ask(const std::string& url, Method method = Method::get) {
    Request request;
    request.method = method;
    request.target = "/x";
    std::string outcome;
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, exchange(proxy, url, request, outcome), boost::asio::use_future);
    context.run();
    done.get();
    return outcome;
  }

  Proxy proxy{impatient()};
};

TEST_F(ProxyTest, KeepsAConnectionForTheNextRequest) {
  RawServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n8\r\n, world!\r\n0\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(server.url()), "200 hello, world!");
  EXPECT_EQ(server.connections, 1);

  RawServer other("HTTP/1.1 204 No Content\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(other.url()), "204 ");
  EXPECT_EQ(other.connections, 1);
  EXPECT_EQ(ask(server.url()), "200 hello, world!");
  EXPECT_EQ(server.connections, 1);
}

TEST_F(ProxyTest, OpensAnotherWhereTheServerClosed) {
  RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
  server.closes = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(server.url()), "200 hello");
  EXPECT_EQ(server.connections, 3);

  // Without a word before.
  RawServer rude("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  rude.closes = true;
  EXPECT_EQ(ask(rude.url()), "200 hello");
}

// What nobody asked for would be taken for the answer to the next request.
TEST_F(ProxyTest, DoesNotKeepAConnectionWithSomethingLeftOnIt) {
  RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(server.url()), "200 hello");
  EXPECT_EQ(server.connections, 3);
}

TEST_F(ProxyTest, TakesNothingForAnAnswerThatIsNone) {
  const std::string large(100'000, 'x');
  for (const std::string& answer :
       {std::string("nonsense\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        std::string("HTTP/1.1 100 Continue\r\n\r\n"), "HTTP/1.1 200 OK\r\nX: " + large + "\r\n\r\n",
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")}) {
    RawServer server(answer);
    EXPECT_THAT(ask(server.url()), HasSubstr("error: The node that keeps this account sent what is not an answer"));
  }
  for (const std::string& answer :
       {std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5;" + large + "\r\nhello\r\n"}) {
    RawServer server(answer);
    EXPECT_THAT(ask(server.url()), HasSubstr("200 hello, error: The node that keeps this account sent what is not"));
  }
}

TEST_F(ProxyTest, WaitsForNobodyForEver) {
  RawServer silent("");
  EXPECT_THAT(ask(silent.url(), Method::post), HasSubstr("did not answer in time. Whether it carried out the request"));
  RawServer halting("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_THAT(ask(halting.url()),
              HasSubstr("200 hello, error: The node that keeps this account stopped in the middle"));
  RawServer dying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  dying.closes = true;
  EXPECT_THAT(ask(dying.url()), HasSubstr("200 hello, error: The node that keeps this account went away"));
  RawServer dead("HTTP/1.1 2");
  dead.closes = true;
  EXPECT_THAT(ask(dead.url()), HasSubstr("went away before it answered. Send the same request again"));
}

TEST_F(ProxyTest, SaysThatNothingWasDoneWhereNothingWasSent) {
  std::string url;
  {
    RawServer gone("");
    url = gone.url();
  }
  for (const std::string& bad : {url, std::string("nowhere"), std::string("https://127.0.0.1:1"),
                                 std::string("http://127.0.0.1:1/path"), std::string("http://127.0.0.1:port")})
    EXPECT_THAT(ask(bad, Method::post), HasSubstr("cannot be reached")) << bad;
}

TEST_F(ProxyTest, AnswersHeadWithTheLengthThatIsKnownAndWithNoneElse) {
  const RawServer known("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const RawServer unknown("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(ask(known.url(), Method::head), "200 of 5");
  EXPECT_EQ(ask(unknown.url(), Method::head), "200 of unknown length") << "it would be sent as empty";
}

}  // namespace
}  // namespace api::http
