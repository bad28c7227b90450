// Fuzzes the readers of price lists: whatever the bytes, they answer a list or an Error, and what follows from a
// list is a catalog that its own reader takes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schemas/catalog.h"
#include "schemas/price_lists/comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const core::Catalog catalog = schemas::built_in_catalog();
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto list = schemas::price_lists::read_price_list(json, "openai", core::Timestamp());
  if (!list) return 0;
  const auto comparison = schemas::price_lists::compare(catalog, {*list});
  const core::Catalog changed = schemas::price_lists::with_prices(catalog, comparison.changes, "2026-11-23");
  if (!schemas::parse_catalog(schemas::catalog_to_json(changed))) std::abort();
  return 0;
}
