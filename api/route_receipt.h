// The route receipt of a batch: for each unit, which lanes were to do the work, which were asked, why not a better one,
// and what came of it. Made from the rows when it is read, also while the batch runs.
#pragma once

#include <string>

#include "api/app.h"
#include "api/http/response.h"
#include "core/batch/state.h"

namespace api {

// One JSON object, unit after unit, of which never more than a page is held.
class RouteReceiptSource final : public http::BodySource {
 public:
  // `app` must outlive this. `head` is what route_receipt_head answered.
  RouteReceiptSource(const App& app, core::OrgId org, core::BatchId batch, std::string head)
      : app_(app), org_(std::move(org)), batch_(std::move(batch)), text_(std::move(head)) {}

  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  // Errors: those of reading rows.
  http::awaitable<core::Result<std::string>> next(std::size_t bytes_max) override;

 private:
  core::Result<void> read_units();

  const App& app_;
  const core::OrgId org_;
  const core::BatchId batch_;
  std::string text_;  // not yet given
  std::size_t given_ = 0;
  std::string after_;  // key of the last unit read; empty: none yet
  bool whole_ = false;
};

// All that stands before the units, and their list begun: routes, totals by lane, rejected lanes. Blocks on rows.
core::Result<std::string> route_receipt_head(const App& app, const core::batch::Batch& batch);

// The receipt as an answer, found and begun.
http::awaitable<core::Result<http::Response>> route_receipt(const App& app, core::OrgId org, core::BatchId batch);

}  // namespace api
