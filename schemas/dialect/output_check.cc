#include "schemas/dialect/output_check.h"

#include <rapidjson/document.h>

#include "schemas/dialect/json.h"
#include "schemas/dialect/output_schema.h"

namespace schemas::dialect {
namespace {

// Where each dialect keeps the format that it asks for; `json_schema` lies one step deeper in Chat Completions.
std::optional<OutputContract> contract_of(const Object& format, Json schema) {
  if (format["type"].equals("json_object")) return OutputContract{};
  if (!format["type"].equals("json_schema")) return std::nullopt;
  return OutputContract{schema.is_null() ? "{}" : std::string(schema.text())};
}

// compact_json has bounded the depth.
bool parse(const std::string& json, rapidjson::Document& document) {
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  return !document.HasParseError();
}

}  // namespace

std::optional<OutputContract> output_contract(core::Operation operation, std::string_view input) {
  const core::Result<std::string> compact = compact_json(input);
  if (!compact) return std::nullopt;
  const Object body{Json(*compact)};
  switch (operation) {
    case core::Operation::chat_completions: {
      const Object format(body["response_format"]);
      return contract_of(format, Object(format["json_schema"])["schema"]);
    }
    case core::Operation::responses: {
      const Json json = Object(body["text"])["format"];
      const Object format(json);
      return contract_of(format, format["schema"]);
    }
    case core::Operation::messages: {
      const Json newer = Object(body["output_config"])["format"];
      const Object format(newer.is_null() ? body["output_format"] : newer);
      return contract_of(format, format["schema"]);
    }
    case core::Operation::embeddings: break;
  }
  return std::nullopt;
}

std::optional<std::string> check_output(const OutputContract& contract, std::string_view text) {
  const core::Result<std::string> compact = compact_json(text);
  // Deeper than we read, but JSON for all we know.
  if (!compact && compact.error().code == core::ErrorCode::json_too_deep) return std::nullopt;
  rapidjson::Document value;
  if (!compact || !parse(*compact, value)) return "not_json";
  if (contract.json_schema.empty()) return value.IsObject() ? std::nullopt : std::optional<std::string>("not_json");
  const core::Result<std::string> schema_text = compact_json(contract.json_schema);
  rapidjson::Document schema;
  if (!schema_text || !parse(*schema_text, schema) || !schema_fault(schema, value)) return std::nullopt;
  return "schema_mismatch";
}

}  // namespace schemas::dialect
