#include "ops/brctl/catalog_text.h"

#include <cstdlib>

#include "ops/brctl/table.h"
#include "schemas/catalog.h"

namespace ops::brctl {

namespace {

using core::Offering;
using schemas::usd_per_million;
using schemas::price_lists::Change;

std::string percent(core::TokenPrice from, core::TokenPrice to) {
  const auto tenths = schemas::price_lists::per_mille(from, to);
  if (!tenths) return "new";
  const std::string whole = grouped(static_cast<std::size_t>(std::abs(*tenths) / 10));
  const std::string tenth = *tenths % 10 == 0 ? "" : "." + std::to_string(std::abs(*tenths) % 10);
  return (to < from ? "-" : "+") + whole + tenth + " %";
}

std::string cell(core::TokenPrice from, core::TokenPrice to) {
  if (from == to) return usd_per_million(from);
  return usd_per_million(from) + " → " + usd_per_million(to) + "  " + percent(from, to);
}

void write_names(api::JsonText& json, const Offering& offering) {
  json.text("model", offering.model.value())
      .text("provider", offering.provider.value())
      .text("mode", to_string(offering.mode));
}

void write_prices(api::JsonText& json, const char* name, const core::Prices& prices) {
  json.object(name)
      .text("input", usd_per_million(prices.input))
      .text("cached_input", usd_per_million(prices.cached_input))
      .text("output", usd_per_million(prices.output))
      .end_object();
}

}  // namespace

std::string name_of(const Offering& offering) {
  return offering.model.value() + " of " + offering.provider.value() + ", " + std::string(to_string(offering.mode));
}

std::string price_table(const core::Catalog& catalog) {
  std::vector<std::vector<std::string>> rows = {{"MODEL", "PROVIDER", "MODE", "INPUT", "CACHED INPUT", "OUTPUT"}};
  for (const Offering& offering : catalog.offerings()) {
    rows.push_back({offering.model.value(), offering.provider.value(), std::string(to_string(offering.mode)),
                    usd_per_million(offering.prices.input), usd_per_million(offering.prices.cached_input),
                    usd_per_million(offering.prices.output)});
  }
  return render_table(rows);
}

std::string change_table(const std::vector<Change>& changes) {
  std::vector<std::vector<std::string>> rows = {{"MODEL", "PROVIDER", "MODE", "INPUT", "CACHED INPUT", "OUTPUT", ""}};
  for (const Change& change : changes) {
    const core::Prices& before = change.offering.prices;
    const core::Prices& after = change.prices;
    std::string remark = change.large ? "more than threefold" : "";
    if (change.from_tokens > 0)
      remark += (remark.empty() ? "" : ", ") +
                ("price above " + grouped(static_cast<std::size_t>(change.from_tokens))) + " tokens";
    rows.push_back({change.offering.model.value(), change.offering.provider.value(),
                    std::string(to_string(change.offering.mode)), cell(before.input, after.input),
                    cell(before.cached_input, after.cached_input), cell(before.output, after.output), remark});
  }
  return render_table(rows);
}

void write_changes(api::JsonText& json, const std::vector<Change>& changes) {
  json.array("changes");
  for (const Change& change : changes) {
    json.element();
    write_names(json, change.offering);
    write_prices(json, "before", change.offering.prices);
    write_prices(json, "after", change.prices);
    json.boolean("large", change.large).number("above_tokens", change.from_tokens).end_object();
  }
  json.end_array();
}

void write_offerings(api::JsonText& json, const char* name, const std::vector<Offering>& offerings) {
  json.array(name);
  for (const Offering& offering : offerings) {
    json.element();
    write_names(json, offering);
    json.end_object();
  }
  json.end_array();
}

void write_refusals(api::JsonText& json, const std::vector<schemas::price_lists::Refusal>& refusals) {
  json.array("refused");
  for (const auto& refusal : refusals) {
    json.element();
    write_names(json, refusal.offering);
    json.text("reason", refusal.reason).end_object();
  }
  json.end_array();
}

}  // namespace ops::brctl
