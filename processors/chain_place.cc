#include "processors/chain_place.h"

#include "processors/chain.h"
#include "schemas/digest.h"

namespace processors {

schemas::ChainPlace chain_beginning() {
  return {core::Epoch(0), "", std::string(64, '0')};
}

core::Result<bool> follow(schemas::ChainPlace& place, const JournalRecord& record) {
  if (!counts(record, place.epoch, place.instance)) return false;
  const std::string chain = chain_of(place.chain, record);
  const bool opens = record.epoch > place.epoch;
  if (record.chain != chain && !(opens && record.chain == unknown_chain))
    return core::Error{core::ErrorCode::log_corrupt, "the hash chain of the journal is broken"};
  place = {record.epoch, record.instance, schemas::to_hex(chain)};
  return true;
}

}  // namespace processors
