#include "schemas/workflows/product.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/invariant.h"
#include "schemas/dialect/json.h"
#include "schemas/dialect/output_check.h"
#include "schemas/dialect/schema_checker.h"
#include "schemas/manifest/reader.h"
#include "schemas/workflows/expand.h"
#include "schemas/workflows/fill.h"

namespace schemas {

extern const std::string_view workflow_product_schema;
extern const std::string_view workflow_contracts;
extern const std::span<const std::string_view> workflow_products;

}  // namespace schemas

namespace schemas::workflows {
namespace {

using core::Error;
using core::ErrorCode;
using dialect::Json;
using dialect::Object;

// Inputs that mean the same in every product that takes them; see expand().
constexpr std::array<std::string_view, 3> reserved_inputs = {"id", "system", "model_options"};

Error fault(const std::string& slug, const std::string& what) {
  return {ErrorCode::configuration_invalid, "workflow product " + slug + ": " + what};
}

std::string joined_lines(Json lines) {
  std::string text;
  for (const Json line : lines.elements()) {
    if (!text.empty()) text += '\n';
    text += line.string();
  }
  return text;
}

std::string defaults_of(const Object& properties) {
  std::string text = "{";
  for (const Object::Member& property : properties.members()) {
    const Json value = Object(property.value)["default"];
    if (value.is_null()) continue;
    if (text.size() > 1) text += ',';
    text += dialect::quoted(property.name) + ":" + std::string(value.text());
  }
  return text += '}';
}

// Each placeholder is an input, those in texts always have a value, and each input is used.
core::Result<void> check_placeholders(const Product& product) {
  const Object schema{Json(product.input_schema)};
  const Object properties(schema["properties"]);
  const Object defaults{Json(product.defaults)};
  const std::vector<Json> required = schema["required"].elements();
  const auto always = [&](const std::string& name) {
    return !defaults[name].is_null() ||
           std::any_of(required.begin(), required.end(), [&](Json each) { return each.string() == name; });
  };
  std::set<std::string> used(reserved_inputs.begin(), reserved_inputs.end());
  const std::string prompts = dialect::array_text({dialect::quoted(product.system), dialect::quoted(product.user)});
  for (const std::string_view part : {std::string_view(prompts), std::string_view(product.request)}) {
    const Placeholders found = placeholders_of(part);
    used.insert(found.all.begin(), found.all.end());
    for (const std::string& name : found.in_text) {
      if (name != "boundary" && !always(name))
        return fault(product.slug, "{{" + name + "}} stands in a text and may have no value");
    }
  }
  for (const std::string& name : used) {
    const bool ours = name == "boundary" || name.starts_with("prompt.") ||
                      std::find(reserved_inputs.begin(), reserved_inputs.end(), name) != reserved_inputs.end();
    if (!ours && properties[name].is_null()) return fault(product.slug, "{{" + name + "}} is no member of its inputs");
  }
  for (const Object::Member& property : properties.members()) {
    if (!used.contains(property.name)) return fault(product.slug, "no prompt uses the input " + property.name);
  }
  return {};
}

class FirstItem final : public manifest::ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem& item, std::string_view) override {
    if (item.number == 0) item_ = item;
    return {};
  }
  const core::ManifestItem& item() const { return item_; }

 private:
  core::ManifestItem item_;
};

core::Result<void> expand_examples(Product& product) {
  Order order;
  for (const Json input : Json(product.example_inputs).elements()) order.inputs.emplace_back(input.text());
  Expansion expansion = expand(product, order);
  if (expansion.fault_count > 0)
    return fault(product.slug, "example " + expansion.faults[0].pointer + " " + expansion.faults[0].message);
  product.preset_manifest = std::move(expansion.manifest);
  manifest::TextSource source(product.preset_manifest);
  FirstItem first;
  const core::Result<manifest::Summary> summary = manifest::read_manifest(source, manifest::Format::json, first);
  if (!summary) return summary.error();
  if (summary->fault_count > 0)
    return fault(product.slug, "preset manifest " + summary->faults[0].pointer + " " + summary->faults[0].message);
  product.header = summary->header;
  product.example = first.item();
  return {};
}

// What is the same for all of them, made this product's own.
core::Result<void> add_contracts(Product& product, Json example_output, Json exceptions) {
  const auto contract = dialect::output_contract(product.operation, product.example.input);
  const bool text = example_output.is_string();
  const std::string content = text ? example_output.string() : std::string(example_output.text());
  if (contract) {
    const auto of_any = dialect::output_contract(product.operation, product.request);
    product.output_schema = of_any ? of_any->json_schema : "";
    if (const auto wrong = dialect::check_output(*contract, content))
      return fault(product.slug, "its example output does not fit: " + *wrong);
  }
  const core::Result<std::string> contracts = dialect::compact_json(workflow_contracts);
  INVARIANT(contracts.has_value());
  const bool embedding = product.operation == core::Operation::embeddings;
  const std::string output =
      embedding ? dialect::object_text({{"embedding", example_output.text()}})
                : dialect::object_text(
                      {{"messages", dialect::array_text({dialect::object_text(
                                        {{"role", R"("assistant")"}, {"content", dialect::quoted(content)}})})}});
  Values values;
  values.emplace("slug", dialect::quoted(product.slug));
  values.emplace("output", output);
  values.emplace("model", dialect::quoted(product.model_options.front().value()));
  values.emplace("customer_item_id", dialect::quoted(product.example.customer_item_id));
  values.emplace("exceptions", exceptions.text());
  if (!product.output_schema.empty()) values.emplace("output_schema", product.output_schema);
  const Object parts{Json(*contracts)};
  product.artifact_contract = fill(parts["artifact_contract"].text(), values);
  product.webhook_contract = fill(parts["webhook_contract"].text(), values);
  return {};
}

}  // namespace

core::Result<Product> parse_product(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (!compact) return compact.error();
  const core::Result<dialect::SchemaChecker> shape = dialect::SchemaChecker::parse(workflow_product_schema);
  INVARIANT(shape.has_value());
  const Object file{Json(*compact)};
  Product product;
  product.slug = file["slug"].string();
  if (const auto wrong = shape->check(*compact)) return fault(product.slug, wrong->pointer + " " + wrong->message);

  const auto copy = [](Json value) { return std::string(value.text()); };
  const Object prompt(file["prompt"]);
  product.name = file["name"].string();
  product.summary = file["summary"].string();
  product.description = file["description"].string();
  product.operation = core::operation_from_string(file["operation"].string()).value_or(product.operation);
  for (const Json model : file["model_options"].elements()) product.model_options.emplace_back(model.string());
  product.single_model = file["single_model"].is_true();
  product.input_schema = copy(file["input_schema"]);
  product.defaults = defaults_of(Object(Object(file["input_schema"])["properties"]));
  product.system = joined_lines(prompt["system"]);
  product.user = joined_lines(prompt["user"]);
  product.request = copy(file["request"]);
  product.terms = copy(file["terms"]);
  product.example_inputs = copy(file["example_inputs"]);
  product.routing_posture = copy(file["routing_posture"]);
  product.acceptance_checks = copy(file["acceptance_checks"]);
  product.success_sla = copy(file["success_sla"]);
  if (const auto checked = check_placeholders(product); checked.has_error()) return checked.error();
  if (const auto expanded = expand_examples(product); expanded.has_error()) return expanded.error();
  if (const auto added = add_contracts(product, file["example_output"], file["exceptions"]); added.has_error())
    return added.error();
  return product;
}

std::vector<Product> built_in_products() {
  std::vector<Product> products;
  for (const std::string_view text : workflow_products) {
    core::Result<Product> product = parse_product(text);
    INVARIANT(product.has_value());
    products.push_back(std::move(*product));
  }
  std::sort(products.begin(), products.end(), [](const Product& a, const Product& b) { return a.slug < b.slug; });
  return products;
}

const Product* find_product(const std::vector<Product>& products, std::string_view slug) {
  const auto found =
      std::find_if(products.begin(), products.end(), [&](const auto& each) { return each.slug == slug; });
  return found == products.end() ? nullptr : &*found;
}

}  // namespace schemas::workflows
