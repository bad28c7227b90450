// What price lists would change in a catalog. Prices of offerings that are there change; nothing is added.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "schemas/price_lists/price_list.h"

namespace schemas::price_lists {

struct Change {
  core::Offering offering;  // as it is
  core::Prices prices;      // as they would be
  bool large = false;       // a price moves by more than a factor of three: believe it only after a look
  // The prices are those of a context longer than this, since the model is sold up to there; 0: of any context.
  std::int64_t from_tokens = 0;
};

// An offering whose listed prices cannot be right. It keeps what it has.
struct Refusal {
  core::Offering offering;
  std::string reason;
};

struct Comparison {
  std::vector<Change> changes;
  std::vector<Refusal> refusals;
  std::size_t unchanged = 0;                    // offerings that the lists tell, at the prices that they have
  std::vector<core::Offering> not_listed;       // offerings that no list tells
  std::vector<std::string> not_in_the_catalog;  // "provider/model" of the lists that nobody here sells
};

// Of an offering the lists may tell by the provider's name for the model, by the slug, or by a name that the list takes
// for the same; where several lists tell, the last counts. What a list leaves out keeps its price, but for cached
// input, which keeps its share of the price of input.
Comparison compare(const core::Catalog& catalog, const std::vector<PriceList>& lists);

// The offerings of both whose prices differ, as changes from the first to the second.
std::vector<Change> price_changes(const core::Catalog& from, const core::Catalog& to);

core::Catalog with_prices(const core::Catalog& catalog, const std::vector<Change>& changes, std::string version);

// Tenths of a percent; nullopt from nothing to something.
std::optional<std::int64_t> per_mille(core::TokenPrice from, core::TokenPrice to);

}  // namespace schemas::price_lists
