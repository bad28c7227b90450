// An import on its way in: a form with a provider's files, taken apart, decoded and spooled while it arrives.
#pragma once

#include <memory>
#include <string>

#include "api/app.h"
#include "api/http/request.h"
#include "processors/imports/import_reader.h"

namespace api {

struct ImportUpload {
  // Null where it was not sent.
  std::unique_ptr<processors::Spool> input;
  std::unique_ptr<processors::Spool> output;
  std::unique_ptr<processors::Spool> error;
  std::string batch;        // the batch object as JSON; empty: not sent
  std::string occurred_at;  // RFC 3339; empty: not sent
  core::Digest content;     // of the provider and all of the above
};

// Requires: a route that streams. Errors: unsupported_media_type, payload_too_large, unknown_field (a part that is none
// of ours), invalid_request (a part that comes twice, no file at all), and what reading answers.
http::awaitable<core::Result<ImportUpload>> receive_import(const App& app, http::Request& request,
                                                           schemas::imports::Provider provider);

// When the rows that tell no time happened: as the form says, else as the batch says, else now.
// Errors: invalid_request, malformed_json.
core::Result<core::Timestamp> time_of_import(const ImportUpload& upload, schemas::imports::Provider provider,
                                             core::Timestamp now);

}  // namespace api
