#include "adapters/kafka/ownership.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/kafka/client.h"
#include "adapters/kafka/topics.h"

namespace adapters::kafka {

namespace {

constexpr int poll_interval_milliseconds = 100;

Properties member_properties(const Settings& settings) {
  const auto poll_interval_max = std::max(settings.session_timeout, std::chrono::milliseconds(60'000));
  return {
      {"group.id", settings.topic_prefix + ".owners"},
      {"partition.assignment.strategy", "range"},
      {"session.timeout.ms", std::to_string(settings.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(settings.heartbeat_interval.count())},
      {"max.poll.interval.ms", std::to_string(poll_interval_max.count())},
      {"enable.partition.eof", "false"},
  };
}

}  // namespace

class GroupOwnership::Member {
 public:
  Member(const Settings& settings, processors::OwnershipListener& listener, processors::Log& log,
         processors::Metrics& metrics)
      : settings_(settings),
        topic_(topic_name(settings, "journal")),
        listener_(listener),
        log_(log),
        metrics_(metrics) {}
  ~Member() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  core::Result<void> start();

 private:
  void run();
  void rebalanced(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions);
  void assign(rd_kafka_topic_partition_list_t* partitions);
  void suspend();
  void leave();
  core::Result<void> ask_coordinator(std::chrono::milliseconds timeout) const;

  const Settings settings_;
  const std::string topic_;
  processors::OwnershipListener& listener_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<Client> client_;
  std::thread thread_;  // last: it uses everything above
};

core::Result<void> GroupOwnership::Member::start() {
  ClientCallbacks callbacks;
  callbacks.rebalanced = [this](rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) {
    rebalanced(code, partitions);
  };
  auto client = Client::create(Client::Kind::consumer, settings_, "owner", member_properties(settings_),
                               std::move(callbacks), log_, metrics_);
  if (!client) return client.error();
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_->handle());
  if (const auto asked = ask_coordinator(settings_.request_timeout); !asked) return asked.error();

  const PartitionList subscription(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(subscription.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(client_->handle(), subscription.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return error_of(code, "joining the group of owners");
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void GroupOwnership::Member::run() {
  while (!stopping_) {
    const Message message(rd_kafka_consumer_poll(client_->handle(), poll_interval_milliseconds));
    if (message == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const core::Error error = error_of(message->err, "sharing partitions in the group of owners");
    processors::warn(log_, "kafka_group_error", {{"reason", std::string_view(error.detail)}});
    metrics_.count("batchrouter_kafka_group_errors_total", {});
  }
  suspend();
  leave();
}

// Called by librdkafka out of rd_kafka_consumer_poll() or rd_kafka_consumer_close().
void GroupOwnership::Member::rebalanced(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !stopping_) return assign(partitions);
  if (!stopping_) {
    if (rd_kafka_assignment_lost(client_->handle()) != 0) {
      processors::warn(log_, "kafka_ownership_lost");
      listener_.lost();
    } else {
      suspend();
    }
  }
  rd_kafka_assign(client_->handle(), nullptr);
}

void GroupOwnership::Member::assign(rd_kafka_topic_partition_list_t* partitions) {
  std::vector<core::Partition> owned;
  for (int i = 0; i < partitions->cnt; ++i) {
    // Not a committed offset, of which there is none: without one, librdkafka would report an error.
    partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
    owned.emplace_back(static_cast<std::uint32_t>(partitions->elems[i].partition));
  }
  rd_kafka_assign(client_->handle(), partitions);
  rd_kafka_pause_partitions(client_->handle(), partitions);
  metrics_.set("batchrouter_kafka_partitions_assigned", {}, static_cast<double>(owned.size()));
  processors::info(log_, "kafka_partitions_assigned", {{"partitions", owned.size()}});
  listener_.assigned(std::move(owned));
}

void GroupOwnership::Member::suspend() {
  // Shared, because `suspended` may be called when nobody waits for it any more; and only its first call counts.
  struct Answer {
    std::atomic<bool> given = false;
    std::promise<void> promise;
  };
  const auto answer = std::make_shared<Answer>();
  auto suspended = answer->promise.get_future();
  listener_.suspend([answer] {
    if (!answer->given.exchange(true)) answer->promise.set_value();
  });
  if (suspended.wait_for(settings_.suspend_timeout) != std::future_status::ready) {
    processors::warn(log_, "kafka_turns_still_running");
  }
}

// librdkafka 2.0.2 may hang or crash when it leaves a group whose coordinator is away.
void GroupOwnership::Member::leave() {
  if (!ask_coordinator(settings_.close_timeout)) return;
  rd_kafka_consumer_close(client_->handle());
}

core::Result<void> GroupOwnership::Member::ask_coordinator(std::chrono::milliseconds timeout) const {
  const std::string doing = "asking for the group " + settings_.topic_prefix + ".owners";
  const PartitionList question(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(question.get(), topic_.c_str(), 0);
  const auto code = rd_kafka_committed(client_->handle(), question.get(), static_cast<int>(timeout.count()));
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
      code == RD_KAFKA_RESP_ERR__WAIT_COORD) {
    core::Error error = client_->unreachable(doing);
    error.detail +=
        " Does this client have the rights Read and Describe on the group?";  // librdkafka keeps it to itself
    return error;
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, doing);
  return {};
}

GroupOwnership::GroupOwnership(Settings settings, processors::Log& log, processors::Metrics& metrics)
    : settings_(std::move(settings)), log_(log), metrics_(metrics) {}

GroupOwnership::~GroupOwnership() {
  stop();
}

core::Result<void> GroupOwnership::start(processors::OwnershipListener& listener) {
  auto member = std::make_unique<Member>(settings_, listener, log_, metrics_);
  if (const auto started = member->start(); !started) return started.error();
  member_ = std::move(member);
  return {};
}

void GroupOwnership::stop() {
  member_.reset();
}

}  // namespace adapters::kafka
