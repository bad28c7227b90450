// One page of an org's batches, newest first: GET /v1/batches and the lists that are parts of it.
#pragma once

#include <string>
#include <vector>

#include "api/app.h"
#include "api/http/request.h"
#include "core/batch/state.h"

namespace api {

struct BatchPage {
  std::vector<core::batch::Batch> batches;
  bool more = false;
  std::string next_cursor;  // empty: there are no more
};

// Reads the query parameters limit, status and cursor. `workflow`: batches of this product alone; empty: all.
// Errors: invalid_request, invalid_cursor, and those of reading.
core::Result<BatchPage> list_batches(const App& app, const http::Request& request, const core::OrgId& org,
                                     const std::string& workflow = {});

}  // namespace api
