// A JSON Schema that many values are held to.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/result.h"
#include "schemas/dialect/output_schema.h"

namespace schemas::dialect {

// Threading: any.
class SchemaChecker {
 public:
  // Errors: malformed_json, json_too_deep.
  static core::Result<SchemaChecker> parse(std::string_view schema);

  // `json` is compact. What schema_fault says; and of a member that stands twice at the top.
  std::optional<SchemaFault> check(std::string_view json) const;

 private:
  struct Schema;
  std::shared_ptr<const Schema> schema_;
};

}  // namespace schemas::dialect
