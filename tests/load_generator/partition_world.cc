#include "tests/load_generator/partition_world.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "processors/state_digest.h"
#include "schemas/tokens.h"

namespace load_generator {

namespace {

constexpr core::Duration tick_length = std::chrono::seconds(20);

std::uint64_t seed_of(std::uint64_t seed, core::Partition partition) {
  return adapters::simulated::Random(seed * 1'000'003 + partition.value()).next();
}

}  // namespace

PartitionWorld::PartitionWorld(boost::asio::io_context& context, Settings settings, processors::Journal& journal,
                               processors::StateStore& store, processors::EffectRunner& effects)
    : settings_(std::move(settings)),
      store_(store),
      strand_(boost::asio::make_strand(context)),
      random_(seed_of(settings_.seed, settings_.partition)),
      now_(settings_.begin) {
  processors::PartitionLoop::Settings loop;
  loop.partition = settings_.partition;
  loop.partition_count = settings_.partition_count;
  loop.instance = "journal_load";
  loop.now = [this] { return now_; };
  loop.confirmed = [this](core::Partition, core::Offset next) { confirmed(next); };
  loop_ = std::make_shared<processors::PartitionLoop>(strand_, std::move(loop), journal, store, effects, metrics_);
}

void PartitionWorld::run(std::function<void(std::optional<core::Error>)> ended) {
  ended_ = std::move(ended);
  loop_->start([this](core::Error error) { end(std::move(error)); });
  boost::asio::post(strand_, [this] { tick(); });
}

void PartitionWorld::later(core::Duration delay, Act act) {
  agenda_.emplace(now_ + delay, std::move(act));
}

void PartitionWorld::submit(core::AggregateKey aggregate, std::string id, core::Command command, Then then) {
  ++unanswered_;
  core::Envelope envelope{core::CommandId(std::move(id)), std::move(aggregate), now_, std::move(command)};
  loop_->submit(std::move(envelope), [this, then = std::move(then)](core::Result<processors::Answer> answer) {
    if (answer.has_error()) ++refusals_;
    then(answer);
    // Not here: effects of this turn are still to be handed out, and belong to the next tick.
    if (--unanswered_ == 0) boost::asio::post(strand_, [this] { tick(); });
  });
}

void PartitionWorld::tick() {
  while (unanswered_ == 0 && !agenda_.empty()) {
    now_ = std::max(now_ + tick_length, agenda_.begin()->first);
    while (!agenda_.empty() && agenda_.begin()->first <= now_) {
      const Act act = std::move(agenda_.extract(agenda_.begin()).mapped());
      act();
    }
  }
  if (unanswered_ == 0) end(std::nullopt);
}

void PartitionWorld::confirmed(core::Offset next) {
  const auto& at = settings_.digests_at;
  if (digests_begun_ == at.size() || events() < at[digests_begun_]) return;
  while (digests_begun_ < at.size() && events() >= at[digests_begun_]) ++digests_begun_;
  const core::Result<processors::StateDigest> state = processors::digest_of_state(store_, settings_.partition);
  if (state.has_error()) return end(state.error());
  digests_.push_back({settings_.partition, core::Offset(next.value() - 1), state->digest.value()});
}

void PartitionWorld::end(std::optional<core::Error> error) {
  if (!ended_) return;
  loop_->stop([ended = std::exchange(ended_, {}), error = std::move(error)] { ended(error); });
}

std::string PartitionWorld::ulid() {
  std::string text(schemas::ulid_digits, '0');
  auto time =
      static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(now_).time_since_epoch().count());
  for (std::size_t i = 10; i-- > 0; time >>= 5) text[i] = schemas::crockford_digits[time & 31];
  for (std::size_t i = 10; i < text.size(); ++i) text[i] = schemas::crockford_digits[random_.below(32)];
  return text;
}

core::Digest PartitionWorld::digest() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text(64, '0');
  for (std::size_t i = 0; i < text.size();) {
    for (std::uint64_t bits = random_.next(), end = i + 16; i < end; bits >>= 4) text[i++] = digits[bits & 15];
  }
  return core::Digest(std::move(text));
}

}  // namespace load_generator
