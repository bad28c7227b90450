// A journal record as a Kafka message: the group is the value, what the journal says of it are headers.
// For the .cc files of this folder only.
//
//   epoch     decimal: of the owner that wrote it
//   instance  text: which process wrote it
//   time      decimal: microseconds since 1970-01-01T00:00:00Z
//   chain     32 raw bytes
//   sequence  decimal: rises with each append of a process in a partition, so that it knows its own records again
//
// There is no key: a group holds events of several aggregates, the partition is chosen, and Kafka refuses records
// without a key in a compacted topic, so that nobody can let the journal be thinned out by mistake.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>

#include "core/result.h"
#include "processors/ports/journal.h"

namespace adapters::kafka {

// Who wrote a record, without a copy of what is in it.
struct Origin {
  core::Epoch epoch;
  std::string instance;
  std::int64_t sequence = 0;
};

// Hands the record to librdkafka, which copies it; does not wait.
// RD_KAFKA_RESP_ERR__QUEUE_FULL when librdkafka holds as much as it may.
rd_kafka_resp_err_t produce_record(rd_kafka_t* producer, rd_kafka_topic_t* topic, core::Partition partition,
                                   const processors::JournalRecord& record, std::int64_t sequence);

// Errors: log_corrupt, naming the place.
core::Result<Origin> origin_of(const rd_kafka_message_t& message);
core::Result<processors::StoredRecord> record_of(const rd_kafka_message_t& message);

}  // namespace adapters::kafka
