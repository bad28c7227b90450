// What can be bought: models, and the offerings of them by providers. Facts only; routing chooses among them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/money.h"

namespace core {

// The request dialect of an item; its `input` is that operation's request body without `model`.
enum class Operation { responses, chat_completions, messages, embeddings };
enum class Mode { batch, sync };
// Ordered: a stricter tier satisfies a laxer one.
enum class PrivacyTier { standard, no_training, zero_retention };
// How a provider's API behaves. `openai_compatible`: OpenAI's paths, without its batches, and lenient elsewhere.
enum class Protocol { openai, anthropic, openai_compatible };

std::string_view to_string(Operation operation);
std::string_view to_string(Mode mode);
std::string_view to_string(PrivacyTier tier);
std::string_view to_string(Protocol protocol);
std::optional<Operation> operation_from_string(std::string_view text);
std::optional<Mode> mode_from_string(std::string_view text);
std::optional<PrivacyTier> privacy_tier_from_string(std::string_view text);
std::optional<Protocol> protocol_from_string(std::string_view text);

struct Prices {
  TokenPrice input;
  TokenPrice cached_input;
  TokenPrice output;
  friend bool operator==(const Prices&, const Prices&) = default;
};

struct Model {
  ModelSlug slug;
  std::string display_name;
  ProviderId vendor;  // who made it
  std::vector<Operation> operations;
  std::int64_t context_tokens_max = 0;
  std::int64_t output_tokens_max = 0;  // 0 for embeddings
  double quality_score = 0;            // 0 to 1, a static prior
};

// A provider selling one model in one mode.
struct Offering {
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Prices prices;
  PrivacyTier privacy_tier = PrivacyTier::standard;  // the strictest tier it meets
  std::vector<std::string> regions;                  // every place it may run in: "global", "us", "eu", …
  std::string provider_model = {};                   // the provider's own name for it; empty: the slug
  friend bool operator==(const Offering&, const Offering&) = default;
};

struct Provider {
  ProviderId id;
  std::string display_name;
  double reliability_prior_score = 0;  // 0 to 1
  bool simulated = false;
  Protocol protocol = Protocol::openai_compatible;
  // An operation is at base_url + path_prefix + its path, as "https://api.openai.com" + "/v1" + "/chat/completions".
  std::string base_url = {};  // empty: not known, the operator has to say
  std::string path_prefix = "/v1";
  std::vector<Operation> dialects = {};  // the operations that it speaks natively; empty: all
  friend bool operator==(const Provider&, const Provider&) = default;
};

// Immutable once made.
class Catalog {
 public:
  Catalog() = default;
  Catalog(std::string version, std::vector<Provider> providers, std::vector<Model> models,
          std::vector<Offering> offerings);

  const std::string& version() const { return version_; }  // names the price book; kept by quotes
  const std::vector<Provider>& providers() const { return providers_; }
  const std::vector<Model>& models() const { return models_; }
  const std::vector<Offering>& offerings() const { return offerings_; }

  const Model* model(const ModelSlug& slug) const;
  const Provider* provider(const ProviderId& id) const;
  // Indices into offerings() of one model's, in catalog order.
  const std::vector<std::size_t>& offerings_of(const ModelSlug& slug) const;
  // Of a synchronous call to this provider; nothing where it offers none.
  std::optional<Prices> list_prices(const ProviderId& provider, const ModelSlug& model) const;

 private:
  std::string version_;
  std::vector<Provider> providers_;
  std::vector<Model> models_;
  std::vector<Offering> offerings_;
  std::map<ModelSlug, std::size_t> model_index_;
  std::map<ModelSlug, std::vector<std::size_t>> offering_index_;
};

// The provider that answers in this process, without a network or a key. Real catalogs may not name it.
constexpr std::string_view simulated_provider = "simulated";

// The same catalog with every model also sold by the simulated provider, in both modes, at the list price of the
// model's cheapest offering in that mode: batch at half the synchronous price where nobody sells one.
Catalog with_simulated_provider(const Catalog& catalog);

}  // namespace core
