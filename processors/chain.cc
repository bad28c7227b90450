#include "processors/chain.h"

#include "schemas/digest.h"

namespace processors {

std::string chain_of(const std::string& before, const JournalRecord& record) {
  schemas::Sha256 digest;
  digest.update(before);
  digest.update("\n" + std::to_string(record.epoch.value()) + "\n" + record.instance + "\n" +
                std::to_string(record.time.time_since_epoch().count()) + "\n");
  digest.update(record.value);
  return digest.finish_raw();
}

}  // namespace processors
