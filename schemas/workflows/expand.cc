#include "schemas/workflows/expand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "core/invariant.h"
#include "schemas/dialect/json.h"
#include "schemas/dialect/schema_checker.h"
#include "schemas/digest.h"
#include "schemas/manifest/item.h"
#include "schemas/manifest/json_text.h"
#include "schemas/manifest/utf8.h"
#include "schemas/workflows/fill.h"

namespace schemas::workflows {
namespace {

using core::Error;
using core::ErrorCode;
using dialect::Json;
using dialect::Object;

// What a manifest may say beside its items; its reader checks what they hold.
constexpr std::array<std::string_view, 11> term_names = {"sla_tier", "routing_mode", "privacy_tier", "allowed_regions",
                                                         "webhook",  "webhook_url",  "metadata",     "dedupe",
                                                         "priority", "run_after",    "deadline"};
constexpr std::string_view known_members =
    "workflow, input or inputs, defaults, model_options, quote_id, sla_tier, routing_mode, privacy_tier, "
    "allowed_regions, webhook, webhook_url, metadata, dedupe, priority, run_after and deadline";
constexpr std::size_t boundary_digits = 12;
constexpr std::size_t word_bytes_max = 128;

bool is_utf8(std::string_view text) {
  manifest::Utf8Checker checker;
  return checker.check(text) == text.size() && !checker.incomplete();
}

Error wrong(std::string_view member, const std::string& what) {
  return {ErrorCode::invalid_request, "'" + std::string(member) + "' " + what, std::string(member)};
}

core::Result<std::string> short_text(const Object::Member& member) {
  std::string text = member.value.string();
  if (!member.value.is_string() || text.empty() || text.size() > word_bytes_max)
    return wrong(member.name, "must be a string of 1 to 128 bytes");
  return text;
}

core::Result<void> read_model_options(Json json, std::string& models) {
  const std::vector<Json> elements = json.elements();
  const auto is_text = [](Json each) { return each.is_string() && !each.is_empty_string(); };
  if (elements.empty() || elements.size() > manifest::models_max ||
      !std::all_of(elements.begin(), elements.end(), is_text))
    return wrong("model_options", "must be a list of 1 to 16 models; GET /v1/catalog/models lists them");
  models = json.text();
  return {};
}

core::Result<void> read_inputs(const Object::Member& member, Order& order) {
  if (!order.inputs.empty()) return wrong(member.name, "and its other form say the same thing: give input or inputs");
  order.single = member.name == "input";
  if (order.single) {
    order.inputs.emplace_back(member.value.text());
    return {};
  }
  const std::vector<Json> inputs = member.value.elements();
  if (inputs.empty()) return wrong(member.name, "must be a list of at least one input");
  if (inputs.size() > inputs_max)
    return wrong(member.name, "may have 10000 inputs; send more as several runs, or as a manifest to /v1/quotes/model");
  for (const Json input : inputs) order.inputs.emplace_back(input.text());
  return {};
}

core::Result<void> read_member(const Object::Member& member, Order& order) {
  const std::string& name = member.name;
  if (name == "input" || name == "inputs") return read_inputs(member, order);
  if (name == "model_options") return read_model_options(member.value, order.model_options);
  if (name == "defaults") {
    if (!member.value.is_object()) return wrong(name, "must be an object: members for each input");
    order.defaults = member.value.text();
    return {};
  }
  if (name == "workflow" || name == "slug" || name == "quote_id") {
    core::Result<std::string> text = short_text(member);
    if (!text) return text.error();
    std::string& place = name == "quote_id" ? order.quote_id : order.workflow;
    if (!place.empty() && place != *text)
      return wrong(name, "and 'workflow' name different products: keep one of them");
    place = std::move(*text);
    return {};
  }
  if (std::find(term_names.begin(), term_names.end(), name) == term_names.end())
    return Error{ErrorCode::unknown_field,
                 "'" + manifest::shortened(name) + "' is not known here; there are " + std::string(known_members),
                 manifest::shortened(name)};
  order.terms.emplace(name, member.value.text());
  return {};
}

std::string input_pointer(const Order& order, std::size_t number) {
  return order.single ? "/input" : "/inputs/" + std::to_string(number);
}

// The members of `preferred`, then those of `others` that it has not.
std::string merged(const Object& preferred, const Object& others) {
  std::string text = "{";
  const auto add = [&](const Object::Member& member) {
    if (text.size() > 1) text += ',';
    text += dialect::quoted(member.name) + ":" + std::string(member.value.text());
  };
  for (const Object::Member& member : preferred.members()) add(member);
  std::set<std::string_view> names;
  for (const Object::Member& member : preferred.members()) names.insert(member.name);
  for (const Object::Member& member : others.members()) {
    if (!names.contains(member.name)) add(member);
  }
  return text += '}';
}

// What tells apart inputs of different content; its id is none of it, so that equal inputs become equal items.
std::string boundary_of(const Object& input) {
  Sha256 digest;
  for (const Object::Member& member : input.members()) {
    if (member.name == "id") continue;
    digest.update(dialect::quoted(member.name));
    digest.update(member.value.text());
  }
  return digest.finish().value().substr(0, boundary_digits);
}

std::string generated_id(std::size_t number) {
  constexpr std::size_t digits_min = 4;
  std::string digits = std::to_string(number + 1);
  if (digits.size() < digits_min) digits.insert(0, digits_min - digits.size(), '0');
  return "input-" + digits;
}

std::string model_list(const Product& product) {
  std::vector<std::string> models;
  for (const core::ModelSlug& model : product.model_options) models.push_back(dialect::quoted(model.value()));
  return dialect::array_text(models);
}

std::string item_text(const Product& product, const Object& input, std::size_t number, const std::string& models) {
  Values values;
  const Object defaults{Json(product.defaults)};
  for (const Object::Member& member : input.members()) values.emplace(member.name, member.value.text());
  for (const Object::Member& member : defaults.members()) values.emplace(member.name, member.value.text());
  values.emplace("boundary", dialect::quoted(boundary_of(input)));
  const Json own_system = input["system"];
  const std::string system = own_system.is_null() ? fill_text(product.system, values) : own_system.string();
  const std::string user = fill_text(product.user, values);
  values.emplace("prompt.system", dialect::quoted(system));
  values.emplace("prompt.user", dialect::quoted(user));

  const Json id = input["id"];
  const Json own_models = input["model_options"];
  const std::string id_text = id.is_null() ? dialect::quoted(generated_id(number)) : std::string(id.text());
  return dialect::object_text({{"customer_item_id", id_text},
                               {"operation", dialect::quoted(core::to_string(product.operation))},
                               {"model_options", own_models.is_null() ? std::string_view(models) : own_models.text()},
                               {"input", fill(product.request, values)}});
}

// All of a manifest before its first item; all of it when there are no inputs: it is of a quote that kept its manifest.
std::string manifest_head(const Product& product, const Order& order) {
  std::string head = "{";
  for (const auto& [name, value] : order.terms) head += dialect::quoted(name) + ":" + value + ",";
  if (!order.quote_id.empty()) head += "\"quote_id\":" + dialect::quoted(order.quote_id) + ",";
  if (order.inputs.empty()) {
    if (head.ends_with(',')) head.pop_back();
    return head + "}";
  }
  const Object terms{Json(product.terms)};
  for (const Object::Member& member : terms.members()) {
    if (!order.terms.contains(member.name))
      head += dialect::quoted(member.name) + ":" + std::string(member.value.text()) + ",";
  }
  return head + "\"items\":[";
}

}  // namespace

core::Result<Order> parse_order(std::string_view json) {
  if (json.size() > order_bytes_max)
    return Error{ErrorCode::payload_too_large,
                 "inputs may have 16 MiB; send more as several runs, or as a manifest to POST /v1/quotes/model"};
  if (!is_utf8(json)) return Error{ErrorCode::malformed_json, "the body is no UTF-8"};
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (!compact) {
    const bool deep = compact.error().code == ErrorCode::json_too_deep;
    return Error{compact.error().code, deep ? "the body is nested too deeply" : "the body is not valid JSON"};
  }
  const Object body{Json(*compact)};
  if (!Json(*compact).is_object()) return Error{ErrorCode::invalid_request, "the body must be a JSON object"};
  if (body.has_duplicates()) return Error{ErrorCode::invalid_request, "the body has a member twice: keep one of them"};
  Order order;
  for (const Object::Member& member : body.members()) {
    if (const auto read = read_member(member, order); read.has_error()) return read.error();
  }
  return order;
}

core::Result<OrderFaults> expand(const Product& product, const Order& order, const TakePiece& take) {
  if (order.defaults.size() * order.inputs.size() > expanded_bytes_max)
    return Error{ErrorCode::payload_too_large,
                 "'defaults' stand in each input, which together may have 256 MiB: send less in it, or fewer inputs",
                 "defaults"};
  OrderFaults faults;
  const auto add = [&](core::ManifestFault fault) {
    ++faults.fault_count;
    if (faults.faults.size() < core::manifest_faults_max) faults.faults.push_back(std::move(fault));
  };
  const std::string models = order.model_options.empty() ? model_list(product) : order.model_options;
  if (product.single_model && Json(models).elements().size() > 1)
    add({"too_many", "/model_options", "",
         "must be one model: what different ones answer cannot be used side by side"});

  const std::string head = manifest_head(product, order);
  if (const auto taken = take(head); taken.has_error()) return taken.error();
  if (order.inputs.empty()) return faults;
  std::uint64_t bytes = head.size();
  const core::Result<dialect::SchemaChecker> checker = dialect::SchemaChecker::parse(product.input_schema);
  INVARIANT(checker.has_value());
  const Object shared{Json(order.defaults)};
  for (std::size_t i = 0; i < order.inputs.size(); ++i) {
    const Json own(order.inputs[i]);
    const bool add_shared = own.is_object() && !shared.members().empty();
    const std::string text = add_shared ? merged(Object(own), shared) : order.inputs[i];
    const Object input{Json(text)};
    if (const auto fault = checker->check(text)) {
      const Json id = input["id"];
      add({"invalid_input", input_pointer(order, i) + fault->pointer,
           id.is_string() ? manifest::shortened(id.string(), core::customer_item_id_bytes_max) : "", fault->message});
    } else if (faults.fault_count == 0) {
      const std::string item = (i > 0 ? "," : "") + item_text(product, input, i, models);
      bytes += item.size();
      if (bytes > expanded_bytes_max)
        return Error{ErrorCode::payload_too_large,
                     "the manifest of these inputs has more than 256 MiB; send them as several runs", "inputs"};
      if (const auto taken = take(item); taken.has_error()) return taken.error();
    }
  }
  if (const auto taken = take("]}"); taken.has_error()) return taken.error();
  return faults;
}

Expansion expand(const Product& product, const Order& order) {
  Expansion expansion;
  core::Result<OrderFaults> faults = expand(product, order, [&](std::string_view piece) {
    expansion.manifest += piece;
    return core::Result<void>{};
  });
  INVARIANT(faults.has_value());
  expansion.faults = std::move(faults->faults);
  expansion.fault_count = faults->fault_count;
  return expansion;
}

core::ManifestFault fault_of_order(const Order& order, core::ManifestFault fault) {
  constexpr std::string_view items = "/items/";
  if (!fault.pointer.starts_with(items)) return fault;
  std::string_view rest = std::string_view(fault.pointer).substr(items.size());
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc()) return fault;
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  std::string pointer = input_pointer(order, number);
  if (rest.starts_with("/customer_item_id")) pointer += "/id";
  if (rest.starts_with("/model") && !order.model_options.empty()) pointer = "/model_options";
  fault.pointer = std::move(pointer);
  return fault;
}

}  // namespace schemas::workflows
