#include "processors/intake/planning.h"

#include <algorithm>
#include <utility>

#include "core/invariant.h"
#include "core/pricing.h"
#include "schemas/dialect/request.h"
#include "schemas/work_item.h"

namespace processors {

namespace {

constexpr std::size_t write_bytes = 256u << 10;

std::string reasons_text(const core::RouteDecision& decision) {
  std::string text;
  for (const core::Rejection& rejection : decision.rejected) {
    if (text.size() > 300) return text + "; …";
    if (!text.empty()) text += "; ";
    text += rejection.model.value();
    if (!rejection.provider.value().empty())
      text += " at " + rejection.provider.value() + " (" + std::string(core::to_string(rejection.mode)) + ")";
    text += ": " + std::string(core::to_string(rejection.reason));
    if (!rejection.detail.empty()) text += " (" + rejection.detail + ")";
  }
  return text;
}

}  // namespace

Intake::Planning::Planning(const Intake& intake, const core::quote::Terms& terms, core::Timestamp now,
                           const core::learning::Scores& scores)
    : intake_(intake), terms_(terms), slack_(slack_of(terms, now)), scores_(scores) {
  for (const core::ConfiguredLane& lane : intake_.lanes_) {
    if (const core::Provider* provider = intake_.catalog_.provider(lane.provider))
      dialects_.insert(provider->dialects.begin(), provider->dialects.end());
  }
}

core::RouteRequest Intake::Planning::request_of(const core::ManifestItem& item) const {
  core::RouteRequest request;
  request.models = item.models;
  request.operation = item.operation;
  request.privacy_tier = terms_.privacy_tier;
  request.allowed_regions = terms_.allowed_regions;
  request.routing_mode = terms_.routing_mode;
  request.slack = slack_;
  request.batch_expectation = intake_.settings_.batch_expectation;
  request.input_tokens = item.input_tokens;
  // Room for what the largest of the models would sell; what is bought in the end is the chosen one's.
  for (const core::ModelSlug& slug : item.models) {
    if (const core::Model* model = intake_.catalog_.model(slug))
      request.output_tokens_max = std::max(request.output_tokens_max, core::output_tokens_to_buy(*model, item));
  }
  for (const core::Operation dialect : dialects_) {
    const core::Result<void> expressible = schemas::dialect::can_write(item.operation, item.input, dialect);
    if (expressible.has_error()) request.not_expressible.emplace(dialect, expressible.error().detail);
  }
  return request;
}

core::Result<void> Intake::Planning::add(core::ManifestItem item, std::string_view canonical_line) {
  ++item_count_;
  last_.reset();
  const core::RouteDecision decision = core::route(intake_.catalog_, intake_.lanes_, request_of(item), scores_);
  note_rejections(decision.rejected);
  if (decision.ranked.empty()) {
    const bool unknown = std::all_of(decision.rejected.begin(), decision.rejected.end(), [](const auto& rejection) {
      return rejection.reason == core::RejectionReason::model_unknown;
    });
    if (unknown)
      fault(item, "unknown_model", "/model",
            "no model of this item is in the catalog; see GET /v1/catalog/models for those that are");
    else
      fault(item, "no_eligible_lane", "/model", "no lane may serve this item: " + reasons_text(decision));
    return {};
  }

  const core::Offering& offering = intake_.catalog_.offerings()[decision.ranked.front().offering];
  const std::int64_t output_tokens = core::output_tokens_to_buy(*intake_.catalog_.model(offering.model), item);
  const std::optional<core::Money> ceiling = core::price_tokens(offering.prices, item.input_tokens, 0, output_tokens);
  const std::optional<core::Money> total = ceiling ? core::checked_add(total_, *ceiling) : std::nullopt;
  if (!total) {
    fault(item, "amount_out_of_range", "/input", "the price of this item does not fit; send fewer tokens");
    return {};
  }
  if (item.max_cost && *ceiling > *item.max_cost) {
    fault(item, "max_cost_exceeded", "/max_cost",
          "this item may cost up to " + core::to_decimal(*ceiling) +
              " USD; raise max_cost, or lower the item's output token limit");
    return {};
  }
  const std::optional<std::uint32_t> index = route_of(decision, item.operation);
  if (!index) {
    fault(item, "too_many_routes", "/model_options",
          "the items have more than " + std::to_string(core::quote::routes_max) +
              " different choices of lanes; use fewer combinations of model_options, or several manifests");
    return {};
  }
  total_ = *total;
  OpenRoute& route = routes_[*index];
  OpenUnit& unit = route.unit;
  if (unit.item_count >= route.items_max || unit.bytes >= route.bytes_max) {
    if (const auto closed = close(*index); closed.has_error()) return closed;
  }
  route.route.total = route.route.total + *ceiling;
  ++route.route.item_count;
  const std::size_t before = unit.lines.size();
  schemas::append_work_item(unit.lines, item.number, *ceiling, output_tokens, canonical_line);
  unit.bytes += unit.lines.size() - before;
  unit.quoted = unit.quoted + *ceiling;
  ++unit.item_count;
  last_ = {*index, item.number};
  return unit.lines.size() >= write_bytes ? write(unit) : core::Result<void>{};
}

core::Result<void> Intake::Planning::add_equal(std::uint32_t number, std::string_view canonical_line) {
  ++item_count_;
  if (!last_) return {};  // it shares the fault of the item that it equals
  OpenRoute& route = routes_[last_->first];
  ++route.route.item_count;
  OpenUnit& unit = route.unit;
  const std::size_t before = unit.lines.size();
  schemas::append_equal_item(unit.lines, last_->second, number, canonical_line);
  ++planned_.plan.equal_items;
  unit.bytes += unit.lines.size() - before;
  ++unit.item_count;
  return unit.lines.size() >= write_bytes ? write(unit) : core::Result<void>{};
}

std::optional<std::uint32_t> Intake::Planning::route_of(const core::RouteDecision& decision,
                                                        core::Operation operation) {
  std::vector<std::size_t> offerings;
  for (const core::RouteCandidate& candidate : decision.ranked) {
    if (offerings.size() < core::quote::route_lanes_max) offerings.push_back(candidate.offering);
  }
  const RouteKey key(operation, std::move(offerings));
  const auto known = route_index_.find(key);
  if (known != route_index_.end()) return known->second;
  if (routes_.size() >= core::quote::routes_max) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(routes_.size());
  route_index_.emplace(key, index);

  OpenRoute open;
  core::quote::Route& route = open.route;
  for (const std::size_t offering_index : key.second) {
    const core::Offering& offering = intake_.catalog_.offerings()[offering_index];
    route.lanes.push_back({offering.provider, offering.model, offering.mode, offering.prices});
    auto& order = route.fallback_order;
    if (std::find(order.begin(), order.end(), offering.provider) == order.end()) order.push_back(offering.provider);
  }
  const core::quote::RouteLane& best = route.lanes.front();
  route.provider = best.provider;
  route.model = best.model;
  route.mode = best.mode;
  route.prices = best.prices;
  route.list_prices = intake_.catalog_.list_prices(best.provider, best.model).value_or(best.prices);
  route.operation = operation;
  route.quality_score = decision.ranked.front().quality_score;
  route.reliability_prior_score = decision.ranked.front().reliability_prior_score;
  route.observed_confidence_score = decision.ranked.front().observed_confidence_score;
  open.items_max = intake_.settings_.items_per_unit;
  open.bytes_max = intake_.settings_.unit_bytes_max;
  for (const core::ConfiguredLane& lane : intake_.lanes_) {
    if (lane.provider != best.provider || lane.mode != best.mode) continue;
    if (lane.items_max > 0) open.items_max = lane.items_max;
    if (lane.bytes_max > 0) open.bytes_max = lane.bytes_max;
  }
  routes_.push_back(std::move(open));
  return index;
}

core::Result<void> Intake::Planning::write(OpenUnit& unit) {
  if (!unit.writer) {
    core::Result<std::unique_ptr<BlobWriter>> writer = intake_.blobs_.create(intake_.settings_.owner);
    if (writer.has_error()) return writer.error();
    unit.writer = std::move(*writer);
  }
  const core::Result<void> appended = unit.writer->append(unit.lines);
  unit.lines.clear();
  return appended;
}

core::Result<void> Intake::Planning::close(std::uint32_t index) {
  OpenUnit& unit = routes_[index].unit;
  if (const auto written = write(unit); written.has_error()) return written;
  const core::Result<core::Digest> digest = unit.writer->finish();
  if (digest.has_error()) return digest.error();
  units_.push_back({*digest, index, unit.item_count, unit.quoted});
  unit = OpenUnit{};
  return {};
}

core::Result<PlannedManifest> Intake::Planning::finish(const core::Digest& content, const std::string& metadata) {
  if (planned_.fault_count > 0) return std::move(planned_);
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].unit.item_count == 0) continue;
    if (const auto closed = close(i); closed.has_error()) return closed.error();
  }
  core::Result<std::unique_ptr<BlobWriter>> writer = intake_.blobs_.create(intake_.settings_.owner);
  if (writer.has_error()) return writer.error();
  const auto appended = (*writer)->append(schemas::encode_plan({metadata, units_}));
  if (appended.has_error()) return appended.error();
  const core::Result<core::Digest> blob = (*writer)->finish();
  if (blob.has_error()) return blob.error();

  core::quote::Plan& plan = planned_.plan;
  plan.blob = *blob;
  plan.content = content;
  plan.item_count = item_count_;
  plan.unit_count = static_cast<std::uint32_t>(units_.size());
  plan.total = total_;
  for (OpenRoute& route : routes_) plan.routes.push_back(std::move(route.route));
  return std::move(planned_);
}

void Intake::Planning::note_rejections(const std::vector<core::Rejection>& rejections) {
  for (const core::Rejection& rejection : rejections) {
    if (planned_.rejected.size() >= rejected_lanes_max) return;
    const auto [seen, added] =
        rejections_seen_.emplace(rejection.model, rejection.provider, rejection.mode, rejection.reason);
    if (added)
      planned_.rejected.push_back({rejection.model, rejection.provider, std::string(core::to_string(rejection.mode)),
                                   std::string(core::to_string(rejection.reason)), rejection.detail});
  }
}

void Intake::Planning::fault(const core::ManifestItem& item, std::string code, std::string member,
                             std::string message) {
  ++planned_.fault_count;
  if (planned_.faults.size() >= intake_.settings_.faults_max) return;
  planned_.faults.push_back(
      {std::move(code), "/items/" + std::to_string(item.number) + member, item.customer_item_id, std::move(message)});
}

}  // namespace processors
