// Broken if Kafka as a journal lost, doubled or reordered a record, confirmed one that does not count, or kept quiet
// about records that are gone.
#include <gtest/gtest.h>

#include "adapters/kafka/journal.h"
#include "adapters/kafka/test_broker.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::kafka {

struct KafkaPlace {
  KafkaPlace() { need_broker(); }
  static void need_broker() { NEEDS_BROKER(); }

  Settings settings = test_settings();
  bool prepared = false;

  std::unique_ptr<processors::Journal> open() {
    if (!prepared && !prepare(settings)) return nullptr;
    prepared = true;
    return make_journal(settings);
  }
};

}  // namespace adapters::kafka

namespace processors {

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, JournalConformance, adapters::kafka::KafkaPlace);

}  // namespace processors
