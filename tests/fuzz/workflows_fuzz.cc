// Fuzzes orders of workflow products: whatever is sent, nothing breaks, and what is accepted becomes a manifest of
// as many items as there are inputs.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schemas/dialect/json.h"
#include "schemas/manifest/reader.h"
#include "schemas/workflows/expand.h"
#include "schemas/workflows/product.h"

namespace {

using namespace schemas;

void require(bool condition) {
  if (!condition) std::abort();
}

class Count final : public manifest::ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem&, std::string_view) override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<workflows::Product> products = workflows::built_in_products();
  const core::Result<workflows::Order> order = workflows::parse_order({reinterpret_cast<const char*>(data), size});
  if (!order) return 0;
  for (const workflows::Product& product : products) {
    std::string text;
    const auto expanded = workflows::expand(product, *order, [&](std::string_view piece) {
      text += piece;
      return core::Result<void>{};
    });
    require(text.size() <= workflows::expanded_bytes_max + 2);
    if (!expanded || expanded->fault_count > 0) continue;
    require(dialect::compact_json(text).has_value());
    manifest::TextSource source(text);
    Count sink;
    const core::Result<manifest::Summary> summary = manifest::read_manifest(source, manifest::Format::json, sink);
    require(summary.has_value() || summary.error().code == core::ErrorCode::json_too_deep);
    if (!summary) continue;
    require(summary->item_count == order->inputs.size());
    for (const core::ManifestFault& fault : summary->faults) workflows::fault_of_order(*order, fault);
  }
  return 0;
}
