#include "processors/node.h"

#include <future>
#include <utility>

namespace processors {

Node::Node(boost::asio::any_io_executor executor, Settings settings, Journal& journal, StateStore& store,
           EffectRunner& effects, Metrics& metrics)
    : settings_(std::move(settings)) {
  for (std::uint32_t i = 0; i < settings_.partition_count; ++i) {
    PartitionLoop::Settings loop{core::Partition(i), settings_.instance, settings_.policy, settings_.now};
    loops_.push_back(std::make_unique<PartitionLoop>(executor, std::move(loop), journal, store, effects, metrics));
  }
}

void Node::recover() {
  for (const auto& loop : loops_) static_cast<void>(loop->recover());  // a failure is kept by the loop: halted()
}

void Node::start() {
  for (const auto& loop : loops_) loop->start();
}

void Node::stop() {
  std::vector<std::future<void>> stopping;
  for (const auto& loop : loops_) {
    auto stopped = std::make_shared<std::promise<void>>();
    stopping.push_back(stopped->get_future());
    loop->stop([stopped] { stopped->set_value(); });
  }
  for (std::future<void>& one : stopping) one.wait();
}

void Node::submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) {
  const core::Partition partition = core::partition_of(aggregate, settings_.partition_count);
  core::Envelope envelope{std::move(id), std::move(aggregate), settings_.now(), std::move(command)};
  loops_[partition.value()]->submit(std::move(envelope), std::move(answered));
}

std::optional<core::Error> Node::halted(core::Partition partition) const {
  return loops_[partition.value()]->halted();
}

std::vector<std::pair<core::Partition, core::Error>> Node::halted() const {
  std::vector<std::pair<core::Partition, core::Error>> reasons;
  for (std::uint32_t i = 0; i < loops_.size(); ++i) {
    if (const auto error = loops_[i]->halted()) reasons.emplace_back(core::Partition(i), *error);
  }
  return reasons;
}

}  // namespace processors
