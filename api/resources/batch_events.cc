// GET /v1/batches/{id}/events: server-sent events of a batch.

#include "api/batch_events.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

using core::batch::Batch;

// A client that comes back says in the header where it was, whatever its URL had at first.
core::Result<EventId> last_event_id(const http::Request& request, const Batch& batch) {
  const auto header = request.headers.get("Last-Event-ID");
  const std::optional<std::string> text = header ? std::string(*header) : request.query("last_event_id");
  if (!text) return EventId{};
  const std::optional<EventId> id = event_id_from(*text);
  if (!id || id->version > batch.version || id->items_done > batch.plan.item_count)
    return core::Error{core::ErrorCode::invalid_request,
                       "this is the id of no event of this batch; send that of the last event received, or none",
                       header ? "Last-Event-ID" : "last_event_id"};
  return *id;
}

http::awaitable<Outcome> get_events(const App& app, EventStreams& streams, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto checked = check_query(request, {"last_event_id"}); checked.has_error()) co_return checked.error();
  const core::BatchId id(request.path_parameter("id"));
  const core::Result<Batch> batch = find_batch(app, principal->org, id);
  if (batch.has_error()) co_return batch.error();
  const core::Result<EventId> after = last_event_id(request, *batch);
  if (after.has_error()) co_return after.error();
  // Who has seen the end is told to come back no more.
  if (core::batch::terminal(batch->phase) && after->version == batch->version) co_return http::no_content();
  auto place = streams.enter(principal->org);
  if (!place)
    co_return core::Error{
        core::ErrorCode::too_many_requests,
        "this account has too many event streams open; close one, or read the batch from time to time"};

  BatchEvents::Read read = [&app, org = principal->org, id] { return find_batch(app, org, id); };
  http::Request credential;
  credential.method = http::Method::get;
  credential.headers = request.headers;
  BatchEvents::MayRead may_read = [&app, credential = std::move(credential)]() -> core::Result<void> {
    const core::Result<Principal> still = authenticate(app, credential);
    if (still.has_error()) return still.error();
    return {};
  };
  auto source = std::make_unique<BatchEvents>(std::move(read), std::move(may_read), *after, std::move(place));
  http::Response response = http::streamed(200, "text/event-stream", std::move(source));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // proxies would hold events back
  co_return response;
}

}  // namespace

void add_batch_events(http::Router& router, const App& app) {
  const auto streams = std::make_shared<EventStreams>();
  router.add(http::Method::get, "/v1/batches/{id}/events",
             [&app, streams](http::Request& request) { return answered(request, get_events(app, *streams, request)); },
             {.access = org});
}

}  // namespace api::resources
