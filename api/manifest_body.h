// A manifest on its way in: decoded and spooled while it arrives, then read on the pool for long work.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/app.h"
#include "api/authentication.h"
#include "api/http/request.h"
#include "api/http/response.h"
#include "processors/intake/intake.h"

namespace api {

struct SpooledBody {
  std::unique_ptr<processors::Spool> bytes;  // decoded
  schemas::manifest::Format format = schemas::manifest::Format::json;
  core::Digest digest;  // of the decoded bytes
};

// Requires: a route that streams. Errors: unsupported_media_type, payload_too_large, and what reading answers.
http::awaitable<core::Result<SpooledBody>> spool_body(const App& app, http::Request& request);

// The body as text when it is no longer than `bytes_max`; nullopt otherwise.
core::Result<std::optional<std::string>> small_text(const SpooledBody& body, std::size_t bytes_max);

// `org`: whose blobs plans become. `faults_max`: of routing, listed.
processors::Intake make_intake(const App& app, const core::OrgId& org,
                               std::size_t faults_max = core::manifest_faults_max);

http::awaitable<core::Result<processors::ReceivedManifest>> receive_manifest(const App& app, const SpooledBody& body);
http::awaitable<core::Result<processors::PlannedManifest>> plan_manifest(
    const App& app, const core::OrgId& org, const processors::ReceivedManifest& manifest,
    std::size_t faults_max = core::manifest_faults_max);

// What is wrong with a manifest.
struct Faults {
  std::vector<core::ManifestFault> listed;  // manifest_faults_max at most
  std::uint64_t count = 0;
};

// 422 with every fault: {"errors": [{code, pointer, customer_item_id, message}], "error_count": n, …}.
http::Response faults_response(const http::Request& request, const Faults& faults);

// Checks where a webhook goes, gives it the org's secret where it has none, and seals it.
// Errors: url_not_allowed, invalid_request.
core::Result<core::Sealed> seal_webhook(const App& app, const core::OrgId& org, core::Webhook webhook);

// The command that locks a planned manifest.
core::Result<core::quote::LockQuote> lock_command(const App& app, const core::OrgId& org,
                                                  const core::ManifestHeader& header,
                                                  processors::PlannedManifest planned);

using LockedManifest = std::variant<core::quote::LockQuote, core::Error, Faults>;
// From a body to the command that locks it.
http::awaitable<LockedManifest> lock_manifest(const App& app, const core::OrgId& org, const SpooledBody& body);

}  // namespace api
