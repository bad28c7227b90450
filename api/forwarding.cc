#include "api/forwarding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "api/authentication.h"
#include "api/email_address.h"
#include "api/http/problem.h"
#include "api/http/proxy.h"
#include "api/json_body.h"
#include "api/outcome.h"
#include "api/resources/resources.h"
#include "api/stripe_event.h"
#include "core/invariant.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api {

namespace {

constexpr const char* header_name = "X-BatchRouter-Forwarded";
constexpr const char* nobody = "-";
constexpr auto believed_for = std::chrono::seconds(60);

using Aggregate = std::optional<core::AggregateKey>;

Aggregate of_org(const std::optional<core::OrgId>& org) {
  return org ? Aggregate(core::aggregate_of(*org)) : std::nullopt;
}

Aggregate nothing(const App&, const http::Request&) {
  return std::nullopt;
}

Aggregate of_credential(const App& app, const http::Request& request) {
  return of_org(org_named_by(app, request));
}

Aggregate of_file(const App&, const http::Request& request) {
  const auto file = processors::FileLinks::parse_file_id(request.path_parameter("id"));
  return file ? of_org(file->org) : std::nullopt;
}

// A body that cannot be read is refused by the handler, with the reason; the member names are those of all handlers.
Aggregate of_email(const App& app, const http::Request& request) {
  const auto body = JsonBody::parse(request, {"email", "password", "name", "org_name", "agent_name"});
  if (body.has_error()) return std::nullopt;
  const auto text = body->text("email", request.body.size());
  if (text.has_error()) return std::nullopt;
  const auto email = parse_email_address(*text);
  if (email.has_error()) return std::nullopt;
  return core::aggregate_of_email(email_digest(app.vault, *email));
}

Aggregate of_mailed_token(const App&, const http::Request& request) {
  if (const auto token = request.query("token")) return of_org(schemas::org_of_token(*token));
  const auto body = JsonBody::parse(request, {"token", "password"});
  if (body.has_error()) return std::nullopt;
  const auto token = body->text("token", request.body.size());
  return token.has_error() ? std::nullopt : of_org(schemas::org_of_token(*token));
}

Aggregate of_org_in_path(const App&, const http::Request& request) {
  const std::string& org = request.path_parameter("org");
  const bool named = org.starts_with(schemas::org_prefix) &&
                     schemas::ulid_well_formed(std::string_view(org).substr(schemas::org_prefix.size()));
  return named ? of_org(core::OrgId(org)) : std::nullopt;
}

Aggregate of_stripe_event(const App& app, const http::Request& request) {
  const auto event = read_stripe_event(app, request);
  return event.has_error() ? std::nullopt : aggregate_of(*event);
}

std::optional<core::Partition> partition_in_path(const App& app, const http::Request& request) {
  const std::string& text = request.path_parameter("partition");
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool one_of_ours =
      fault == std::errc() && end == text.data() + text.size() && number < app.reader.partition_count();
  return one_of_ours ? std::optional(core::Partition(number)) : std::nullopt;
}

// Which partition a request needs. Nothing: none, or it shows nothing that names one, and can be refused anywhere.
using Find = std::optional<core::Partition> (*)(const App&, const http::Request&);

template <Aggregate (*find)(const App&, const http::Request&)>
std::optional<core::Partition> partition_of(const App& app, const http::Request& request) {
  const Aggregate aggregate = find(app, request);
  return aggregate ? std::optional(app.reader.partition(*aggregate)) : std::nullopt;
}

struct Rule {
  std::string_view access;
  Find find;
};

constexpr std::array<Rule, 12> rules = {{
    {resources::anyone, partition_of<nothing>},
    {resources::probe, partition_of<nothing>},
    {resources::visitor, partition_of<of_credential>},
    {resources::org, partition_of<of_credential>},
    {resources::signed_link, partition_of<of_file>},
    {resources::email_holder, partition_of<of_email>},
    {resources::mail_reader, partition_of<of_mailed_token>},
    {resources::local_page, partition_of<of_org_in_path>},
    {resources::stripe_event, partition_of<of_stripe_event>},
    {resources::operator_node, partition_of<nothing>},
    {resources::operator_org, partition_of<of_org_in_path>},
    {resources::operator_partition, partition_in_path},
}};

Find rule_of(std::string_view access) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return each.access == access; });
  INVARIANT(rule != rules.end());
  return rule->find;
}

std::int64_t seconds(core::Timestamp time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Of the header's first three words: a change of any, or another request under them, shows.
std::string mac_of(const App& app, const http::Request& request, std::string_view words) {
  std::string text(http::to_string(request.method));
  text.append("\n").append(request.target).append("\n").append(words);
  return app.vault.mac("forward", text).value();
}

std::string make_header(const App& app, const http::Request& request) {
  const auto word = [](const std::string& text) { return text.empty() ? std::string(nobody) : text; };
  const std::string words =
      word(app.settings.instance) + " " + word(request.remote_address) + " " + std::to_string(seconds(app.now()));
  return words + " " + mac_of(app, request, words);
}

// Takes the header off the request, and gives it the client's address where that is to be believed.
void take_header(const App& app, http::Request& request) {
  const std::size_t count = request.headers.count(header_name);
  if (count == 0) return;
  const std::string header(*request.headers.get(header_name));
  request.headers.erase(header_name);
  const std::size_t mac_at = header.rfind(' ');
  if (count > 1 || mac_at == std::string::npos) return;
  const std::string_view words = std::string_view(header).substr(0, mac_at);
  if (!schemas::equal_constant_time(mac_of(app, request, words), std::string_view(header).substr(mac_at + 1))) return;

  // From here on it is text of our own: instance, address, time.
  request.sender = http::Sender::node;
  const std::size_t address_at = words.find(' ') + 1;
  const std::size_t time_at = words.rfind(' ') + 1;
  std::int64_t sent_at = 0;
  std::from_chars(words.data() + time_at, words.data() + words.size(), sent_at);
  const std::int64_t age = seconds(app.now()) - sent_at;
  if (std::abs(age) <= std::chrono::seconds(believed_for).count()) {
    const std::string_view address = words.substr(address_at, time_at - 1 - address_at);
    request.remote_address = address == nobody ? std::string_view() : address;
  }
}

core::Error moving() {
  return core::Error{core::ErrorCode::unavailable,
                     "This account is moving from one node to another. Nothing was done; send the same request again "
                     "shortly."};
}

std::optional<std::string> owner_elsewhere(const App& app, core::Partition needed) {
  return app.forward_to ? app.forward_to(needed) : std::nullopt;
}

http::awaitable<Outcome> hand_on(const App& app, http::Proxy& proxy, std::string owner, http::Request& request) {
  const auto count = [&app](std::string_view outcome) {
    app.metrics.count("batchrouter_http_forwarded_total", {{"outcome", outcome}});
  };
  if (request.sender == http::Sender::node) {
    count("refused");
    co_return moving();
  }
  http::Headers added;
  added.set(header_name, make_header(app, request));
  Outcome answer = co_await proxy.forward(owner, request, std::move(added));
  count(answer.has_value() ? "answered" : "failed");
  if (answer.has_error())
    warn(app.log, "forwarding_failed", {{"id", request.request_id}, {"node", owner}, {"route", request.route}});
  co_return answer;
}

// Threading: any strand. Lifetime: held by the handlers.
class Forwarding {
 public:
  explicit Forwarding(const App& app) : app_(app) {}

  // `next` and `find` belong to the route, which outlives its requests.
  http::awaitable<http::Response> serve(const http::Handler& next, Find find, http::Request& request) {
    take_header(app_, request);
    const std::optional<core::Partition> needed = app_.forward_to ? find(app_, request) : std::nullopt;
    std::optional<std::string> owner = needed ? owner_elsewhere(app_, *needed) : std::nullopt;
    if (!owner) co_return co_await next(request);
    Outcome answer = co_await hand_on(app_, proxy_, std::move(*owner), request);
    if (answer.has_error()) co_return http::problem(answer.error(), request);
    co_return std::move(*answer);
  }

 private:
  const App& app_;
  http::Proxy proxy_;
};

}  // namespace

http::awaitable<std::optional<Outcome>> ask_owner(const App& app, http::Proxy& proxy, core::AggregateKey needed,
                                                  http::Request& request) {
  std::optional<std::string> owner = owner_elsewhere(app, app.reader.partition(needed));
  if (!owner) co_return std::nullopt;
  Outcome answer = co_await hand_on(app, proxy, std::move(*owner), request);
  co_return std::optional<Outcome>(std::move(answer));
}

void forward_to_owners(http::Router& router, const App& app) {
  const auto forwarding = std::make_shared<Forwarding>(app);
  router.wrap_handlers([&](const http::Route& route) -> http::Handler {
    return [forwarding, next = route.handler, find = rule_of(route.options.access)](http::Request& request) {
      return forwarding->serve(next, find, request);
    };
  });
}

}  // namespace api
