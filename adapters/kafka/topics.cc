#include "adapters/kafka/topics.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "adapters/kafka/client.h"

namespace adapters::kafka {

namespace {

using core::ErrorCode;
using Clock = std::chrono::steady_clock;
using Configuration = std::map<std::string, std::string>;

core::Error wrong(std::string text) {
  return {ErrorCode::configuration_invalid, "Kafka: " + std::move(text)};
}

int milliseconds(std::chrono::milliseconds duration) {
  return static_cast<int>(duration.count());
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? value : -1;
}

std::string written_out(const TopicPlan& plan, const Settings& settings) {
  std::string text = std::to_string(plan.partitions) + " partitions, replication factor " +
                     std::to_string(settings.replication_factor) + " or more";
  for (const auto& [name, value] : plan.configuration) text += ", " + name + "=" + value;
  return text;
}

// One admin request and its answer.
class Admin {
 public:
  Admin(const Client& client, std::chrono::milliseconds timeout)
      : client_(client), timeout_(timeout), queue_(rd_kafka_queue_new(client.handle())) {}

  core::Result<Event> create_topic(const Settings& settings, const TopicPlan& plan) {
    char text[512] = "";
    const std::string name = topic_name(settings, plan.word);
    const std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>> topic(rd_kafka_NewTopic_new(
        name.c_str(), static_cast<int>(plan.partitions), settings.replication_factor, text, sizeof text));
    if (topic == nullptr) return wrong("topic " + name + " cannot be created: " + text);
    for (const auto& [setting, value] : plan.configuration) {
      rd_kafka_NewTopic_set_config(topic.get(), setting.c_str(), value.c_str());
    }
    rd_kafka_NewTopic_t* topics[] = {topic.get()};
    const auto options = make_options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), milliseconds(timeout_), nullptr, 0);
    rd_kafka_CreateTopics(client_.handle(), topics, 1, options.get(), queue_.get());
    return answer("creating topic " + name);
  }

  core::Result<Event> describe_topic(const std::string& name) {
    const std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>> resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    rd_kafka_ConfigResource_t* resources[] = {resource.get()};
    const auto options = make_options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(client_.handle(), resources, 1, options.get(), queue_.get());
    return answer("asking for the settings of topic " + name);
  }

 private:
  using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

  Options make_options(rd_kafka_admin_op_t operation) const {
    Options options(rd_kafka_AdminOptions_new(client_.handle(), operation));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds(timeout_), nullptr, 0);
    return options;
  }

  core::Result<Event> answer(const std::string& doing) {
    Event event(rd_kafka_queue_poll(queue_.get(), milliseconds(timeout_) + 1'000));
    if (event == nullptr) return client_.unreachable(doing);
    const auto code = rd_kafka_event_error(event.get());
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT) return client_.unreachable(doing);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, doing, rd_kafka_event_error_string(event.get()));
    return event;
  }

  const Client& client_;
  const std::chrono::milliseconds timeout_;
  const Queue queue_;
};

// Of a topic that is there.
struct Found {
  std::uint32_t partitions = 0;
  bool all_led = false;  // every partition has a leader
};

core::Result<std::optional<Found>> find_topic(const Client& client, const std::string& name,
                                              std::chrono::milliseconds timeout) {
  const std::string doing = "asking for topic " + name;
  const Topic topic(rd_kafka_topic_new(client.handle(), name.c_str(), nullptr));
  if (topic == nullptr) return error_of(rd_kafka_last_error(), doing);
  const rd_kafka_metadata_t* answered = nullptr;
  const auto code = rd_kafka_metadata(client.handle(), 0, topic.get(), &answered, milliseconds(timeout));
  rd_kafka_poll(client.handle(), 0);  // lets the client learn why it has no connection
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT) return client.unreachable(doing);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, doing);
  const std::unique_ptr<const rd_kafka_metadata_t, Destroy<rd_kafka_metadata_destroy>> metadata(answered);
  if (metadata->topic_cnt != 1) return std::optional<Found>();

  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<Found>();
  if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    return wrong("this client may not see topic " + name + ", or it does not exist: grant Describe, Read and Write");
  }
  if (found.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) return std::optional(Found{});
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(found.err, doing);
  return std::optional(Found{
      .partitions = static_cast<std::uint32_t>(found.partition_cnt),
      .all_led = std::all_of(found.partitions, found.partitions + found.partition_cnt,
                             [](const rd_kafka_metadata_partition_t& partition) { return partition.leader >= 0; })});
}

core::Result<void> create_topic(Admin& admin, const Settings& settings, const TopicPlan& plan) {
  const std::string name = topic_name(settings, plan.word);
  const auto event = admin.create_topic(settings, plan);
  if (!event) return event.error();
  std::size_t count = 0;
  const auto* const result = rd_kafka_event_CreateTopics_result(event->get());
  const auto* const* const topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(topics[i]);
    // Another node was quicker; what it created is checked like any other.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    core::Error error = error_of(code, "creating topic " + name, rd_kafka_topic_result_error_string(topics[i]));
    if (error.code == ErrorCode::configuration_invalid) {
      error.detail += "; correct this, or create it yourself with " + written_out(plan, settings);
    }
    return error;
  }
  return {};
}

core::Result<Configuration> read_configuration(Admin& admin, const std::string& name) {
  const auto event = admin.describe_topic(name);
  if (!event) return event.error();
  std::size_t count = 0;
  const auto* const result = rd_kafka_event_DescribeConfigs_result(event->get());
  const auto* const* const resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  Configuration configuration;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(resources[i]);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      return wrong("this client may not read the settings of topic " + name +
                   ", which must be checked before money depends on them: grant DescribeConfigs on it");
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return error_of(code, "asking for the settings of topic " + name,
                      rd_kafka_ConfigResource_error_string(resources[i]));
    }
    std::size_t entry_count = 0;
    const auto* const* const entries = rd_kafka_ConfigResource_configs(resources[i], &entry_count);
    for (std::size_t j = 0; j < entry_count; ++j) {
      const char* const value = rd_kafka_ConfigEntry_value(entries[j]);
      configuration[rd_kafka_ConfigEntry_name(entries[j])] = value == nullptr ? "" : value;
    }
  }
  return configuration;
}

// Whether what is there serves as well as what was planned. Only what would lose or refuse records counts: how long a
// public topic is kept is the operator's business.
bool serves(const TopicPlan& plan, const std::string& setting, const std::string& wanted, const std::string& there) {
  const bool is_journal = plan.word == "journal";
  if (setting == "max.message.bytes" || setting == "min.insync.replicas") return number(there) >= number(wanted);
  if (setting == "cleanup.policy") return is_journal ? there == wanted : there.find(wanted) != std::string::npos;
  if (setting == "retention.ms" || setting == "retention.bytes" || setting == "unclean.leader.election.enable") {
    return !is_journal || there == wanted;
  }
  return true;
}

core::Result<void> check_topic(Admin& admin, const Settings& settings, const TopicPlan& plan, const Found& found) {
  const std::string name = topic_name(settings, plan.word);
  if (found.partitions != plan.partitions) {
    return wrong("topic " + name + " has " + std::to_string(found.partitions) + " partitions and " +
                 std::to_string(plan.partitions) +
                 " are configured. What was written stays where it is, so the number cannot change: configure " +
                 std::to_string(found.partitions) + ", or name another topic prefix for a new service");
  }
  const auto configuration = read_configuration(admin, name);
  if (!configuration) return configuration.error();
  for (const auto& [setting, wanted] : plan.configuration) {
    const auto there = configuration->find(setting);
    if (there == configuration->end() || serves(plan, setting, wanted, there->second)) continue;
    return wrong("topic " + name + " has " + setting + "=" + there->second + ", which would lose or refuse records; " +
                 "it has to be " + wanted + ": kafka-configs.sh --alter --entity-type topics --entity-name " + name +
                 " --add-config " + setting + "=" + wanted);
  }
  return {};
}

// A topic is not usable at once after it was created.
core::Result<Found> wait_for_topic(const Client& client, const std::string& name, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const auto found = find_topic(client, name, timeout);
    if (!found) return found.error();
    if (*found && (*found)->all_led) return **found;
    if (Clock::now() >= deadline) {
      return core::Error{ErrorCode::unavailable,
                         "Kafka: topic " + name + " has partitions without a leader; are all brokers up?"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

std::string topic_name(const Settings& settings, std::string_view word) {
  return settings.topic_prefix + "." + std::string(word);
}

std::vector<TopicPlan> topic_plans(const Settings& settings) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const Pairs common{
      {"max.message.bytes", "10485760"},
      {"min.insync.replicas", std::to_string(settings.min_insync_replicas)},
      {"unclean.leader.election.enable", "false"},
      {"compression.type", "producer"},
  };
  const auto with = [&](Pairs own) {
    own.insert(own.end(), common.begin(), common.end());
    return own;
  };
  const Pairs kept_for_ever = with({{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}});
  const Pairs kept_a_week = with({{"cleanup.policy", "delete"}, {"retention.ms", "604800000"}});
  const Pairs newest_of_each_key = with({{"cleanup.policy", "compact"}});
  // Read from the beginning at every start: small segments, since the one being written is never compacted.
  const Pairs newest_of_few_keys =
      with({{"cleanup.policy", "compact"}, {"segment.bytes", "16777216"}, {"min.cleanable.dirty.ratio", "0.1"}});
  return {
      {"journal", settings.partitions, kept_for_ever},       {"quotes", settings.partitions, kept_for_ever},
      {"ledger", settings.partitions, kept_for_ever},        {"dispatch", settings.partitions, kept_for_ever},
      {"batches", settings.partitions, newest_of_each_key},  {"nodes", 1, newest_of_few_keys},
      {"progress", settings.partitions, newest_of_few_keys}, {"commands", settings.partitions, kept_a_week},
  };
}

core::Result<Cluster> prepare_topics(const Settings& settings, processors::Log& log, processors::Metrics& metrics) {
  // A consumer, because a producer's question for a topic may create it, with whatever the broker's defaults are.
  const auto made = Client::create(Client::Kind::consumer, settings, "topics", {}, {}, log, metrics);
  if (!made) return made.error();
  const Client& client = **made;

  Cluster cluster;
  Admin admin(client, settings.request_timeout);
  for (const TopicPlan& plan : topic_plans(settings)) {
    const std::string name = topic_name(settings, plan.word);
    const auto found = find_topic(client, name, settings.request_timeout);
    if (!found) return found.error();
    if (!*found) {
      if (!settings.create_topics) {
        return wrong("topic " + name + " is missing, and creating topics is switched off: create it with " +
                     written_out(plan, settings));
      }
      if (const auto created = create_topic(admin, settings, plan); !created) return created.error();
      cluster.created.push_back(name);
      processors::info(log, "kafka_topic_created", {{"topic", std::string_view(name)}});
    }
    const auto usable = wait_for_topic(client, name, settings.request_timeout);
    if (!usable) return usable.error();
    if (const auto checked = check_topic(admin, settings, plan, *usable); !checked) return checked.error();
  }

  char* const id = rd_kafka_clusterid(client.handle(), milliseconds(settings.request_timeout));
  if (id == nullptr) return client.unreachable("asking for the cluster's id");
  cluster.id = id;
  rd_kafka_mem_free(client.handle(), id);
  return cluster;
}

}  // namespace adapters::kafka
