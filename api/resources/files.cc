// GET /v1/files/{id}: artifacts and route receipts by signed link.

#include <utility>

#include "api/artifact_source.h"
#include "api/http/byte_range.h"
#include "api/http/entity_tag.h"
#include "api/http/problem.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/route_receipt.h"
#include "processors/artifacts.h"

namespace api::resources {

namespace {

struct File {
  processors::FileReference reference;
  std::uint64_t size = 0;
};

core::Error unknown_file() {
  return {core::ErrorCode::artifact_not_found,
          "there is no file with this id; ask for a link with GET /v1/batches/{id}/artifact-url"};
}

core::Result<File> find_artifact(const App& app, const processors::FileReference& reference) {
  const core::Result<std::optional<core::batch::Batch>> batch =
      app.reader.find<core::batch::Batch>(core::aggregate_of(reference.org), {reference.org, reference.batch});
  if (batch.has_error()) return batch.error();
  if (!*batch) return unknown_file();
  if (!core::batch::terminal((*batch)->phase))
    return core::Error{core::ErrorCode::batch_not_finished,
                       "the batch has not ended yet; its files can be downloaded then"};
  return File{reference, processors::size_of((*batch)->closed.segments, *reference.artifact)};
}

core::Result<processors::FileReference> check_link(const App& app, const http::Request& request) {
  if (auto checked = check_query(request, {"expires", "signature"}); checked.has_error()) return checked.error();
  const std::string& file_id = request.path_parameter("id");
  const auto checked = app.links.check(file_id, request.query("expires").value_or(""),
                                       request.query("signature").value_or(""), app.now());
  if (checked.has_error()) return checked.error();
  const std::optional<processors::FileReference> reference = processors::FileLinks::parse_file_id(file_id);
  if (!reference) return unknown_file();
  const auto org = app.reader.find<core::identity::Org>(core::aggregate_of(reference->org), {reference->org});
  if (org.has_error()) return org.error();
  if (*org && (*org)->erased_at) return unknown_file();
  return *reference;
}

void set_download(http::Response& response, const processors::FileReference& file, const std::string& ending) {
  const std::string name = file.batch.value() + "_" + std::string(processors::kind_of(file)) + "." + ending;
  response.headers.set("Content-Disposition", "attachment; filename=\"" + name + "\"");
  response.headers.set("X-Content-Type-Options", "nosniff");
}

http::Response send(const App& app, const http::Request& request, const File& file) {
  const std::string tag = http::entity_tag(request.path_parameter("id") + " " + std::to_string(file.size));
  http::Response response(200);
  const auto if_none_match = request.headers.get("If-None-Match");
  if (if_none_match && http::names_tag(*if_none_match, tag)) {
    response.status = 304;
  } else {
    http::ByteRange range{0, file.size};
    const auto asked = request.method == http::Method::get ? request.headers.get("Range") : std::nullopt;
    // Who has a part of a coded form has a weak tag of it, and needs the whole anew.
    const auto if_range = request.headers.get("If-Range");
    if (asked && (!if_range || *if_range == tag)) {
      const core::Result<std::optional<http::ByteRange>> parsed = http::parse_range(*asked, file.size);
      if (parsed.has_error()) {
        http::Response refusal = http::problem(parsed.error(), request);
        refusal.headers.set("Content-Range", "bytes */" + std::to_string(file.size));
        return refusal;
      }
      if (*parsed) {
        range = **parsed;
        response.status = 206;
        response.headers.set("Content-Range", http::content_range(range, file.size));
      }
    }
    response.stream = std::make_unique<ArtifactSource>(app.reader, app.blobs, app.blocking, file.reference, range);
    response.headers.set("Content-Type", "application/x-ndjson");
    set_download(response, file.reference, "jsonl");
    response.headers.set("Accept-Ranges", "bytes");
  }
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", "private, no-cache");
  return response;
}

http::awaitable<http::Response> get_file(const App& app, http::Request& request) {
  const core::Result<processors::FileReference> reference = check_link(app, request);
  if (reference.has_error()) co_return http::problem(reference.error(), request);
  if (!reference->artifact) {  // no ranges of it: it is made while it is sent
    core::Result<http::Response> receipt = co_await route_receipt(app, reference->org, reference->batch);
    if (receipt.has_error()) co_return http::problem(receipt.error(), request);
    set_download(*receipt, *reference, "json");
    co_return std::move(*receipt);
  }
  const core::Result<File> file = find_artifact(app, *reference);
  if (file.has_error()) co_return http::problem(file.error(), request);
  co_return send(app, request, *file);
}

}  // namespace

void add_files(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/files/{id}", [&app](http::Request& request) { return get_file(app, request); },
             {.access = signed_link});
}

}  // namespace api::resources
