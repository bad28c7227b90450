// GET and PUT /v1/batches/{id}/feedback: what a customer says of a batch's results, and whom it is credited to.
#include <cmath>
#include <utility>

#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::batch::Batch;
using core::batch::Feedback;

constexpr std::size_t note_bytes_max = 2'000;

// What an outcome means as a score, where none is given.
std::optional<std::uint32_t> permille_of(std::string_view outcome) {
  if (outcome == "accepted") return 1'000;
  if (outcome == "accepted_with_edits") return 600;
  if (outcome == "rejected") return 0;
  return std::nullopt;
}

core::Result<core::batch::RecordFeedback> parse_feedback(const App& app, const http::Request& request,
                                                         const core::OrgId& org) {
  const core::Result<JsonBody> body = JsonBody::parse(request, {"quality_score", "outcome", "note"});
  if (body.has_error()) return body.error();
  const auto score = body->optional_score("quality_score");
  if (score.has_error()) return score.error();
  const auto outcome = body->optional_text("outcome", 32);
  if (outcome.has_error()) return outcome.error();
  const auto note = body->optional_text("note", note_bytes_max);
  if (note.has_error()) return note.error();

  const std::optional<std::uint32_t> meant = *outcome ? permille_of(**outcome) : std::nullopt;
  if (*outcome && !meant)
    return Error{ErrorCode::invalid_request, "'outcome' must be accepted, accepted_with_edits or rejected", "outcome"};
  if (!*score && !meant)
    return Error{ErrorCode::invalid_request, "give 'quality_score' from 0 to 1, 'outcome', or both", "quality_score"};

  core::batch::RecordFeedback feedback;
  feedback.org = org;
  feedback.batch = core::BatchId(request.path_parameter("id"));
  feedback.quality_permille = *score ? static_cast<std::uint32_t>(std::lround(**score * 1'000)) : *meant;
  feedback.outcome = outcome->value_or("");
  if (*note) {
    core::Result<core::Sealed> sealed = app.vault.seal(org, **note);
    if (sealed.has_error()) return sealed.error();
    feedback.note = std::move(*sealed);
  }
  return feedback;
}

core::Result<void> add_signal(JsonText& json, const App& app, const std::optional<Feedback>& feedback) {
  if (!feedback) {
    json.null("signal");
    return {};
  }
  json.object("signal").score("quality_score", feedback->quality_permille / 1'000.0);
  json.text_or_null("outcome", feedback->outcome);
  if (feedback->note) {
    const core::Result<std::string> note = app.vault.unseal(feedback->org, *feedback->note);
    if (note.has_error()) return note.error();
    json.text("note", *note);
  } else {
    json.null("note");
  }
  json.time("recorded_at", feedback->recorded_at).end_object();
  return {};
}

// The lanes whose answers were delivered: similar workloads learn from the signal by these shares.
void add_attribution(JsonText& json, const Batch& batch) {
  std::uint64_t total = 0;
  for (const core::batch::LaneShare& share : batch.shares) total += share.succeeded;
  json.array("attribution");
  for (const core::batch::LaneShare& share : batch.shares) {
    if (share.succeeded == 0) continue;
    json.element().text("provider", share.provider.value()).text("model", share.model.value());
    json.text("mode", core::to_string(share.mode)).text("operation", core::to_string(share.operation));
    json.number("items", share.succeeded);
    json.score("share", static_cast<double>(share.succeeded) / static_cast<double>(total)).end_object();
  }
  json.end_array();
}

Outcome respond(const App& app, const core::OrgId& org, const core::BatchId& id) {
  const core::Result<Batch> batch = find_batch(app, org, id);
  if (batch.has_error()) return batch.error();
  const auto feedback = app.reader.find<Feedback>(core::aggregate_of(org), {org, id});
  if (feedback.has_error()) return feedback.error();
  JsonText json;
  json.text("object", "batch_feedback").text("batch_id", id.value());
  if (const auto added = add_signal(json, app, *feedback); added.has_error()) return added.error();
  add_attribution(json, *batch);
  http::Response response = http::json(200, std::move(json).finish());
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::awaitable<Outcome> get_feedback(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  co_return respond(app, principal->org, core::BatchId(request.path_parameter("id")));
}

http::awaitable<Outcome> put_feedback(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  core::Result<core::batch::RecordFeedback> feedback = parse_feedback(app, request, principal->org);
  if (feedback.has_error()) co_return feedback.error();
  const core::BatchId batch = feedback->batch;
  core::Command recording = std::move(*feedback);
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(recording));
  if (answer.has_error()) co_return answer.error();
  co_return respond(app, principal->org, batch);
}

}  // namespace

void add_feedback(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/batches/{id}/feedback",
             [&app](http::Request& request) { return answered(request, get_feedback(app, request)); }, {.access = org});
  router.add(http::Method::put, "/v1/batches/{id}/feedback",
             [&app](http::Request& request) { return answered(request, put_feedback(app, request)); },
             {.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = org});
}

}  // namespace api::resources
