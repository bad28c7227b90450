#include "api/quote_response.h"

#include "api/funding.h"
#include "api/http/problem.h"
#include "api/render_quote.h"

namespace api {

http::Response quote_response(const App& app, const http::Request& request, const core::OrgId& org,
                              const core::QuoteId& id, int status) {
  const auto quote = app.reader.find<core::quote::Quote>(core::aggregate_of(org), {org, id});
  if (quote.has_error()) return http::problem(quote.error(), request);
  if (!*quote) return http::problem({core::ErrorCode::quote_not_found, "there is no such quote"}, request);
  const core::Result<std::string> funding = funding_preview_json(app, org, (*quote)->plan.total);
  if (funding.has_error()) return http::problem(funding.error(), request);
  return http::json(status, render_quote(app, **quote, *funding));
}

}  // namespace api
