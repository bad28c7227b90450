#include "api/http/router.h"

#include <map>

#include "core/invariant.h"

namespace api::http {

struct Router::Node {
  std::map<std::string, NodePointer, std::less<>> literals;
  NodePointer parameter;
  std::map<Method, std::size_t> routes;  // positions in routes_
};

void Router::NodeDeleter::operator()(Node* node) const {
  delete node;
}

namespace {

// Takes "/segment" off the front of `rest`.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

}  // namespace

void Router::add(Method method, std::string pattern, Handler handler, RouteOptions options) {
  INVARIANT(pattern.starts_with('/'));
  INVARIANT(handler != nullptr);
  if (!root_) root_.reset(new Node);
  Node* node = root_.get();
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string_view segment = next_segment(rest);
    NodePointer& child = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!child) child.reset(new Node);
    node = child.get();
  }
  const bool added = node->routes.emplace(method, routes_.size()).second;
  INVARIANT(added);
  routes_.push_back(Route{method, std::move(pattern), std::move(handler), std::move(options)});
}

void Router::wrap_handlers(const std::function<Handler(const Route&)>& wrapper) {
  for (Route& route : routes_) route.handler = wrapper(route);
}

// Depth is bounded by the patterns' own; a path without a pattern ends at the first segment that fits none.
const Router::Node* Router::find(const Node& node, std::string_view rest, std::vector<std::string>& values) {
  if (rest.empty()) return node.routes.empty() ? nullptr : &node;
  const std::string_view segment = next_segment(rest);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Node* found = find(*literal->second, rest, values)) return found;
  }
  if (!node.parameter || segment.empty()) return nullptr;
  values.emplace_back(segment);
  if (const Node* found = find(*node.parameter, rest, values)) return found;
  values.pop_back();
  return nullptr;
}

Router::Match Router::match(Method method, const std::string& path) const {
  Match match;
  std::vector<std::string> values;
  const Node* node = root_ ? find(*root_, path, values) : nullptr;
  if (node == nullptr) return match;

  auto found = node->routes.find(method);
  if (found == node->routes.end() && method == Method::head) found = node->routes.find(Method::get);
  if (found == node->routes.end()) {
    for (const auto& [allowed, position] : node->routes) {
      match.allow += std::string(to_string(allowed)) + ", ";
      if (allowed == Method::get && !node->routes.contains(Method::head)) match.allow += "HEAD, ";
    }
    match.allow += "OPTIONS";
    return match;
  }
  match.route = &routes_[found->second];
  std::size_t position = 0;
  for (std::string_view rest = match.route->pattern; !rest.empty();) {
    const std::string_view segment = next_segment(rest);
    if (!is_parameter(segment)) continue;
    match.path_parameters.emplace_back(segment.substr(1, segment.size() - 2), std::move(values[position++]));
  }
  return match;
}

}  // namespace api::http
