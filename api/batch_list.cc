#include "api/batch_list.h"

#include <algorithm>
#include <utility>

#include "api/cursor.h"

namespace api {

namespace {

using core::batch::Batch;

constexpr std::size_t batches_per_page_default = 20;
constexpr std::size_t batches_per_page_max = 100;
// Rows looked at for one page: a filter that matches little answers a short page with a cursor, not a long wait.
constexpr std::size_t batches_scanned_max = 2'000;

struct ListQuery {
  std::size_t limit = batches_per_page_default;
  std::optional<core::batch::Phase> status;
  std::string after;  // key of the last row of the page before
};

core::Result<ListQuery> parse_list_query(const App& app, const http::Request& request, const CursorScope& scope) {
  ListQuery query;
  for (const auto& [name, value] : request.query_parameters) {
    if (name == "limit") {
      const bool digits = !value.empty() && value.size() <= 3 && std::all_of(value.begin(), value.end(), ::isdigit);
      query.limit = digits ? std::stoul(value) : 0;
      if (query.limit == 0 || query.limit > batches_per_page_max)
        return core::Error{core::ErrorCode::invalid_request, "'limit' must be from 1 to 100", "limit"};
    } else if (name == "status") {
      query.status = core::batch::phase_from_string(value == "canceled" ? "cancelled" : value);
      if (!query.status)
        return core::Error{core::ErrorCode::invalid_request, "'status' must be one of a batch's statuses", "status"};
    } else if (name == "cursor") {
      core::Result<std::string> after = open_cursor(app.vault, scope, value);
      if (after.has_error()) return after.error();
      query.after = std::move(*after);
    } else {
      return core::Error{core::ErrorCode::invalid_request,
                         "'" + name + "' is not a parameter of this list; there are limit, status and cursor", name};
    }
  }
  return query;
}

}  // namespace

core::Result<BatchPage> list_batches(const App& app, const http::Request& request, const core::OrgId& org,
                                     const std::string& workflow) {
  const CursorScope scope{"batches", org, workflow};
  const core::Result<ListQuery> query = parse_list_query(app, request, scope);
  if (query.has_error()) return query.error();
  BatchPage page;
  std::string last;  // key of the last row looked at
  std::size_t scanned = 0;
  const auto listed = app.reader.list<Batch>(
      core::aggregate_of(org), schemas::row_prefix<Batch>(org), query->after, processors::Order::newest_first,
      [&](Batch batch) {
        page.more = page.batches.size() == query->limit || scanned == batches_scanned_max;
        if (page.more) return false;
        ++scanned;
        last = schemas::row_key<Batch>(batch.key());
        if ((!query->status || batch.phase == *query->status) && (workflow.empty() || batch.workflow == workflow))
          page.batches.push_back(std::move(batch));
        return true;
      });
  if (listed.has_error()) return listed.error();
  if (page.more) page.next_cursor = seal_cursor(app.vault, scope, last);
  return page;
}

}  // namespace api
