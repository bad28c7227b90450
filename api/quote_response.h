// A quote as an answer: its row, and what the org has to spend on it.
#pragma once

#include "api/app.h"
#include "api/http/request.h"
#include "api/http/response.h"

namespace api {

// Someone else's quote is as unknown as one that never was.
http::Response quote_response(const App& app, const http::Request& request, const core::OrgId& org,
                              const core::QuoteId& id, int status);

}  // namespace api
