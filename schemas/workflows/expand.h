// From what a customer orders of a workflow product to the manifest that is run. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest.h"
#include "core/result.h"
#include "schemas/workflows/product.h"

namespace schemas::workflows {

constexpr std::size_t inputs_max = 10'000;
constexpr std::size_t order_bytes_max = std::size_t{16} << 20;
// Of the manifest that an order stands for: what its inputs share is written out for each of them.
constexpr std::uint64_t expanded_bytes_max = std::uint64_t{256} << 20;

// {workflow, input | inputs, defaults, model_options, quote_id} and the members of a manifest beside its items.
// What is JSON is compact.
struct Order {
  std::string workflow;             // slug; empty: not said
  std::vector<std::string> inputs;  // one for each item
  bool single = false;              // `input` was given
  std::string defaults = "{}";      // members for each input that has not its own
  std::string model_options;        // array, instead of the product's; empty: the product's
  std::string quote_id;             // empty: none
  std::map<std::string, std::string, std::less<>> terms;
};

// Errors: malformed_json, json_too_deep, payload_too_large, unknown_field, invalid_request; `param` names the member.
core::Result<Order> parse_order(std::string_view json);

struct OrderFaults {
  std::vector<core::ManifestFault> faults;  // at most core::manifest_faults_max
  std::uint64_t fault_count = 0;
};

// Takes the manifest, JSON, piece by piece; what it took is of no use when there are faults.
using TakePiece = std::function<core::Result<void>(std::string_view)>;

// With no inputs what is left is a quote's id and what may be said beside it. One item for each input, named by its
// `id` or else input-0001 and so on. In products that take them, `system` of an input stands in place of the product's
// prompt and its `model_options` in place of the product's. A customer's texts stand in the prompt between marks that
// hold a digest of the input, so that no text can end them. Faults name the place: /inputs/3/text. Memory: an item.
// Errors: payload_too_large (expanded_bytes_max; `param` names the member), those of `take`.
core::Result<OrderFaults> expand(const Product& product, const Order& order, const TakePiece& take);

// The same as one text, for orders that are known to be small. Requires: it fits.
struct Expansion {
  std::string manifest;
  std::vector<core::ManifestFault> faults;
  std::uint64_t fault_count = 0;
};
Expansion expand(const Product& product, const Order& order);

// A fault of the manifest that `order` became, as one of the order.
core::ManifestFault fault_of_order(const Order& order, core::ManifestFault fault);

}  // namespace schemas::workflows
