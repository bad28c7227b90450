// Which handler answers which path: a table, matched segment by segment.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/request.h"
#include "api/http/response.h"

namespace api::http {

// A handler may throw only by mistake: the client then gets a 500 without details.
using Handler = std::function<awaitable<Response>(Request&)>;

enum class Body {
  none,    // not looked at
  small,   // read whole into Request::body before the handler runs
  stream,  // pulled by the handler from Request::body_stream
};

struct RouteOptions {
  Body body = Body::none;
  std::uint64_t body_bytes_max = 1024 * 1024;  // beyond: 413, before anything is read where the length is announced
  std::string access = {};  // who may call it, in the words of whoever adds the route; the framework only keeps it
};

struct Route {
  Method method;
  std::string pattern;  // "/v1/batches/{id}/results"
  Handler handler;
  RouteOptions options;
};

// Threading: add() and wrap_handlers() before the server starts, everything else from any thread after.
class Router {
 public:
  // Requires: a pattern of literal and "{name}" segments, added once for each method.
  void add(Method method, std::string pattern, Handler handler, RouteOptions options = {});

  // Puts `wrapper(route)` in place of each handler added so far.
  void wrap_handlers(const std::function<Handler(const Route&)>& wrapper);

  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // null: nothing answers this method there
    Parameters path_parameters = {};
    std::string allow = {};  // the methods of this path as an Allow header; empty when the path is unknown
  };
  // A literal segment wins over a parameter. HEAD is answered by GET's route unless it has its own.
  Match match(Method method, const std::string& path) const;

 private:
  struct Node;
  struct NodeDeleter {
    void operator()(Node* node) const;
  };
  using NodePointer = std::unique_ptr<Node, NodeDeleter>;

  static const Node* find(const Node& node, std::string_view rest, std::vector<std::string>& values);

  std::vector<Route> routes_;
  NodePointer root_;
};

}  // namespace api::http
