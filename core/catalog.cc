#include "core/catalog.h"

#include <utility>

namespace core {

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::responses: return "responses";
    case Operation::chat_completions: return "chat_completions";
    case Operation::messages: return "messages";
    case Operation::embeddings: return "embeddings";
  }
  return "";
}

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::batch: return "batch";
    case Mode::sync: return "sync";
  }
  return "";
}

std::string_view to_string(PrivacyTier tier) {
  switch (tier) {
    case PrivacyTier::standard: return "standard";
    case PrivacyTier::no_training: return "no_training";
    case PrivacyTier::zero_retention: return "zero_retention";
  }
  return "";
}

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::openai: return "openai";
    case Protocol::anthropic: return "anthropic";
    case Protocol::openai_compatible: return "openai_compatible";
  }
  return "";
}

namespace {
template <class Enum>
std::optional<Enum> from_string(std::string_view text, std::initializer_list<Enum> values) {
  for (const Enum value : values) {
    if (to_string(value) == text) return value;
  }
  return std::nullopt;
}
}  // namespace

std::optional<Operation> operation_from_string(std::string_view text) {
  return from_string(text,
                     {Operation::responses, Operation::chat_completions, Operation::messages, Operation::embeddings});
}

std::optional<Mode> mode_from_string(std::string_view text) {
  return from_string(text, {Mode::batch, Mode::sync});
}

std::optional<PrivacyTier> privacy_tier_from_string(std::string_view text) {
  return from_string(text, {PrivacyTier::standard, PrivacyTier::no_training, PrivacyTier::zero_retention});
}

std::optional<Protocol> protocol_from_string(std::string_view text) {
  return from_string(text, {Protocol::openai, Protocol::anthropic, Protocol::openai_compatible});
}

Catalog::Catalog(std::string version, std::vector<Provider> providers, std::vector<Model> models,
                 std::vector<Offering> offerings)
    : version_(std::move(version)),
      providers_(std::move(providers)),
      models_(std::move(models)),
      offerings_(std::move(offerings)) {
  for (std::size_t i = 0; i < models_.size(); ++i) model_index_.emplace(models_[i].slug, i);
  for (std::size_t i = 0; i < offerings_.size(); ++i) offering_index_[offerings_[i].model].push_back(i);
}

const Model* Catalog::model(const ModelSlug& slug) const {
  const auto found = model_index_.find(slug);
  return found == model_index_.end() ? nullptr : &models_[found->second];
}

const Provider* Catalog::provider(const ProviderId& id) const {
  for (const Provider& provider : providers_) {
    if (provider.id == id) return &provider;
  }
  return nullptr;
}

const std::vector<std::size_t>& Catalog::offerings_of(const ModelSlug& slug) const {
  static const std::vector<std::size_t> none;
  const auto found = offering_index_.find(slug);
  return found == offering_index_.end() ? none : found->second;
}

namespace {

std::optional<Prices> cheapest_prices(const Catalog& catalog, const ModelSlug& model, Mode mode) {
  std::optional<Prices> cheapest;
  const auto sum = [](const Prices& prices) { return prices.input.picos() + prices.output.picos(); };
  for (const std::size_t index : catalog.offerings_of(model)) {
    const Offering& offering = catalog.offerings()[index];
    if (offering.mode != mode) continue;
    if (!cheapest || sum(offering.prices) < sum(*cheapest)) cheapest = offering.prices;
  }
  return cheapest;
}

Prices half(const Prices& prices) {
  const auto halve = [](TokenPrice price) { return TokenPrice::from_picos((price.picos() + 1) / 2); };
  return {halve(prices.input), halve(prices.cached_input), halve(prices.output)};
}

}  // namespace

std::optional<Prices> Catalog::list_prices(const ProviderId& provider, const ModelSlug& model) const {
  for (const std::size_t index : offerings_of(model)) {
    const Offering& offering = offerings_[index];
    if (offering.provider == provider && offering.mode == Mode::sync) return offering.prices;
  }
  return std::nullopt;
}

Catalog with_simulated_provider(const Catalog& catalog) {
  const ProviderId simulated{std::string(simulated_provider)};
  std::vector<Provider> providers = catalog.providers();
  providers.push_back({simulated, "Simulated", 1.0, true});

  std::vector<Offering> offerings = catalog.offerings();
  for (const Model& model : catalog.models()) {
    std::optional<Prices> sync = cheapest_prices(catalog, model.slug, Mode::sync);
    std::optional<Prices> batch = cheapest_prices(catalog, model.slug, Mode::batch);
    if (!sync && !batch) continue;  // nobody sells it: there is no list price
    if (!sync) sync = batch;
    if (!batch) batch = half(*sync);
    const std::vector<std::string> everywhere = {"global", "us", "eu"};
    offerings.push_back({simulated, model.slug, Mode::sync, *sync, PrivacyTier::zero_retention, everywhere});
    offerings.push_back({simulated, model.slug, Mode::batch, *batch, PrivacyTier::zero_retention, everywhere});
  }
  return Catalog(catalog.version() + "+simulated", std::move(providers), catalog.models(), std::move(offerings));
}

}  // namespace core
