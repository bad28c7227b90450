#include <utility>

#include "schemas/catalog.h"
#include "schemas/json_codec.h"

namespace schemas {

namespace {

// The members of one object, on one line.
class Line {
 public:
  Line() { writer_.StartObject(); }

  Line& text(const char* name, std::string_view value) {
    writer_.Key(name);
    write_text(writer_, value);
    return *this;
  }
  Line& text_unless_empty(const char* name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  Line& number(const char* name, std::int64_t value) {
    writer_.Key(name);
    writer_.Int64(value);
    return *this;
  }
  Line& score(const char* name, double value) {
    writer_.Key(name);
    writer_.Double(value);
    return *this;
  }
  Line& texts(const char* name, const std::vector<std::string>& values) {
    writer_.Key(name);
    writer_.StartArray();
    for (const std::string& value : values) write_text(writer_, value);
    writer_.EndArray();
    return *this;
  }
  Line& operations(const char* name, const std::vector<core::Operation>& values) {
    std::vector<std::string> words;
    for (const core::Operation value : values) words.emplace_back(to_string(value));
    return texts(name, words);
  }

  std::string end() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }
  // The object stays open for what is appended, the last member of which is an array.
  std::string end_with_array(const char* name) {
    writer_.Key(name);
    writer_.StartArray();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  rapidjson::StringBuffer buffer_;
  JsonWriter writer_{buffer_};
};

std::string provider_line(const core::Provider& provider) {
  Line line;
  line.text("id", provider.id.value())
      .text("display_name", provider.display_name)
      .score("reliability_prior_score", provider.reliability_prior_score)
      .text("protocol", to_string(provider.protocol))
      .text_unless_empty("base_url", provider.base_url)
      .text("path_prefix", provider.path_prefix);
  if (!provider.dialects.empty()) line.operations("dialects", provider.dialects);
  return line.end();
}

std::string model_line(const core::Model& model) {
  return Line()
      .text("slug", model.slug.value())
      .text("display_name", model.display_name)
      .text("vendor", model.vendor.value())
      .operations("operations", model.operations)
      .number("context_tokens_max", model.context_tokens_max)
      .number("output_tokens_max", model.output_tokens_max)
      .score("quality_score", model.quality_score)
      .end_with_array("offerings");
}

std::string offering_line(const core::Offering& offering) {
  return Line()
      .text("provider", offering.provider.value())
      .text("mode", to_string(offering.mode))
      .text_unless_empty("provider_model", offering.provider_model)
      .text("input", usd_per_million(offering.prices.input))
      .text("cached_input", usd_per_million(offering.prices.cached_input))
      .text("output", usd_per_million(offering.prices.output))
      .text("privacy_tier", to_string(offering.privacy_tier))
      .texts("regions", offering.regions)
      .end();
}

// Between the elements of an array, each on a line of its own.
const char* separator(bool first) {
  return first ? "\n" : ",\n";
}

}  // namespace

std::string catalog_to_json(const core::Catalog& catalog) {
  const std::string head = Line().text("version", catalog.version()).end();
  std::string json = head.substr(0, head.size() - 1) + ",\n\"providers\":[";
  bool first = true;
  for (const core::Provider& provider : catalog.providers()) {
    json += separator(std::exchange(first, false)) + provider_line(provider);
  }
  json += "],\n\"models\":[";
  first = true;
  for (const core::Model& model : catalog.models()) {
    json += separator(std::exchange(first, false)) + model_line(model);
    bool first_offering = true;
    for (const std::size_t index : catalog.offerings_of(model.slug))
      json += separator(std::exchange(first_offering, false)) + ("  " + offering_line(catalog.offerings()[index]));
    json += "]}";
  }
  return json + "]}\n";
}

std::string usd_per_million(core::TokenPrice price) {
  constexpr std::int64_t picos_per_usd_a_million = 1'000'000;
  constexpr std::size_t places = 6;
  std::string fraction = std::to_string(price.picos() % picos_per_usd_a_million);
  fraction.insert(0, places - fraction.size(), '0');
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  const std::string whole = std::to_string(price.picos() / picos_per_usd_a_million);
  return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace schemas
