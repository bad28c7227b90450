// Workflow products: batch jobs that are ready to be bought. A customer sends inputs; the product has the prompt, the
// models, the terms, and says what comes back. Each is a file in products/, held to product.schema.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/manifest.h"
#include "core/result.h"

namespace schemas::workflows {

// Members that are JSON are compact.
struct Product {
  std::string slug;
  std::string name;
  std::string summary;
  std::string description;
  core::Operation operation = core::Operation::responses;
  std::vector<core::ModelSlug> model_options;
  bool single_model = false;  // answers of different models cannot be used side by side, as with embeddings

  std::string input_schema;  // JSON Schema of one input
  std::string defaults;      // object: what optional members of an input are when they are not given
  std::string system;        // prompt; a text with placeholders, as is `user`
  std::string user;
  std::string request;  // an item's `input`, with placeholders
  std::string terms;    // the members of a manifest beside its items

  std::string example_inputs;     // array
  std::string preset_manifest;    // of the example inputs: can be sent as it is
  core::ManifestHeader header;    // its terms, read
  core::ManifestItem example;     // its first item
  std::string output_schema;      // JSON Schema of the answer's text, with placeholders; empty: it is not structured
  std::string routing_posture;    // object
  std::string artifact_contract;  // object
  std::string webhook_contract;   // object
  std::string acceptance_checks;  // array
  std::string success_sla;        // object
};

// Whatever does not fit is refused: a member, a placeholder that is no input, an example that makes no good manifest or
// no good answer. Errors: malformed_json, configuration_invalid.
core::Result<Product> parse_product(std::string_view json);

// Those in products/, by slug.
std::vector<Product> built_in_products();

// nullptr: there is none of this slug.
const Product* find_product(const std::vector<Product>& products, std::string_view slug);

}  // namespace schemas::workflows
