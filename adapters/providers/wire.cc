#include "adapters/providers/wire.h"

#include <algorithm>

namespace adapters::providers {
namespace {

constexpr std::size_t id_bytes_max = 256;

}  // namespace

std::unique_ptr<Wire> make_wire(const ProviderSettings& settings) {
  switch (settings.protocol) {
    case core::Protocol::openai:
    case core::Protocol::openai_compatible: return make_openai_wire(settings);
    case core::Protocol::anthropic: return make_anthropic_wire(settings);
  }
  return nullptr;
}

core::Operation choose_dialect(core::Operation operation, const std::vector<core::Operation>& dialects) {
  const auto spoken = [&](core::Operation wanted) {
    return std::find(dialects.begin(), dialects.end(), wanted) != dialects.end();
  };
  if (operation == core::Operation::embeddings || spoken(operation)) return operation;
  for (const auto other : {core::Operation::chat_completions, core::Operation::messages, core::Operation::responses}) {
    if (spoken(other)) return other;
  }
  return operation;
}

bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= id_bytes_max && id != "." && id != ".." &&
         std::all_of(id.begin(), id.end(), [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                  (letter >= 'A' && letter <= 'Z') || letter == '_' || letter == '-' || letter == '.' ||
                  letter == ':' || letter == '=';
         });
}

}  // namespace adapters::providers
