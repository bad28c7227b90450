// One librdkafka handle: configured, logged, and ended in bounded time. For the .cc files of this folder only, so that
// librdkafka's header stays here.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/kafka/settings.h"
#include "core/result.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::kafka {

// What a client wants of librdkafka beyond the common settings, by librdkafka's names.
using Properties = std::vector<std::pair<std::string, std::string>>;

// All run on the thread that polls the handle.
struct ClientCallbacks {
  // Producers: what became of a message.
  std::function<void(const rd_kafka_message_t&)> delivered = {};
  // Producers: the client can do nothing any more and must be made anew.
  std::function<void(core::Error)> fatal = {};
  // Members of a group: RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS or …__REVOKE_PARTITIONS. Must call rd_kafka_assign().
  std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)> rebalanced = {};
};

// Threading: any thread. The destructor waits at most Settings::close_timeout; a librdkafka 2.0.2 that does not come
//            back by then (it happens when a topic was deleted while it was read) is left behind, silent.
// Lifetime:  log and metrics must outlive it; topics and queues made from the handle must be gone before it.
class Client {
 public:
  enum class Kind { producer, consumer };

  // `purpose` is a short word that ends the client id. Makes no connection yet.
  // Errors: configuration_invalid.
  static core::Result<std::unique_ptr<Client>> create(Kind kind, const Settings& settings, std::string_view purpose,
                                                      const Properties& properties, ClientCallbacks callbacks,
                                                      processors::Log& log, processors::Metrics& metrics);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() const { return handle_; }

  // For a call that ran out of time or lost its connection: configuration_invalid when the cluster has refused our
  // credentials or certificates, else unavailable. `doing` says what was tried.
  core::Error unreachable(std::string_view doing) const;

 private:
  struct Shared;
  struct Callbacks;

  Client(std::shared_ptr<Shared> shared, rd_kafka_t* handle, std::chrono::milliseconds close_timeout);

  const std::shared_ptr<Shared> shared_;
  rd_kafka_t* const handle_;
  const std::chrono::milliseconds close_timeout_;
};

// What librdkafka or a broker answered, as an error of ours: missing rights and refused settings become
// configuration_invalid, all else unavailable. `doing` names what was tried, and on which topic or group.
core::Error error_of(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail = {});

// Refuses the properties that we set ourselves.
core::Result<void> check_client_properties(const Settings& settings);

template <auto destroy>
struct Destroy {
  void operator()(auto* object) const { destroy(object); }
};

using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;

}  // namespace adapters::kafka
