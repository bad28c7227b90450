// How a provider's batch is recognised as ours, and its answers as those of their items. Pure functions of the attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processors/ports/lane.h"

namespace adapters::providers {

// "<batch>/<unit>/<attempt>".
std::string intent_of(const processors::Attempt& attempt);

// "<8 hexadecimal digits of the intent's SHA-256>_<item number>", and "…_canary": it says nothing to the provider, and
// an answer of another batch's is noticed.
class CustomIds {
 public:
  explicit CustomIds(const std::string& intent);

  std::string of(std::uint32_t number) const { return prefix_ + std::to_string(number); }
  const std::string& canary() const { return canary_; }
  bool is_own(std::string_view custom_id) const { return custom_id.starts_with(prefix_); }
  // nullopt for other batches' and for the canary's.
  std::optional<std::uint32_t> number(std::string_view custom_id) const;

 private:
  std::string prefix_;
  std::string canary_;
};

// A request whose answer nobody else's can be: where it stands under another id, ids have been mixed up.
struct Canary {
  explicit Canary(const std::string& intent);

  std::string nonce;
  std::string input;  // the body of a chat completion that asks for it
  std::uint64_t place_seed = 0;
};

}  // namespace adapters::providers
