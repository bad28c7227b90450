#include "schemas/manifest/item.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "schemas/manifest/fields.h"
#include "schemas/manifest/json_text.h"

namespace schemas::manifest {
namespace {

enum class Field : std::size_t { customer_item_id, operation, model, model_options, input, metadata, max_cost };
constexpr std::array<std::string_view, 7> names = {"customer_item_id", "operation", "model", "model_options", "input",
                                                   "metadata",         "max_cost"};
constexpr std::array<std::string_view, 4> operations = {"responses", "chat_completions", "messages", "embeddings"};
constexpr std::array<std::string_view, 2> cost_names = {"amount", "currency"};

// The values of the known members, empty where one is missing.
using Values = std::array<std::string_view, names.size()>;

std::string_view value_of(const Values& values, Field field) {
  return values[static_cast<std::size_t>(field)];
}

std::optional<std::string> read_id(const FaultScope& faults, std::string_view json) {
  const std::optional<std::string> id = read_string(faults, "/customer_item_id", json);
  if (!id) return std::nullopt;
  if (id->empty()) {
    faults.add("empty_value", "/customer_item_id", "must not be empty: it names the item in the results");
  } else if (id->size() > core::customer_item_id_bytes_max) {
    faults.add("too_long", "/customer_item_id", "must have at most 128 bytes");
  } else if (has_control_character(*id)) {
    faults.add("invalid_value", "/customer_item_id", "must not have control characters, such as line breaks");
  } else {
    return id;
  }
  return std::nullopt;
}

std::optional<core::Operation> read_operation(const FaultScope& faults, std::string_view json) {
  const std::optional<std::string> word = read_string(faults, "/operation", json);
  if (!word) return std::nullopt;
  const std::optional<core::Operation> operation = core::operation_from_string(*word);
  if (!operation) add_unknown_word(faults, "invalid_value", "/operation", *word, operations);
  return operation;
}

void add_model(const FaultScope& faults, const std::string& pointer, std::string name,
               std::vector<core::ModelSlug>& models) {
  if (name.empty()) return faults.add("empty_value", pointer, "must not be empty: name a model");
  if (name.size() > model_bytes_max) return faults.add("too_long", pointer, "must have at most 128 bytes");
  if (has_control_character(name)) return faults.add("invalid_value", pointer, "must not have control characters");
  core::ModelSlug model{std::move(name)};
  if (std::find(models.begin(), models.end(), model) == models.end()) models.push_back(std::move(model));
}

void read_model(const FaultScope& faults, std::string_view json, std::vector<core::ModelSlug>& models) {
  if (std::optional<std::string> name = read_string(faults, "/model", json))
    add_model(faults, "/model", std::move(*name), models);
}

void read_model_options(const FaultScope& faults, std::string_view json, std::vector<core::ModelSlug>& models) {
  std::optional<std::vector<std::string>> options = read_strings(faults, "/model_options", json, models_max);
  if (!options) return;
  for (std::size_t i = 0; i < options->size(); ++i)
    add_model(faults, "/model_options/" + std::to_string(i), std::move((*options)[i]), models);
}

std::optional<core::Money> read_amount(const FaultScope& faults, std::string_view pointer, std::string_view json) {
  const std::optional<std::string> text = read_string(faults, pointer, json);
  if (!text) return std::nullopt;
  const core::Result<core::Money> amount = core::money_from_decimal(*text);
  if (!amount) {
    faults.add("invalid_amount", pointer, amount.error().detail);
  } else if (*amount < core::Money{}) {
    faults.add("invalid_amount", pointer, "must not be negative");
  } else {
    return *amount;
  }
  return std::nullopt;
}

// "0.42" or {"amount": "0.42", "currency": "usd"}.
std::optional<core::Money> read_max_cost(const FaultScope& item_faults, std::string_view json) {
  if (json.starts_with('"')) return read_amount(item_faults, "/max_cost", json);
  const std::optional<std::vector<JsonMember>> members = split_object(json);
  if (!members) {
    item_faults.add("invalid_type", "/max_cost",
                    R"(must be a decimal string or {"amount": "0.42", "currency": "usd"})");
    return std::nullopt;
  }
  const FaultScope faults = item_faults.inside("/max_cost");
  std::optional<core::Money> amount;
  bool amount_given = false;
  bool currency_given = false;
  for (const JsonMember& member : *members) {
    if (member.name == "amount") {
      if (std::exchange(amount_given, true)) add_duplicate_field(faults, member.name);
      amount = read_amount(faults, "/amount", member.value);
    } else if (member.name == "currency") {
      if (std::exchange(currency_given, true)) add_duplicate_field(faults, member.name);
      if (member.value != R"("usd")") faults.add("invalid_value", "/currency", "must be \"usd\"");
    } else {
      add_unknown_field(faults, member.name, cost_names);
    }
  }
  if (!amount_given) faults.add("missing_field", "/amount", "is required: a decimal string such as \"0.42\"");
  return amount;
}

void add_missing_fields(const FaultScope& faults, const Values& values) {
  const auto missing = [&](Field field) { return value_of(values, field).empty(); };
  if (missing(Field::customer_item_id))
    faults.add("missing_field", "/customer_item_id", "is required: it names the item in the results");
  if (missing(Field::operation))
    faults.add("missing_field", "/operation", "is required: responses, chat_completions, messages or embeddings");
  if (missing(Field::model) && missing(Field::model_options))
    faults.add("missing_field", "/model", "is required: name a model, or several in model_options");
  if (missing(Field::input))
    faults.add("missing_field", "/input", "is required: the body of the request, without model");
}

}  // namespace

std::optional<core::ManifestItem> ItemReader::read(std::uint32_t number, std::string_view json,
                                                   std::string& customer_item_id) {
  customer_item_id.clear();
  const std::uint64_t faults_before = faults_.count();
  const std::string pointer = "/items/" + std::to_string(number);
  const std::optional<std::vector<JsonMember>> members = split_object(json);
  if (!members) {
    faults_.add(
        {"invalid_type", pointer, "", "an item is an object with customer_item_id, operation, model and input"});
    return std::nullopt;
  }

  // The body is checked by the operation and every fault names the item, so both are looked up first.
  Values values;
  for (const JsonMember& member : *members) {
    const auto name = std::find(names.begin(), names.end(), member.name);
    if (name != names.end()) values[static_cast<std::size_t>(name - names.begin())] = member.value;
  }
  const std::optional<std::string> id = decode_string(value_of(values, Field::customer_item_id));
  const std::optional<std::string> word = decode_string(value_of(values, Field::operation));
  const FaultScope faults(faults_, pointer, shortened(id.value_or(""), core::customer_item_id_bytes_max));

  core::ManifestItem item;
  item.number = number;
  std::array<bool, names.size()> seen{};
  std::vector<core::ModelSlug> options;
  for (const JsonMember& member : *members) {
    const auto name = std::find(names.begin(), names.end(), member.name);
    if (name == names.end()) {
      add_unknown_field(faults, member.name, names);
      continue;
    }
    const auto index = static_cast<std::size_t>(name - names.begin());
    if (std::exchange(seen[index], true)) {
      add_duplicate_field(faults, member.name);
      continue;
    }
    switch (static_cast<Field>(index)) {
      case Field::customer_item_id: customer_item_id = read_id(faults, member.value).value_or(""); break;
      case Field::operation: item.operation = read_operation(faults, member.value).value_or(item.operation); break;
      case Field::model: read_model(faults, member.value, item.models); break;
      case Field::model_options: read_model_options(faults, member.value, options); break;
      case Field::input: {
        const std::optional<core::Operation> operation = word ? core::operation_from_string(*word) : std::nullopt;
        const InputFacts facts = inputs_.read(operation, member.value, faults.inside("/input"));
        item.input = member.value;
        item.input_tokens = facts.input_tokens;
        item.output_tokens_max = facts.output_tokens_max;
        break;
      }
      case Field::metadata: item.metadata = read_metadata(faults, "/metadata", member.value).value_or(""); break;
      case Field::max_cost: item.max_cost = read_max_cost(faults, member.value); break;
    }
  }
  add_missing_fields(faults, values);
  if (faults_.count() > faults_before) return std::nullopt;

  item.customer_item_id = customer_item_id;
  for (core::ModelSlug& option : options) {
    if (std::find(item.models.begin(), item.models.end(), option) == item.models.end())
      item.models.push_back(std::move(option));
  }
  return item;
}

}  // namespace schemas::manifest
