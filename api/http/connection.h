// One client: its requests one after the other, each read, answered and finished before the next.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "api/http/head.h"
#include "api/http/parser.h"
#include "api/http/request_body.h"
#include "api/http/server.h"
#include "api/http/transport.h"

namespace api::http {

// What all connections of a server share; constant once it started.
struct Service {
  Settings settings;
  Router router;
  Hooks hooks;
};

// Threading: everything on the strand the socket was made with.
// Lifetime: held by its own coroutine.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<const Service> service, boost::asio::ip::tcp::socket socket);

  // Ends when the connection does. Requires: spawned with signal()'s slot.
  static awaitable<void> run(std::shared_ptr<Connection> self);
  // One connection too many: says so and closes.
  static awaitable<void> refuse(std::shared_ptr<Connection> self);

  boost::asio::cancellation_signal& signal() { return signal_; }
  void drain();  // no further request; an idle connection closes at once, and so does an event stream
  void cut();    // now: whatever is awaited, in handlers too, is cancelled

 private:
  enum class Next { request, close };
  enum class Arrival { complete, client_gone };

  awaitable<Next> serve_one();
  awaitable<core::Result<Arrival>> read_header(Parser& parser);
  awaitable<Response> answer(Request& request, Parser& parser, RequestBody& body);
  awaitable<Response> call_handler(const Route& route, Request& request);
  awaitable<core::Result<std::string>> next_piece(BodySource& source, const Request& request);
  core::Error failed(const Request& request, const std::string& what) const;
  // False: the client did not get all of it.
  awaitable<bool> send(Response& response, const Request& request, Version version, Persistence persistence);
  awaitable<bool> send_text(std::string_view head, std::string_view body);
  awaitable<bool> send_stream(BodySource& source, const Request& request, std::string piece, Version version);
  awaitable<void> say_goodbye();

  const std::shared_ptr<const Service> service_;
  const std::string remote_address_;
  const std::shared_ptr<Transport> transport_;
  boost::asio::cancellation_signal signal_;
  bool idle_ = false;
  bool in_event_stream_ = false;  // it may wait long for its next piece, and its client resumes it elsewhere
  bool draining_ = false;
  bool cut_ = false;
};

}  // namespace api::http
