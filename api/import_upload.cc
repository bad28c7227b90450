#include "api/import_upload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/compression/decoder.h"
#include "api/http/multipart.h"
#include "schemas/digest.h"
#include "schemas/rfc3339.h"

namespace api {

namespace {

using core::Error;
using core::ErrorCode;

constexpr std::size_t read_bytes_max = 256u << 10;

// Each to its place, and into the digest of the whole.
class Parts final : public http::PartSink {
 public:
  explicit Parts(processors::BlobStore& blobs) : blobs_(blobs) {}

  core::Result<void> on_part(const http::PartHead& head) override {
    open_ = nullptr;
    for (Part& part : parts_) {
      if (part.name == head.name) open_ = &part;
    }
    if (open_ == nullptr)
      return Error{ErrorCode::unknown_field,
                   "the form has parts input, output, error, batch and occurred_at, and no other", head.name};
    if (open_->sent)
      return Error{ErrorCode::invalid_request, "this part comes twice: import each batch on its own", head.name};
    open_->sent = true;
    if (open_->text_bytes_max > 0) return {};
    core::Result<std::unique_ptr<processors::Spool>> spool = blobs_.create_spool();
    if (spool.has_error()) return spool.error();
    open_->spool = std::move(*spool);
    return {};
  }

  core::Result<void> on_bytes(std::string_view bytes) override {
    open_->digest.update(bytes);
    if (open_->spool) return open_->spool->append(bytes);
    if (open_->text.size() + bytes.size() > open_->text_bytes_max)
      return Error{ErrorCode::payload_too_large, "this part of the form is too long", std::string(open_->name)};
    open_->text += bytes;
    return {};
  }

  core::Result<ImportUpload> finish(schemas::imports::Provider provider) {
    auto& [input, output, error, batch, occurred_at] = parts_;
    if (!input.sent && !output.sent && !error.sent)
      return Error{ErrorCode::invalid_request, "send at least one of the files input, output and error", "input"};
    schemas::Sha256 content;
    content.update("batchrouter import 1\n" + std::string(to_string(provider)) + "\n");
    for (Part& part : parts_) {
      if (part.sent) content.update(std::string(part.name) + " " + part.digest.finish().value() + "\n");
    }
    return ImportUpload{std::move(input.spool), std::move(output.spool),     std::move(error.spool),
                        std::move(batch.text),  std::move(occurred_at.text), content.finish()};
  }

 private:
  struct Part {
    std::string_view name;
    std::size_t text_bytes_max = 0;  // 0: a file
    bool sent = false;
    std::unique_ptr<processors::Spool> spool = nullptr;
    std::string text = {};
    schemas::Sha256 digest = {};
  };

  processors::BlobStore& blobs_;
  std::array<Part, 5> parts_{Part{"input"}, Part{"output"}, Part{"error"}, Part{"batch", 256u << 10},
                             Part{"occurred_at", 64}};
  Part* open_ = nullptr;
};

}  // namespace

http::awaitable<core::Result<ImportUpload>> receive_import(const App& app, http::Request& request,
                                                           schemas::imports::Provider provider) {
  const std::optional<std::string> boundary =
      http::MultipartReader::boundary_of(request.headers.get("content-type").value_or(""));
  if (!boundary)
    co_return Error{ErrorCode::unsupported_media_type,
                    "send the provider's files as multipart/form-data, as curl -F input=@requests.jsonl does"};
  const auto encoding = adapters::compression::encoding_from_name(request.headers.get("content-encoding").value_or(""));
  if (!encoding) co_return Error{ErrorCode::unsupported_media_type, "Content-Encoding may be gzip, zstd or absent"};

  Parts parts(app.blobs);
  http::MultipartReader form(*boundary, parts);
  adapters::compression::Decoder decoder(*encoding, app.settings.body_bytes_max);
  const adapters::compression::Decoder::Out take = [&](std::string_view bytes) { return form.feed(bytes); };
  for (;;) {
    const core::Result<std::string> piece = co_await request.body_stream->read(read_bytes_max);
    if (piece.has_error()) co_return piece.error();
    if (piece->empty()) break;
    if (const auto fed = decoder.feed(*piece, take); fed.has_error()) co_return fed.error();
  }
  if (const auto finished = decoder.finish(); finished.has_error()) co_return finished.error();
  if (const auto finished = form.finish(); finished.has_error()) co_return finished.error();
  co_return parts.finish(provider);
}

core::Result<core::Timestamp> time_of_import(const ImportUpload& upload, schemas::imports::Provider provider,
                                             core::Timestamp now) {
  if (!upload.occurred_at.empty()) {
    const core::Result<core::Timestamp> time = schemas::parse_rfc3339(upload.occurred_at);
    if (time.has_error() || *time > now)
      return Error{ErrorCode::invalid_request, "'occurred_at' must be a time that has passed, as RFC 3339 has it",
                   "occurred_at"};
    return *time;
  }
  if (upload.batch.empty()) return now;
  const auto time = schemas::imports::read_batch_time(provider, upload.batch);
  if (time.has_error()) return time.error();
  return std::min(time->value_or(now), now);
}

}  // namespace api
