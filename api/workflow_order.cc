#include "api/workflow_order.h"

#include <utility>

#include "api/http/coroutines.h"

namespace api {

namespace {

using core::Error;
using core::ErrorCode;
using schemas::workflows::Order;
using schemas::workflows::OrderFaults;
using schemas::workflows::Product;

core::Result<Order> parse(const SpooledBody& body) {
  if (body.format != schemas::manifest::Format::json)
    return Error{ErrorCode::unsupported_media_type, "send inputs as Content-Type: application/json"};
  // One byte more than may be: the parser says how much that is.
  const core::Result<std::string> text = body.bytes->read(0, schemas::workflows::order_bytes_max + 1);
  if (text.has_error()) return text.error();
  return schemas::workflows::parse_order(*text);
}

// Blocks on files.
ReadOrder expand_order(const App& app, const Products& products, const SpooledBody& sent, const std::string& slug) {
  core::Result<Order> order = parse(sent);
  if (order.has_error()) return order.error();
  if (!slug.empty() && !order->workflow.empty() && order->workflow != slug)
    return Error{ErrorCode::invalid_request, "'workflow' is another one than that of the path: leave it out",
                 "workflow"};
  const std::string& named = slug.empty() ? order->workflow : slug;
  if (named.empty())
    return Error{ErrorCode::invalid_request, "'workflow' is required: a slug out of GET /v1/catalog/workflow-products",
                 "workflow"};
  const core::Result<const Product*> product = find_product(products, named);
  if (product.has_error()) return product.error();
  if (order->inputs.empty() && order->quote_id.empty())
    return Error{ErrorCode::invalid_request,
                 "'inputs' is required: a list of what the product takes, or 'input' for one", "inputs"};

  core::Result<std::unique_ptr<processors::Spool>> spool = app.blobs.create_spool();
  if (spool.has_error()) return spool.error();
  const auto keep = [&](std::string_view piece) { return (*spool)->append(piece); };
  core::Result<OrderFaults> found = schemas::workflows::expand(**product, *order, keep);
  if (found.has_error()) return found.error();
  if (found->fault_count > 0) {
    Faults faults;
    faults.listed = std::move(found->faults);
    faults.count = found->fault_count;
    return faults;
  }
  OrderedManifest ordered;
  ordered.product = *product;
  ordered.order = std::move(*order);
  ordered.body.bytes = std::move(*spool);
  return ordered;
}

}  // namespace

core::Result<const Product*> find_product(const Products& products, const std::string& slug) {
  const Product* product = schemas::workflows::find_product(*products, slug);
  if (product == nullptr)
    return Error{ErrorCode::workflow_not_found,
                 "no workflow product has this slug; GET /v1/catalog/workflow-products lists them", "workflow"};
  return product;
}

http::awaitable<ReadOrder> read_order(const App& app, const Products& products, const SpooledBody& body,
                                      const std::string& slug) {
  auto work = [&app, &products, &body, &slug] { return expand_order(app, products, body, slug); };
  co_return co_await http::run_on(app.long_work, std::move(work));
}

Faults faults_of_order(const Order& order, Faults faults) {
  for (core::ManifestFault& fault : faults.listed) fault = schemas::workflows::fault_of_order(order, std::move(fault));
  return faults;
}

}  // namespace api
