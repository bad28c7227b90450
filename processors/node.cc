#include "processors/node.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace processors {

namespace {

constexpr auto pause_first = std::chrono::milliseconds(100);
constexpr auto pause_after_fencing = std::chrono::milliseconds(1'500);  // longer than a heartbeat of the group
constexpr auto pause_max = std::chrono::seconds(5);
constexpr auto stable_after = std::chrono::seconds(10);     // a term that lasts this long has not failed
constexpr auto suspend_patience = std::chrono::seconds(5);  // commands wait this long for the next distribution
constexpr auto last_turn_time = std::chrono::seconds(5);    // then its outcome stays unknown

// Whether a new term may mend it.
bool passing(const core::Error& error) {
  return error.code == core::ErrorCode::fenced || error.code == core::ErrorCode::unavailable ||
         error.code == core::ErrorCode::overloaded;
}

core::Error not_here(const char* why) {
  return {core::ErrorCode::unavailable, why};
}

}  // namespace

Node::Node(boost::asio::any_io_executor executor, boost::asio::any_io_executor blocking, Settings settings,
           Environment environment)
    : settings_(std::move(settings)),
      environment_(environment),
      strand_(boost::asio::make_strand(executor)),
      blocking_(std::move(blocking)) {
  const auto undistributed =
      std::make_shared<const core::Error>(not_here("the partitions are not distributed yet; try again"));
  for (std::uint32_t i = 0; i < settings_.partition_count; ++i) {
    slots_.push_back(std::make_unique<Slot>(core::Partition(i)));
    slots_.back()->unserved_for = undistributed;
  }
}

// --- what the ownership says ----------------------------------------------------------------------------------------

void Node::suspend(std::function<void()> suspended) {
  boost::asio::post(strand_, [this, suspended = std::move(suspended)] {
    suspended_ = true;
    // Called when the last of them is.
    const std::shared_ptr<void> all(nullptr, [suspended](void*) { suspended(); });
    for (const auto& slot : slots_) {
      if (slot->phase == Phase::serving) slot->term->suspend(suspend_patience, [all] {});
    }
  });
}

void Node::assigned(std::vector<core::Partition> partitions) {
  boost::asio::post(strand_, [this, partitions = std::move(partitions)] {
    distributed_ = true;
    suspended_ = false;
    info(environment_.log, "partitions_assigned", {{"count", partitions.size()}, {"of", slots_.size()}});
    for (const auto& slot : slots_) {
      slot->owned = std::find(partitions.begin(), partitions.end(), slot->partition) != partitions.end();
      if (slot->owned && slot->phase == Phase::serving) {
        slot->unserved_for.store(nullptr);
        slot->term->resume();
      }
      proceed(*slot);
    }
    check_settled();
  });
}

void Node::lost() {
  boost::asio::post(strand_, [this] {
    suspended_ = true;
    warn(environment_.log, "ownership_lost");
    for (const auto& slot : slots_) {
      if (slot->phase != Phase::serving) continue;
      slot->unserved_for = std::make_shared<const core::Error>(
          not_here("contact with the other nodes is lost, who may own this partition by now; try again"));
      slot->term->suspend(std::chrono::milliseconds(0), [] {});
    }
  });
}

void Node::own_all() {
  std::vector<core::Partition> all;
  for (const auto& slot : slots_) all.push_back(slot->partition);
  assigned(std::move(all));
}

// --- terms ----------------------------------------------------------------------------------------------------------

void Node::proceed(Slot& slot) {
  const bool wanted = slot.wanted = slot.owned && !stopping_;
  switch (slot.phase) {
    case Phase::idle:
      if (wanted && !suspended_) open(slot);  // else with the next assignment
      break;
    case Phase::opening:
    case Phase::closing: break;
    case Phase::serving:
      if (!wanted) end(slot);
      break;
    case Phase::pausing:
    case Phase::halted:
      if (wanted) break;
      slot.timer.reset();
      slot.failures = 0;
      slot.phase = Phase::idle;
      break;
  }
  if (!slot.owned) {
    slot.readable = false;
    slot.unserved_for = std::make_shared<const core::Error>(not_here("another node owns this partition; try again"));
  }
  report();
}

void Node::open(Slot& slot) {
  slot.phase = Phase::opening;
  slot.ended.reset();
  slot.opened_at.reset();
  slot.term = std::make_shared<PartitionLoop>(
      boost::asio::any_io_executor(strand_.get_inner_executor()),
      PartitionLoop::Settings{slot.partition, settings_.partition_count, settings_.instance, settings_.policy,
                              settings_.now, slot.tried, [&slot] { return slot.wanted.load(); }, settings_.confirmed,
                              environment_.commands, environment_.history, environment_.snapshots},
      environment_.journal, environment_.store, environment_.effects, environment_.metrics);
  boost::asio::post(blocking_, [this, &slot, term = slot.term] {
    core::Result<void> recovered = term->recover();
    boost::asio::post(strand_, [this, &slot, recovered = std::move(recovered)] { opened(slot, recovered); });
  });
}

void Node::opened(Slot& slot, core::Result<void> recovered) {
  slot.phase = Phase::serving;
  slot.tried = slot.term->tried();
  if (recovered.has_error()) {
    slot.ended = recovered.error();
    return end(slot);
  }
  slot.opened_at = std::chrono::steady_clock::now();
  const core::Epoch epoch = slot.term->term()->epoch;
  slot.epoch = epoch;
  debug(environment_.log, "partition_opened", {{"partition", slot.partition.value()}, {"epoch", epoch.value()}});
  slot.term->start([this, &slot, term = std::weak_ptr(slot.term)](core::Error error) {
    boost::asio::post(strand_, [this, &slot, term, error = std::move(error)] {
      if (slot.phase != Phase::serving || slot.term != term.lock()) return;
      slot.ended = error;
      end(slot);
    });
  });
  if (suspended_) slot.term->suspend(suspend_patience, [] {});
  slot.readable = true;
  slot.unserved_for.store(nullptr);
  slot.loop = slot.term;
  if (environment_.directory != nullptr && slot.wanted) environment_.directory->announce(slot.partition, epoch);
  if (settings_.served) settings_.served(slot.partition, true);
  proceed(slot);
  check_settled();
}

void Node::end(Slot& slot) {
  slot.phase = Phase::closing;
  const bool served = slot.loop.exchange(nullptr) != nullptr;
  slot.unserved_for = std::make_shared<const core::Error>(
      slot.ended ? *slot.ended : not_here("this partition is moving to another node; try again"));
  if (served && settings_.served) settings_.served(slot.partition, false);
  slot.timer = std::make_unique<boost::asio::steady_timer>(strand_, last_turn_time);
  slot.timer->async_wait([this, &slot, term = slot.term](const boost::system::error_code& error) {
    if (!error) boost::asio::post(blocking_, [term] { term->close(); });
  });
  slot.term->stop([this, &slot] { boost::asio::post(strand_, [this, &slot] { give_back(slot); }); });
}

void Node::give_back(Slot& slot) {
  slot.timer.reset();
  boost::asio::post(blocking_, [this, &slot, term = slot.term] {
    term->close();
    boost::asio::post(strand_, [this, &slot] { closed(slot); });
  });
}

void Node::closed(Slot& slot) {
  slot.term.reset();
  slot.phase = Phase::idle;
  if (slot.ended && slot.owned && !stopping_) {
    if (passing(*slot.ended))
      pause(slot);
    else
      halt(slot);
  }
  proceed(slot);
  check_settled();
}

void Node::pause(Slot& slot) {
  if (slot.opened_at && std::chrono::steady_clock::now() - *slot.opened_at > stable_after) slot.failures = 0;
  // Who was replaced is told by the ownership, a moment later perhaps, whether it should be the owner again.
  const auto first = slot.ended->code == core::ErrorCode::fenced ? pause_after_fencing : pause_first;
  const auto delay = std::min<std::chrono::milliseconds>(first * (1 << std::min(slot.failures, 10)), pause_max);
  ++slot.failures;
  warn(environment_.log, "partition_unserved",
       {{"partition", slot.partition.value()}, {"reason", slot.ended->detail}, {"again_in_ms", delay.count()}});
  slot.phase = Phase::pausing;
  slot.timer = std::make_unique<boost::asio::steady_timer>(strand_, delay);
  slot.timer->async_wait([this, &slot](const boost::system::error_code& error) {
    if (error || slot.phase != Phase::pausing) return;
    slot.phase = Phase::idle;
    proceed(slot);
  });
}

void Node::halt(Slot& slot) {
  slot.phase = Phase::halted;
  slot.readable = false;
  environment_.metrics.count("batchrouter_partitions_halted_total", {});
  processors::error(environment_.log, "partition_halted",
                    {{"partition", slot.partition.value()}, {"reason", slot.ended->detail}});
}

void Node::check_settled() {
  const auto in = [](const Slot& slot, std::initializer_list<Phase> phases) {
    return std::find(phases.begin(), phases.end(), slot.phase) != phases.end();
  };
  const bool settled = distributed_ && std::all_of(slots_.begin(), slots_.end(), [&](const auto& slot) {
                         return in(*slot, slot->owned ? std::initializer_list{Phase::serving, Phase::halted}
                                                      : std::initializer_list{Phase::idle});
                       });
  if (settled && settled_) std::exchange(settled_, nullptr)();
  const bool none_left = std::all_of(slots_.begin(), slots_.end(), [&](const auto& slot) {
    return in(*slot, {Phase::idle, Phase::halted});
  });
  if (stopping_ && none_left && stopped_) std::exchange(stopped_, nullptr)();
}

void Node::report() {
  const auto count = [&](auto is) {
    return static_cast<double>(
        std::count_if(slots_.begin(), slots_.end(), [&](const auto& slot) { return is(*slot); }));
  };
  environment_.metrics.set("batchrouter_partitions_owned", {},
                           count([](const Slot& slot) { return slot.owned.load(); }));
  environment_.metrics.set("batchrouter_partitions_served", {},
                           count([](const Slot& slot) { return slot.phase == Phase::serving; }));
}

void Node::when_settled(std::function<void()> settled) {
  boost::asio::post(strand_, [this, settled = std::move(settled)]() mutable {
    settled_ = std::move(settled);
    check_settled();
  });
}

void Node::stop(std::function<void()> stopped) {
  boost::asio::post(strand_, [this, stopped = std::move(stopped)]() mutable {
    stopping_ = true;
    stopped_ = std::move(stopped);
    for (const auto& slot : slots_) proceed(*slot);
    check_settled();
  });
}

// --- the door -------------------------------------------------------------------------------------------------------

void Node::submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) {
  const core::Partition partition = core::partition_of(aggregate, settings_.partition_count);
  const std::shared_ptr<PartitionLoop> loop = slots_[partition.value()]->loop.load();
  if (loop == nullptr) return answered(PartitionLoop::not_served());
  loop->submit({std::move(id), std::move(aggregate), settings_.now(), std::move(command)}, std::move(answered));
}

std::optional<std::string> Node::elsewhere(core::Partition partition) const {
  if (environment_.directory == nullptr) return std::nullopt;
  const std::optional<NodeAddress> owner = environment_.directory->owner(partition);
  if (!owner || owner->instance == settings_.instance) return std::nullopt;
  const Slot& slot = *slots_[partition.value()];
  if (slot.owned && slot.epoch.load() >= owner->epoch) return std::nullopt;  // opened here, and not announced yet
  if (slot.owned && slot.loop.load() == nullptr && !slot.readable) return std::nullopt;  // being opened here
  return owner->url;
}

std::optional<core::Error> Node::halted(core::Partition partition) const {
  const Slot& slot = *slots_[partition.value()];
  if (slot.readable) return std::nullopt;
  const std::shared_ptr<const core::Error> why = slot.unserved_for.load();
  return why ? *why : not_here("try again");
}

std::vector<std::pair<core::Partition, core::Error>> Node::halted() const {
  std::vector<std::pair<core::Partition, core::Error>> reasons;
  for (const auto& slot : slots_) {
    const std::shared_ptr<const core::Error> why = slot->unserved_for.load();
    if (why && (slot->owned || !distributed_)) reasons.emplace_back(slot->partition, *why);
  }
  return reasons;
}

}  // namespace processors
