#include "adapters/webhooks/webhook_poster.h"

#include <utility>

#include "adapters/http_client/retry_after.h"

namespace adapters::webhooks {

using http_client::BodyFlow;
using http_client::HttpRequest;
using http_client::HttpResponse;
using processors::WebhookRequest;
using processors::WebhookResponse;

namespace {

HttpRequest pinned_request(WebhookRequest webhook, Addresses addresses, const WebhookSettings& settings) {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(webhook.url);
  request.headers = std::move(webhook.headers);
  request.body = std::move(webhook.body);
  request.connect_timeout = settings.connect_timeout;
  request.total_timeout = settings.total_timeout;
  request.pinned_addresses = std::move(addresses);
  // Counted here rather than by the client: the status has come, so a longer body is no failure.
  request.response_bytes_max = static_cast<std::size_t>(-1);
  request.on_body_chunk = [left = settings.response_bytes_max](int, std::string_view chunk) mutable {
    if (chunk.size() > left) return BodyFlow::enough;
    left -= chunk.size();
    return BodyFlow::more;
  };
  return request;
}

WebhookResponse webhook_response(const HttpResponse& response, core::Timestamp now) {
  WebhookResponse result;
  result.status = response.status;
  if (const auto text = response.header("retry-after")) result.retry_after = http_client::parse_retry_after(*text, now);
  return result;
}

// The port knows two errors: the URL may never be called, or this try failed and a later one may not.
core::Error as_port_error(core::Error error) {
  if (error.code != core::ErrorCode::url_not_allowed) error.code = core::ErrorCode::network_failed;
  return error;
}

}  // namespace

WebhookPoster::WebhookPoster(Resolver& resolver, http_client::HttpClient& client, WebhookSettings settings,
                             std::function<core::Timestamp()> clock)
    : resolver_(resolver), client_(client), settings_(settings), clock_(std::move(clock)) {}

void WebhookPoster::post(WebhookRequest request, std::function<void(core::Result<WebhookResponse>)> done) {
  const auto target = parse_target(request.url, settings_.rules);
  if (!target) {
    done(as_port_error(target.error()));
    return;
  }

  auto on_response = [clock = clock_, done](core::Result<HttpResponse> response) {
    if (response) {
      done(webhook_response(*response, clock()));
    } else {
      done(as_port_error(response.error()));
    }
  };
  auto on_addresses = [&client = client_, settings = settings_, request = std::move(request), done,
                       on_response = std::move(on_response)](core::Result<Addresses> addresses) mutable {
    if (!addresses) {
      done(as_port_error(addresses.error()));
      return;
    }
    if (!may_connect(*addresses, settings.rules)) {
      done(core::Error{core::ErrorCode::url_not_allowed,
                       "this URL cannot be called: its host name resolves to an address that is not public"});
      return;
    }
    client.send(pinned_request(std::move(request), std::move(*addresses), settings), std::move(on_response));
  };
  resolver_.resolve(target->host, settings_.resolve_timeout, std::move(on_addresses));
}

}  // namespace adapters::webhooks
