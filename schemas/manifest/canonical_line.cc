#include "schemas/manifest/canonical_line.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "schemas/manifest/json_text.h"

namespace schemas::manifest {
namespace {

std::optional<std::int64_t> read_count(JsonCursor& cursor) {
  const std::optional<std::string_view> text = cursor.value();
  if (!text) return std::nullopt;
  std::int64_t count = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (problem != std::errc{} || end != text->data() + text->size() || count < 0) return std::nullopt;
  return count;
}

std::optional<std::vector<core::ModelSlug>> read_models(JsonCursor& cursor) {
  std::vector<core::ModelSlug> models;
  if (!cursor.literal("[")) return std::nullopt;
  do {
    std::optional<std::string> name = cursor.string();
    if (!name) return std::nullopt;
    models.emplace_back(std::move(*name));
  } while (cursor.literal(","));
  if (!cursor.literal("]")) return std::nullopt;
  return models;
}

std::optional<std::string> read_object(JsonCursor& cursor) {
  const std::optional<std::string_view> text = cursor.value();
  if (!text || !text->starts_with('{')) return std::nullopt;
  return std::string(*text);
}

// Members stand in one order, so that reading is a walk from left to right.
std::optional<core::ManifestItem> parse(std::string_view line) {
  JsonCursor cursor(line);
  core::ManifestItem item;

  if (!cursor.literal(R"({"id":)")) return std::nullopt;
  std::optional<std::string> id = cursor.string();
  if (!id || !cursor.literal(R"(,"op":)")) return std::nullopt;
  const std::optional<std::string> word = cursor.string();
  if (!word || !cursor.literal(R"(,"models":)")) return std::nullopt;
  const std::optional<core::Operation> operation = core::operation_from_string(*word);
  std::optional<std::vector<core::ModelSlug>> models = read_models(cursor);
  if (!operation || !models || !cursor.literal(R"(,"input":)")) return std::nullopt;
  std::optional<std::string> input = read_object(cursor);
  if (!input) return std::nullopt;
  item.customer_item_id = std::move(*id);
  item.operation = *operation;
  item.models = std::move(*models);
  item.input = std::move(*input);

  if (cursor.literal(R"(,"metadata":)")) {
    std::optional<std::string> metadata = read_object(cursor);
    if (!metadata) return std::nullopt;
    item.metadata = std::move(*metadata);
  }
  if (cursor.literal(R"(,"max_cost":)")) {
    const std::optional<std::string> text = cursor.string();
    if (!text) return std::nullopt;
    const core::Result<core::Money> max_cost = core::money_from_decimal(*text);
    if (!max_cost) return std::nullopt;
    item.max_cost = *max_cost;
  }
  if (!cursor.literal(R"(,"in":)")) return std::nullopt;
  const std::optional<std::int64_t> input_tokens = read_count(cursor);
  if (!input_tokens) return std::nullopt;
  item.input_tokens = *input_tokens;
  if (cursor.literal(R"(,"out":)")) {
    item.output_tokens_max = read_count(cursor);
    if (!item.output_tokens_max) return std::nullopt;
  }
  if (!cursor.literal("}") || !cursor.done()) return std::nullopt;
  return item;
}

}  // namespace

std::size_t write_canonical_line(const core::ManifestItem& item, std::string& line) {
  line.assign(R"({"id":)");
  append_json_string(line, item.customer_item_id);
  line.append(R"(,"op":")").append(core::to_string(item.operation));
  line.append(R"(","models":[)");
  for (const core::ModelSlug& model : item.models) {
    if (line.back() != '[') line += ',';
    append_json_string(line, model.value());
  }
  line.append(R"(],"input":)").append(item.input);
  if (!item.metadata.empty()) line.append(R"(,"metadata":)").append(item.metadata);
  if (item.max_cost) line.append(R"(,"max_cost":")").append(core::to_decimal(*item.max_cost)).append("\"");
  const std::size_t content_bytes = line.size();
  line.append(R"(,"in":)").append(std::to_string(item.input_tokens));
  if (item.output_tokens_max) line.append(R"(,"out":)").append(std::to_string(*item.output_tokens_max));
  line += '}';
  return content_bytes;
}

core::Result<core::ManifestItem> parse_canonical_line(std::string_view line) {
  std::optional<core::ManifestItem> item = parse(line);
  if (!item)
    return core::Error{core::ErrorCode::blob_corrupt, "a stored item is not in the form in which items are stored"};
  return std::move(*item);
}

}  // namespace schemas::manifest
