#include "adapters/providers/marks.h"

#include <charconv>

#include "schemas/digest.h"

namespace adapters::providers {
namespace {

constexpr std::size_t prefix_digits = 8;
constexpr std::size_t nonce_digits = 24;

}  // namespace

std::string intent_of(const processors::Attempt& attempt) {
  return attempt.batch.value() + "/" + std::to_string(attempt.unit.value()) + "/" +
         std::to_string(attempt.number.value());
}

CustomIds::CustomIds(const std::string& intent)
    : prefix_(schemas::sha256(intent).value().substr(0, prefix_digits) + "_"), canary_(prefix_ + "canary") {}

std::optional<std::uint32_t> CustomIds::number(std::string_view custom_id) const {
  if (!is_own(custom_id)) return std::nullopt;
  custom_id.remove_prefix(prefix_.size());
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(custom_id.data(), custom_id.data() + custom_id.size(), number);
  if (failure != std::errc() || end != custom_id.data() + custom_id.size()) return std::nullopt;
  return number;
}

Canary::Canary(const std::string& intent) {
  const std::string digest = schemas::sha256("canary/" + intent).value();
  nonce = digest.substr(0, nonce_digits);
  input = R"({"messages":[{"role":"user","content":"Reply with exactly: )" + nonce + R"("}]})";
  std::from_chars(digest.data() + digest.size() - 8, digest.data() + digest.size(), place_seed, 16);
}

}  // namespace adapters::providers
