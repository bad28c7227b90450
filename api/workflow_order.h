// An order of a workflow product on its way in: from what was sent to the manifest that it stands for, which then goes
// the way of any other.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/app.h"
#include "api/manifest_body.h"
#include "schemas/workflows/expand.h"
#include "schemas/workflows/product.h"

namespace api {

using Products = std::shared_ptr<const std::vector<schemas::workflows::Product>>;

// Errors: workflow_not_found.
core::Result<const schemas::workflows::Product*> find_product(const Products& products, const std::string& slug);

struct OrderedManifest {
  const schemas::workflows::Product* product = nullptr;
  schemas::workflows::Order order;
  SpooledBody body;
};
using ReadOrder = std::variant<OrderedManifest, core::Error, Faults>;
// `slug`: the product that the path names; empty: the body names it.
http::awaitable<ReadOrder> read_order(const App& app, const Products& products, const SpooledBody& body,
                                      const std::string& slug);

// Faults of the manifest, told as those of the order.
Faults faults_of_order(const schemas::workflows::Order& order, Faults faults);

}  // namespace api
