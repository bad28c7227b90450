// POST and GET /v1/imports, GET /v1/imports/{id} and /v1/imports/{id}/manifest.
#include <boost/asio/strand.hpp>
#include <memory>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/blob_source.h"
#include "api/cursor.h"
#include "api/http/problem.h"
#include "api/idempotency.h"
#include "api/import_upload.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_import.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::imports::Import;
using core::imports::ImportContent;
using schemas::imports::Provider;

constexpr std::uint32_t imports_per_page_default = 20;
constexpr std::uint32_t imports_per_page_max = 100;
constexpr std::size_t fault_list_bytes_max = 1u << 20;

core::Result<Provider> parse_provider(const http::Request& request) {
  const auto provider = schemas::imports::provider_from_string(request.query("provider").value_or(""));
  if (!provider)
    return Error{ErrorCode::invalid_request, "'provider' must be openai or anthropic: whose batches these are",
                 "provider"};
  return *provider;
}

// Someone else's import is as unknown as one that never was.
core::Result<Import> find_import(const App& app, const core::OrgId& org, const core::ImportId& id) {
  core::Result<std::optional<Import>> import = app.reader.find<Import>(core::aggregate_of(org), {org, id});
  if (import.has_error()) return import.error();
  if (!*import) return Error{ErrorCode::import_not_found, "there is no such import; GET /v1/imports lists them"};
  return std::move(**import);
}

// What was made of this content, or came with this key, before.
core::Result<std::optional<Import>> find_earlier(const App& app, const core::OrgId& org, const core::Digest& digest) {
  const auto known = app.reader.find<ImportContent>(core::aggregate_of(org), {org, digest});
  if (known.has_error()) return known.error();
  if (!*known) return std::optional<Import>{};
  core::Result<Import> import = find_import(app, org, (*known)->import);
  if (import.has_error()) return import.error();
  return std::optional(std::move(*import));
}

// Blocks on a file.
core::Result<std::string> load_faults(const App& app, const Import& import) {
  if (import.faults.value().empty()) return std::string("[]");
  const auto blob = app.blobs.open(import.org, import.faults);
  if (blob.has_error()) return blob.error();
  return (*blob)->read(0, fault_list_bytes_max);
}

core::Result<core::Digest> store_faults(const App& app, const core::OrgId& org,
                                        const processors::ImportFaults& faults) {
  if (faults.count() == 0) return core::Digest();
  core::Result<std::unique_ptr<processors::BlobWriter>> writer = app.blobs.create(org);
  if (writer.has_error()) return writer.error();
  if (const auto appended = (*writer)->append(render_faults(faults)); appended.has_error()) return appended.error();
  return (*writer)->finish();
}

http::awaitable<Outcome> respond(const App& app, int status, const Import& import) {
  auto work = [&app, &import] { return load_faults(app, import); };
  const core::Result<std::string> faults = co_await http::run_on(app.blocking, std::move(work));
  if (faults.has_error()) co_return faults.error();
  co_return http::json(status, render_import(import, *faults));
}

http::awaitable<Outcome> created(const App& app, const Import& import, bool replayed) {
  Outcome outcome = co_await respond(app, 201, import);
  if (outcome.has_error()) co_return outcome;
  outcome->headers.set("Location", "/v1/imports/" + import.id.value());
  if (replayed) outcome->headers.set("Idempotent-Replayed", "true");
  co_return outcome;
}

struct Prepared {
  core::imports::RecordImport command;
  processors::ImportFaults faults;
};

// Blocks for as long as the files are large.
core::Result<Prepared> prepare(const App& app, const core::OrgId& org, Provider provider, const ImportUpload& upload) {
  const core::Timestamp now = app.now();
  const core::Result<core::Timestamp> occurred_at = time_of_import(upload, provider, now);
  if (occurred_at.has_error()) return occurred_at.error();
  const core::Result<core::learning::Scores> scores = scores_of(app, org);
  if (scores.has_error()) return scores.error();
  const processors::ImportReader reader(app.blobs, app.catalog, app.lanes);
  core::Result<processors::ReadImport> read =
      reader.read({upload.input.get(), upload.output.get(), upload.error.get()},
                  {org, provider, *occurred_at, now, app.settings.batch_expectation}, *scores);
  if (read.has_error()) return read.error();

  Prepared prepared;
  prepared.faults = std::move(read->faults);
  core::imports::RecordImport& record = prepared.command;
  record.org = org;
  record.import = core::ImportId("imp_" + adapters::random::make_ulid(now));
  record.provider = std::string(to_string(provider));
  record.content = upload.content;
  record.manifest = read->manifest;
  record.manifest_items = read->manifest_items;
  record.fault_count = prepared.faults.count();
  for (const auto& [code, items] : read->codes) record.failure_codes.push_back({code, items});
  record.catalog_version = app.catalog.version();
  record.days = std::move(read->days);
  if (record.days.empty()) return prepared;
  core::Result<core::Digest> faults = store_faults(app, org, prepared.faults);
  if (faults.has_error()) return faults.error();
  record.faults = std::move(*faults);
  return prepared;
}

http::Response nothing_to_count(const http::Request& request, const processors::ImportFaults& faults) {
  const Error error{ErrorCode::invalid_manifest,
                    "no row of these files can be counted; nothing was imported. See errors."};
  return http::problem(error, request,
                       {{"error_count", std::to_string(faults.count())}, {"errors", render_faults(faults)}});
}

core::imports::RecordImport key_of_known(const Import& import, Provider provider, const core::Digest& idempotency) {
  core::imports::RecordImport command;
  command.org = import.org;
  command.import = import.id;
  command.provider = std::string(to_string(provider));
  command.content = import.content;
  command.idempotency = idempotency;
  return command;
}

// Imports that are being taken in. Each may take minutes, so they are read one after the other, and of one org no
// second one waits: other long work goes on beside them.
struct UnderWay {
  explicit UnderWay(const App& app) : one_by_one(boost::asio::make_strand(app.long_work)) {}

  KeysInFlight keys;
  KeysInFlight of_org;
  boost::asio::any_io_executor one_by_one;
};

http::awaitable<Outcome> create_import(const App& app, UnderWay& under_way, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::OrgId& org = principal->org;
  if (const auto query = check_query(request, {"provider"}); query.has_error()) co_return query.error();
  const core::Result<Provider> provider = parse_provider(request);
  if (provider.has_error()) co_return provider.error();
  const core::Result<std::optional<std::string>> key = idempotency_key(request);
  if (key.has_error()) co_return key.error();
  const core::Result<ImportUpload> upload = co_await receive_import(app, request, *provider);
  if (upload.has_error()) co_return upload.error();

  core::Digest idempotency;
  std::unique_ptr<KeysInFlight::Hold> hold;
  bool bound = true;  // there is no key, or it stands for this content already
  if (*key) {
    idempotency = idempotency_digest("POST /v1/imports", **key);
    hold = under_way.keys.try_hold(org, idempotency);
    if (!hold)
      co_return Error{ErrorCode::idempotency_in_flight,
                      "a request with this Idempotency-Key is still running; wait and send it again",
                      "Idempotency-Key"};
    const core::Result<std::optional<Import>> first = find_earlier(app, org, idempotency);
    if (first.has_error()) co_return first.error();
    if (*first && (*first)->content != upload->content)
      co_return Error{ErrorCode::idempotency_conflict,
                      "this Idempotency-Key was used with another import; use a new key for a new one",
                      "Idempotency-Key"};
    bound = first->has_value();
  }
  // Read again only what was never counted: large files take a while.
  const core::Result<std::optional<Import>> earlier = find_earlier(app, org, upload->content);
  if (earlier.has_error()) co_return earlier.error();
  if (*earlier) {
    if (!bound) {
      core::Command binding = key_of_known(**earlier, *provider, idempotency);
      const core::Result<processors::Answer> answer =
          co_await command(app, core::aggregate_of(org), std::move(binding));
      if (answer.has_error()) co_return answer.error();
    }
    co_return co_await created(app, **earlier, true);
  }

  const std::unique_ptr<KeysInFlight::Hold> reading = under_way.of_org.try_hold(org, core::Digest("reading"));
  if (!reading)
    co_return Error{ErrorCode::overloaded,
                    "another import of this organization is being read; wait until it is answered and send this again"};
  auto work = [&app, &org, &provider, &upload] { return prepare(app, org, *provider, *upload); };
  core::Result<Prepared> prepared = co_await http::run_on(under_way.one_by_one, std::move(work));
  if (prepared.has_error()) co_return prepared.error();
  if (prepared->command.days.empty() && prepared->faults.count() == 0)
    co_return Error{ErrorCode::invalid_request, "there is no row in these files; nothing was imported", "input"};
  if (prepared->command.days.empty()) co_return nothing_to_count(request, prepared->faults);
  prepared->command.idempotency = idempotency;
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(org), std::move(prepared->command));
  if (answer.has_error()) co_return answer.error();
  const core::Result<Import> import = find_import(app, org, core::ImportId(answer->subject));
  if (import.has_error()) co_return import.error();
  co_return co_await created(app, *import, answer->replayed);
}

http::awaitable<Outcome> list_imports(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::OrgId& org = principal->org;
  if (const auto query = check_query(request, {"limit", "cursor"}); query.has_error()) co_return query.error();
  const core::Result<std::uint32_t> limit =
      query_number(request, "limit", {1, imports_per_page_max}, imports_per_page_default);
  if (limit.has_error()) co_return limit.error();
  std::string after;
  if (const auto cursor = request.query("cursor")) {
    core::Result<std::string> place = open_cursor(app.vault, {"imports", org}, *cursor);
    if (place.has_error()) co_return place.error();
    after = std::move(*place);
  }

  std::vector<Import> page;
  bool more = false;
  const auto listed = app.reader.list<Import>(core::aggregate_of(org), schemas::row_prefix<Import>(org), after,
                                              processors::Order::newest_first, [&](Import import) {
                                                more = page.size() == *limit;
                                                if (!more) page.push_back(std::move(import));
                                                return !more;
                                              });
  if (listed.has_error()) co_return listed.error();
  JsonText json;
  json.text("object", "list").array("data");
  for (const Import& import : page) json.element_json(render_import(import));
  json.end_array().boolean("has_more", more);
  json.text_or_null("next_cursor",
                    more ? seal_cursor(app.vault, {"imports", org}, schemas::row_key<Import>(page.back().key())) : "");
  co_return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> get_import(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<Import> import = find_import(app, principal->org, core::ImportId(request.path_parameter("id")));
  if (import.has_error()) co_return import.error();
  co_return co_await respond(app, 200, *import);
}

http::awaitable<Outcome> get_manifest(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<Import> import = find_import(app, principal->org, core::ImportId(request.path_parameter("id")));
  if (import.has_error()) co_return import.error();
  if (import->manifest_items == 0)
    co_return Error{ErrorCode::artifact_not_found,
                    "this import has no request that can be quoted: there is no manifest"};
  core::Result<std::unique_ptr<processors::BlobReader>> blob = app.blobs.open(import->org, import->manifest);
  if (blob.has_error()) co_return blob.error();
  http::Response response =
      http::streamed(200, "application/x-ndjson", std::make_unique<BlobSource>(std::move(*blob), app.blocking));
  response.headers.set("Content-Disposition", "attachment; filename=\"" + import->id.value() + ".jsonl\"");
  response.headers.set("Cache-Control", "private, no-store");
  co_return response;
}

}  // namespace

void add_imports(http::Router& router, const App& app) {
  const auto under_way = std::make_shared<UnderWay>(app);
  router.add(
      http::Method::post, "/v1/imports",
      [&app, under_way](http::Request& request) { return answered(request, create_import(app, *under_way, request)); },
      {http::Body::stream, app.settings.body_bytes_max, org});
  router.add(http::Method::get, "/v1/imports",
             [&app](http::Request& request) { return answered(request, list_imports(app, request)); }, {.access = org});
  router.add(http::Method::get, "/v1/imports/{id}",
             [&app](http::Request& request) { return answered(request, get_import(app, request)); }, {.access = org});
  router.add(http::Method::get, "/v1/imports/{id}/manifest",
             [&app](http::Request& request) { return answered(request, get_manifest(app, request)); }, {.access = org});
}

}  // namespace api::resources
