#include "api/manifest_body.h"

#include <algorithm>
#include <utility>

#include "adapters/compression/decoder.h"
#include "adapters/random/random.h"
#include "adapters/webhooks/url_guard.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/webhook_secret.h"
#include "schemas/digest.h"
#include "schemas/profile.h"
#include "schemas/standard_webhooks.h"

namespace api {

namespace {

constexpr std::size_t read_bytes_max = 256u << 10;

core::Result<schemas::manifest::Format> format_of(const http::Request& request) {
  std::string_view type = request.headers.get("content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type == "application/json") return schemas::manifest::Format::json;
  if (type == "application/x-ndjson" || type == "application/jsonl") return schemas::manifest::Format::ndjson;
  return core::Error{core::ErrorCode::unsupported_media_type,
                     "send the manifest as Content-Type: application/json, or application/x-ndjson for a line an item"};
}

// Faults of reading and of routing, by item; manifest_faults_max at most.
std::vector<core::ManifestFault> merge_faults(const std::vector<core::ManifestFault>& of_reading,
                                              const std::vector<core::ManifestFault>& of_routing) {
  const auto item_of = [](const core::ManifestFault& fault) {
    constexpr std::string_view items = "/items/";
    return fault.pointer.starts_with(items) ? std::strtoul(fault.pointer.c_str() + items.size(), nullptr, 10) : 0;
  };
  std::vector<core::ManifestFault> faults = of_reading;
  faults.insert(faults.end(), of_routing.begin(), of_routing.end());
  std::stable_sort(faults.begin(), faults.end(), [&](const auto& a, const auto& b) { return item_of(a) < item_of(b); });
  if (faults.size() > core::manifest_faults_max) faults.resize(core::manifest_faults_max);
  return faults;
}

}  // namespace

http::awaitable<core::Result<SpooledBody>> spool_body(const App& app, http::Request& request) {
  const core::Result<schemas::manifest::Format> format = format_of(request);
  if (format.has_error()) co_return format.error();
  const auto encoding = adapters::compression::encoding_from_name(request.headers.get("content-encoding").value_or(""));
  if (!encoding)
    co_return core::Error{core::ErrorCode::unsupported_media_type, "Content-Encoding may be gzip, zstd or absent"};
  core::Result<std::unique_ptr<processors::Spool>> spool = app.blobs.create_spool();
  if (spool.has_error()) co_return spool.error();

  adapters::compression::Decoder decoder(*encoding, app.settings.body_bytes_max);
  schemas::Sha256 digest;
  const adapters::compression::Decoder::Out keep = [&](std::string_view bytes) {
    digest.update(bytes);
    return (*spool)->append(bytes);
  };
  for (;;) {
    const core::Result<std::string> piece = co_await request.body_stream->read(read_bytes_max);
    if (piece.has_error()) co_return piece.error();
    if (piece->empty()) break;
    if (const auto fed = decoder.feed(*piece, keep); fed.has_error()) co_return fed.error();
  }
  if (const auto finished = decoder.finish(); finished.has_error()) co_return finished.error();
  SpooledBody body;
  body.bytes = std::move(*spool);
  body.format = *format;
  body.digest = digest.finish();
  co_return body;
}

core::Result<std::optional<std::string>> small_text(const SpooledBody& body, std::size_t bytes_max) {
  if (body.bytes->size() > bytes_max) return std::optional<std::string>{};
  core::Result<std::string> text = body.bytes->read(0, bytes_max);
  if (text.has_error()) return text.error();
  return std::optional(std::move(*text));
}

processors::Intake make_intake(const App& app, const core::OrgId& org, std::size_t faults_max) {
  processors::Intake::Settings settings;
  settings.owner = org;
  settings.items_per_unit = app.settings.items_per_unit;
  settings.batch_expectation = app.settings.batch_expectation;
  settings.faults_max = faults_max;
  return {app.blobs, app.catalog, app.lanes, settings};
}

http::awaitable<core::Result<processors::ReceivedManifest>> receive_manifest(const App& app, const SpooledBody& body) {
  auto work = [&app, &body] { return make_intake(app, {}).receive(*body.bytes, body.format); };
  co_return co_await http::run_on(app.long_work, std::move(work));
}

http::awaitable<core::Result<processors::PlannedManifest>> plan_manifest(const App& app, const core::OrgId& org,
                                                                         const processors::ReceivedManifest& manifest,
                                                                         std::size_t faults_max) {
  auto work = [&app, &org, &manifest, faults_max]() -> core::Result<processors::PlannedManifest> {
    const core::Result<core::learning::Scores> scores = scores_of(app, org);
    if (scores.has_error()) return scores.error();
    return make_intake(app, org, faults_max).plan(manifest, app.now(), *scores);
  };
  co_return co_await http::run_on(app.long_work, std::move(work));
}

http::Response faults_response(const http::Request& request, const Faults& faults) {
  std::string errors = "[";
  for (const core::ManifestFault& fault : faults.listed) {
    if (errors.size() > 1) errors.push_back(',');
    JsonText one;
    one.text("code", fault.code).text("pointer", fault.pointer);
    one.text_or_null("customer_item_id", fault.customer_item_id).text("message", fault.message);
    errors += std::move(one).finish();
  }
  errors.push_back(']');
  const std::string what =
      faults.count == 1 ? "The manifest has a fault" : "The manifest has " + std::to_string(faults.count) + " faults";
  const core::Error error{core::ErrorCode::invalid_manifest, what + "; nothing was accepted. See errors.",
                          faults.listed.empty() ? "" : faults.listed.front().pointer};
  return http::problem(error, request, {{"error_count", std::to_string(faults.count)}, {"errors", errors}});
}

core::Result<core::Sealed> seal_webhook(const App& app, const core::OrgId& org, core::Webhook webhook) {
  if (const auto allowed =
          adapters::webhooks::check_url(webhook.url, {.allow_loopback = app.settings.webhooks_allow_loopback});
      allowed.has_error())
    return core::Error{allowed.error().code, allowed.error().detail, "webhook"};
  if (webhook.secret.empty()) webhook.secret = default_webhook_secret(app, org);
  if (const auto checked = schemas::standard_webhooks::check_secret(webhook.secret); checked.has_error())
    return core::Error{checked.error().code, checked.error().detail, "webhook"};
  return app.vault.seal(org, schemas::encode_webhook(webhook));
}

core::Result<core::quote::LockQuote> lock_command(const App& app, const core::OrgId& org,
                                                  const core::ManifestHeader& header,
                                                  processors::PlannedManifest planned) {
  core::quote::LockQuote lock;
  lock.org = org;
  lock.quote = core::QuoteId("qlock_" + adapters::random::make_ulid(app.now()));
  lock.basis = core::quote::Basis::manifest;
  lock.terms = core::quote::terms_of(header);
  lock.plan = std::move(planned.plan);
  lock.rejected = std::move(planned.rejected);
  lock.catalog_version = app.catalog.version();
  if (header.webhook) {
    core::Result<core::Sealed> sealed = seal_webhook(app, org, *header.webhook);
    if (sealed.has_error()) return sealed.error();
    lock.webhook = std::move(*sealed);
  }
  return lock;
}

http::awaitable<LockedManifest> lock_manifest(const App& app, const core::OrgId& org, const SpooledBody& body) {
  const core::Result<processors::ReceivedManifest> manifest = co_await receive_manifest(app, body);
  if (manifest.has_error()) co_return manifest.error();
  core::Result<processors::PlannedManifest> planned = co_await plan_manifest(app, org, *manifest);
  if (planned.has_error()) co_return planned.error();
  Faults faults;
  faults.count = manifest->summary.fault_count + planned->fault_count;
  faults.listed = merge_faults(manifest->summary.faults, planned->faults);
  if (faults.count > 0) co_return faults;
  core::Result<core::quote::LockQuote> lock = lock_command(app, org, manifest->summary.header, std::move(*planned));
  if (lock.has_error()) co_return lock.error();
  co_return std::move(*lock);
}

}  // namespace api
