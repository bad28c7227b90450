#include "adapters/providers/results_check.h"

#include "schemas/digest.h"

namespace adapters::providers {

void ResultsCheck::add(const ResultLine& line) {
  if (!ids_.is_own(line.custom_id)) {
    ++foreign_;
    return;
  }
  ++own_;
  if (line.custom_id == ids_.canary()) return;
  if (line.body.find(nonce_) != std::string::npos) nonce_elsewhere_ = true;
  const auto number = ids_.number(line.custom_id);
  if (!number || !line.executed) return;
  std::string digest = schemas::sha256_raw(std::to_string(line.status) + " " + line.body);
  const auto [entry, first] = seen_.try_emplace(*number, Seen{digest});
  if (first || entry->second.digest == digest) return;
  entry->second.differs = true;
  ++differing_;
}

bool ResultsCheck::stands(std::uint32_t number) const {
  const auto entry = seen_.find(number);
  return entry != seen_.end() && !entry->second.differs;
}

}  // namespace adapters::providers
