// A journal of a million events, which scripts/bench has made; see tests/load_generator.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/result.h"
#include "ops/brctl/source.h"
#include "ops/config.h"
#include "schemas/journal_codec.h"

namespace million {

// The data directory; empty where there is none.
inline std::string directory() {
  const char* const named = std::getenv("BATCHROUTER_BENCH_DATA");
  return named == nullptr ? std::string() : std::string(named);
}

inline ops::Config config() {
  ops::Config config;
  config.data.directory = directory();
  return config;
}

// Counted by themselves, to hold against what a benchmark says that it has read. 0: they cannot be read.
inline std::uint64_t count_events() {
  const auto source = ops::brctl::Source::open(config());
  if (source.has_error()) return 0;
  std::uint64_t events = 0;
  bool good = true;
  const auto read = (*source)->records()->read_on([&](core::Partition, const processors::StoredRecord& stored) {
    const auto group = schemas::decode_group(stored.record.value);
    good = good && group.has_value();
    if (good) events += group->size();
    return good;
  });
  return good && read.has_value() ? events : 0;
}

}  // namespace million
