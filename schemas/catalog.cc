#include "schemas/catalog.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/invariant.h"

namespace schemas {

extern const std::string_view catalog_json;

namespace {

using core::Error;
using core::ErrorCode;
using rapidjson::Value;

// Far above any model; keeps price × tokens within what can be paid.
constexpr std::int64_t tokens_max = 1'000'000'000;

std::string_view view(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

// Reads the document and remembers the first thing wrong with it; after that it answers empty values.
class CatalogReader {
 public:
  core::Result<core::Catalog> read(std::string_view json) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError()) {
      return Error{ErrorCode::malformed_json, "the catalog is not JSON: at byte " +
                                                  std::to_string(document.GetErrorOffset()) + ": " +
                                                  rapidjson::GetParseError_En(document.GetParseError())};
    }
    check_keys(document, "", {"version", "providers", "models"}, {});
    const std::string version = text(document, "", "version");
    each(document, "", "providers", [&](const Value& value, const std::string& at) { read_provider(value, at); });
    each(document, "", "models", [&](const Value& value, const std::string& at) { read_model(value, at); });
    if (fault_) return *fault_;
    return core::Catalog(version, std::move(providers_), std::move(models_), std::move(offerings_));
  }

 private:
  void read_provider(const Value& value, const std::string& at) {
    check_keys(value, at, {"id", "display_name", "reliability_prior_score"},
               {"protocol", "base_url", "path_prefix", "dialects"});
    core::Provider provider;
    provider.id = core::ProviderId(text(value, at, "id"));
    provider.display_name = text(value, at, "display_name");
    provider.reliability_prior_score = score(value, at, "reliability_prior_score");
    if (member(value, "protocol") != nullptr)
      provider.protocol = word(value, at, "protocol", core::protocol_from_string);
    if (member(value, "base_url") != nullptr) provider.base_url = base_url(value, at);
    if (const Value* prefix = member(value, "path_prefix")) provider.path_prefix = path_prefix(*prefix, at);
    if (member(value, "dialects") != nullptr) provider.dialects = operations(value, at, "dialects");
    if (provider.id.value() == core::simulated_provider)
      fail(at + "/id", "\"simulated\" is the service's own provider; choose another id");
    if (!provider_ids_.insert(provider.id).second) fail(at + "/id", "this provider is listed twice");
    providers_.push_back(std::move(provider));
  }

  void read_model(const Value& value, const std::string& at) {
    check_keys(value, at,
               {"slug", "display_name", "vendor", "operations", "context_tokens_max", "output_tokens_max",
                "quality_score", "offerings"},
               {});
    core::Model model;
    model.slug = core::ModelSlug(text(value, at, "slug"));
    model.display_name = text(value, at, "display_name");
    model.vendor = core::ProviderId(text(value, at, "vendor"));
    model.context_tokens_max = tokens(value, at, "context_tokens_max");
    model.output_tokens_max = tokens(value, at, "output_tokens_max");
    model.quality_score = score(value, at, "quality_score");
    model.operations = operations(value, at, "operations");
    if (!model_slugs_.insert(model.slug).second) fail(at + "/slug", "this model is listed twice");
    each(value, at, "offerings", [&](const Value& offering, const std::string& offering_at) {
      read_offering(offering, offering_at, model.slug);
    });
    models_.push_back(std::move(model));
  }

  void read_offering(const Value& value, const std::string& at, const core::ModelSlug& model) {
    check_keys(value, at, {"provider", "mode", "input", "cached_input", "output", "privacy_tier", "regions"},
               {"provider_model"});
    core::Offering offering;
    offering.provider = core::ProviderId(text(value, at, "provider"));
    offering.model = model;
    offering.mode = word(value, at, "mode", core::mode_from_string);
    offering.prices = {price(value, at, "input"), price(value, at, "cached_input"), price(value, at, "output")};
    offering.privacy_tier = word(value, at, "privacy_tier", core::privacy_tier_from_string);
    offering.regions = texts(value, at, "regions");
    if (member(value, "provider_model") != nullptr) offering.provider_model = text(value, at, "provider_model");
    if (!provider_ids_.contains(offering.provider)) fail(at + "/provider", "this provider is not under /providers");
    if (offering.prices.input < offering.prices.cached_input)
      fail(at + "/cached_input", "cached input cannot cost more than input: ceilings are computed without it");
    if (!lanes_.insert({offering.model, offering.provider, offering.mode}).second)
      fail(at, "this provider already sells the model in this mode");
    offerings_.push_back(std::move(offering));
  }

  void fail(std::string at, std::string detail, ErrorCode code = ErrorCode::configuration_invalid) {
    if (!fault_) fault_ = Error{code, "catalog " + (at.empty() ? "document" : at) + ": " + detail, at};
  }

  void check_keys(const Value& object, const std::string& at, std::initializer_list<std::string_view> required,
                  std::initializer_list<std::string_view> optional) {
    if (!object.IsObject()) return fail(at, "must be an object");
    std::set<std::string_view> seen;
    for (const auto& member : object.GetObject()) {
      const std::string_view name = view(member.name);
      const auto is_name = [&](std::string_view known) { return known == name; };
      if (std::none_of(required.begin(), required.end(), is_name) &&
          std::none_of(optional.begin(), optional.end(), is_name))
        fail(at + "/" + std::string(name), "unknown key; see catalog.schema.json", ErrorCode::unknown_field);
      if (!seen.insert(name).second) fail(at + "/" + std::string(name), "given twice");
    }
    for (const std::string_view name : required) {
      if (!seen.contains(name)) fail(at + "/" + std::string(name), "missing");
    }
  }

  // nullptr when it is not there; where it must be, check_keys has said so already.
  static const Value* member(const Value& object, const char* name) {
    if (!object.IsObject()) return nullptr;
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
  }

  std::string text(const Value& object, const std::string& at, const char* name) {
    const Value* value = member(object, name);
    if (value != nullptr && value->IsString() && value->GetStringLength() > 0) return std::string(view(*value));
    fail(at + "/" + name, "must be a text that is not empty");
    return {};
  }

  template <class Visit>
  void each(const Value& object, const std::string& at, const char* name, const Visit& visit) {
    const Value* value = member(object, name);
    if (value == nullptr || !value->IsArray()) return fail(at + "/" + name, "must be an array");
    for (rapidjson::SizeType i = 0; i < value->Size(); ++i)
      visit((*value)[i], at + "/" + name + "/" + std::to_string(i));
  }

  std::vector<std::string> texts(const Value& object, const std::string& at, const char* name) {
    std::vector<std::string> all;
    each(object, at, name, [&](const Value& value, const std::string& value_at) {
      if (!value.IsString() || value.GetStringLength() == 0) return fail(value_at, "must be a text that is not empty");
      all.emplace_back(view(value));
    });
    if (all.empty()) fail(at + "/" + name, "must not be empty");
    return all;
  }

  std::vector<core::Operation> operations(const Value& object, const std::string& at, const char* name) {
    std::vector<core::Operation> all;
    for (const std::string& found : texts(object, at, name)) {
      const auto operation = core::operation_from_string(found);
      if (operation) all.push_back(*operation);
      if (!operation) fail(at + "/" + name, "unknown operation \"" + found + "\"");
    }
    return all;
  }

  std::string base_url(const Value& object, const std::string& at) {
    const std::string url = text(object, at, "base_url");
    if (!(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/'))
      fail(at + "/base_url", "must start with https:// or http:// and not end with /");
    return url;
  }

  std::string path_prefix(const Value& value, const std::string& at) {
    const std::string_view prefix = value.IsString() ? view(value) : "?";
    if (!prefix.empty() && (!prefix.starts_with('/') || prefix.ends_with('/')))
      fail(at + "/path_prefix", "must be empty, or start with / and not end with it");
    return std::string(prefix);
  }

  template <class Enum>
  Enum word(const Value& object, const std::string& at, const char* name,
            std::optional<Enum> (*from_string)(std::string_view)) {
    const std::string found = text(object, at, name);
    if (const auto known = from_string(found)) return *known;
    fail(at + "/" + name, "unknown word \"" + found + "\"");
    return {};
  }

  std::int64_t tokens(const Value& object, const std::string& at, const char* name) {
    const Value* value = member(object, name);
    if (value != nullptr && value->IsInt64() && value->GetInt64() >= 0 && value->GetInt64() <= tokens_max)
      return value->GetInt64();
    fail(at + "/" + name, "must be a whole number from 0 to 1,000,000,000");
    return 0;
  }

  double score(const Value& object, const std::string& at, const char* name) {
    const Value* value = member(object, name);
    if (value != nullptr && value->IsNumber() && value->GetDouble() >= 0 && value->GetDouble() <= 1)
      return value->GetDouble();
    fail(at + "/" + name, "must be a number from 0 to 1");
    return 0;
  }

  // A pico-USD per token is 1,000 nano-USD per million tokens.
  core::TokenPrice price(const Value& object, const std::string& at, const char* name) {
    constexpr std::int64_t nanos_per_pico_a_token = 1'000;
    constexpr core::Money highest = core::Money::from_cents(100'000'000);
    const auto amount = core::money_from_decimal(text(object, at, name));
    if (amount && *amount >= core::Money() && *amount <= highest && amount->nanos() % nanos_per_pico_a_token == 0)
      return core::TokenPrice::from_picos(amount->nanos() / nanos_per_pico_a_token);
    fail(at + "/" + name, "must be USD per million tokens with at most six places, such as \"0.75\"");
    return {};
  }

  std::optional<Error> fault_;
  std::vector<core::Provider> providers_;
  std::vector<core::Model> models_;
  std::vector<core::Offering> offerings_;
  std::set<core::ProviderId> provider_ids_;
  std::set<core::ModelSlug> model_slugs_;
  std::set<std::tuple<core::ModelSlug, core::ProviderId, core::Mode>> lanes_;
};

}  // namespace

core::Result<core::Catalog> parse_catalog(std::string_view json) {
  return CatalogReader().read(json);
}

core::Catalog built_in_catalog() {
  core::Result<core::Catalog> catalog = parse_catalog(catalog_json);
  INVARIANT(catalog.has_value());
  return *std::move(catalog);
}

}  // namespace schemas
