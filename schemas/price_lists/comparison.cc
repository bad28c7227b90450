#include "schemas/price_lists/comparison.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace schemas::price_lists {

namespace {

using core::Offering;
using core::Prices;
using core::TokenPrice;

constexpr std::int64_t large_factor = 3;
constexpr std::array<std::pair<Part, TokenPrice Prices::*>, 3> parts = {
    {{Part::input, &Prices::input}, {Part::cached_input, &Prices::cached_input}, {Part::output, &Prices::output}}};

bool same_offering(const Offering& a, const Offering& b) {
  return a.provider == b.provider && a.model == b.model && a.mode == b.mode;
}

// The models of one list by provider.
class Index {
 public:
  explicit Index(const PriceList& list) {
    for (const ListedModel& model : list.models) models_[catalog_provider(model.provider)].push_back(&model);
  }

  // Exact names go before aliases, the provider's own name before ours, and earlier models before later ones.
  const ListedModel* find(const Offering& offering) const {
    const auto listed = models_.find(offering.provider);
    if (listed == models_.end()) return nullptr;
    const std::string& slug = offering.model.value();
    for (const std::string& name : {offering.provider_model.empty() ? slug : offering.provider_model, slug}) {
      for (const ListedModel* model : listed->second) {
        if (model->name == name) return model;
      }
      for (const ListedModel* model : listed->second) {
        if (matches(model->aliases, name)) return model;
      }
    }
    return nullptr;
  }

 private:
  std::map<core::ProviderId, std::vector<const ListedModel*>> models_;
};

// The dearest step that a context of the model can reach, so that one price holds for all that is sold.
const Step* reachable(const ListedPrices& prices, Part part, std::int64_t context_tokens_max) {
  const Step* dearest = nullptr;
  for (const Step& step : prices.steps) {
    if (step.part != part || step.from_tokens >= context_tokens_max) continue;
    if (dearest == nullptr || dearest->price < step.price) dearest = &step;
  }
  return dearest;
}

// Cached input where the list leaves it out: the same share of the price of input, rounded up.
TokenPrice in_proportion(const Prices& before, TokenPrice input) {
  if (before.input == TokenPrice()) return input;
  __extension__ using Wide = unsigned __int128;
  const auto wide = [](TokenPrice price) { return static_cast<Wide>(price.picos()); };
  const Wide picos = (wide(before.cached_input) * wide(input) + wide(before.input) - 1) / wide(before.input);
  return TokenPrice::from_picos(static_cast<std::int64_t>(picos));
}

// Nothing when the list does not tell the price of input: then it is a list of something else.
std::optional<Change> listed_change(const Offering& offering, const ListedPrices& prices, std::int64_t context_tokens) {
  const Step* input = reachable(prices, Part::input, context_tokens);
  if (input == nullptr) return std::nullopt;
  const Step* cached_input = reachable(prices, Part::cached_input, context_tokens);
  const Step* output = reachable(prices, Part::output, context_tokens);
  Change change{offering, offering.prices, false, 0};
  change.prices.input = input->price;
  change.prices.cached_input =
      cached_input != nullptr ? cached_input->price : in_proportion(offering.prices, input->price);
  if (output != nullptr) change.prices.output = output->price;
  for (const Step* step : {input, cached_input, output}) {
    if (step != nullptr) change.from_tokens = std::max(change.from_tokens, step->from_tokens);
  }
  return change;
}

std::optional<std::string> impossible(const Change& change) {
  for (const auto& [part, price] : parts) {
    if (change.prices.*price == TokenPrice() && change.offering.prices.*price != TokenPrice())
      return std::string(to_string(part)) + " would cost nothing";
  }
  if (change.prices.input < change.prices.cached_input) return "cached input would cost more than input";
  return std::nullopt;
}

bool is_large(const Change& change) {
  return std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
    const std::int64_t before = (change.offering.prices.*part.second).picos();
    const std::int64_t after = (change.prices.*part.second).picos();
    return after > before * large_factor || before > after * large_factor;
  });
}

const Change* find_change(const std::vector<Change>& changes, const Offering& offering) {
  const auto found = std::find_if(changes.begin(), changes.end(),
                                  [&](const Change& change) { return same_offering(change.offering, offering); });
  return found == changes.end() ? nullptr : &*found;
}

Prices prices_after(const std::vector<Change>& changes, const Offering& offering) {
  const Change* change = find_change(changes, offering);
  return change != nullptr ? change->prices : offering.prices;
}

// Both modes of a provider's model go back to what they cost when batch would be the dearer one.
void refuse_dear_batches(const core::Catalog& catalog, Comparison& comparison) {
  for (const Offering& batch : catalog.offerings()) {
    if (batch.mode != core::Mode::batch) continue;
    for (const std::size_t index : catalog.offerings_of(batch.model)) {
      const Offering& sync = catalog.offerings()[index];
      if (sync.mode != core::Mode::sync || sync.provider != batch.provider) continue;
      const Prices of_batch = prices_after(comparison.changes, batch);
      const Prices of_sync = prices_after(comparison.changes, sync);
      if (of_batch.input <= of_sync.input && of_batch.output <= of_sync.output) continue;
      std::erase_if(comparison.changes, [&](const Change& change) {
        const bool mine = same_offering(change.offering, batch) || same_offering(change.offering, sync);
        if (mine)
          comparison.refusals.push_back(
              {change.offering, "batch would cost more than sync; import a list with the prices of both"});
        return mine;
      });
    }
  }
}

}  // namespace

Comparison compare(const core::Catalog& catalog, const std::vector<PriceList>& lists) {
  Comparison comparison;
  const std::vector<Index> indices(lists.begin(), lists.end());
  std::set<const ListedModel*> sold;
  for (const Offering& offering : catalog.offerings()) {
    std::optional<Change> change;
    std::string fault;
    for (const Index& index : indices) {
      const ListedModel* model = index.find(offering);
      if (model == nullptr) continue;
      sold.insert(model);
      const ListedPrices& prices = offering.mode == core::Mode::batch ? model->batch : model->sync;
      const core::Model* about = catalog.model(offering.model);
      auto listed = listed_change(offering, prices, about != nullptr ? about->context_tokens_max : 0);
      if (!listed && prices.fault.empty()) continue;
      change = listed;
      fault = prices.fault;
    }
    if (change && fault.empty()) fault = impossible(*change).value_or("");
    if (!fault.empty()) {
      comparison.refusals.push_back({offering, fault});
    } else if (!change) {
      comparison.not_listed.push_back(offering);
    } else if (change->prices == offering.prices) {
      ++comparison.unchanged;
    } else {
      change->large = is_large(*change);
      comparison.changes.push_back(*change);
    }
  }
  refuse_dear_batches(catalog, comparison);

  for (const PriceList& list : lists) {
    for (const ListedModel& model : list.models) {
      if (!sold.contains(&model)) comparison.not_in_the_catalog.push_back(model.provider + "/" + model.name);
    }
  }
  return comparison;
}

std::vector<Change> price_changes(const core::Catalog& from, const core::Catalog& to) {
  std::vector<Change> changes;
  for (const Offering& before : from.offerings()) {
    for (const std::size_t index : to.offerings_of(before.model)) {
      const Offering& after = to.offerings()[index];
      if (!same_offering(before, after) || before.prices == after.prices) continue;
      changes.push_back({before, after.prices, false, 0});
      changes.back().large = is_large(changes.back());
    }
  }
  return changes;
}

core::Catalog with_prices(const core::Catalog& catalog, const std::vector<Change>& changes, std::string version) {
  std::vector<Offering> offerings = catalog.offerings();
  for (Offering& offering : offerings) offering.prices = prices_after(changes, offering);
  return core::Catalog(std::move(version), catalog.providers(), catalog.models(), std::move(offerings));
}

std::optional<std::int64_t> per_mille(TokenPrice from, TokenPrice to) {
  if (from == to) return 0;
  if (from == TokenPrice()) return std::nullopt;
  __extension__ using Wide = __int128;
  const Wide moved = static_cast<Wide>(to.picos()) - from.picos();
  return static_cast<std::int64_t>(moved * 1000 / from.picos());
}

}  // namespace schemas::price_lists
