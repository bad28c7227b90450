// If these fail, partitions are served by two nodes or by none, or trouble with the journal outlives its cause.
#include "processors/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <map>

#include "processors/testing/loop_life.h"
#include "processors/testing/null_log.h"
#include "processors/testing/run_until.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::SizeIs;

constexpr std::uint32_t count = 2;
const core::Partition home = core::partition_of(core::aggregate_of(acme), count);
const core::Partition other(1 - home.value());

class FakeDirectory final : public NodeDirectory {
 public:
  std::optional<NodeAddress> owner(core::Partition partition) const override {
    const auto found = owners.find(partition);
    return found == owners.end() ? std::nullopt : std::optional(found->second);
  }
  void announce(core::Partition partition, core::Epoch epoch) override {
    owners[partition] = {"this", "http://this", epoch};
  }
  std::map<core::Partition, NodeAddress> owners;
};

class NodeTest : public ::testing::Test {
 protected:
  void SetUp() override { settle_with({home, other}); }
  void TearDown() override {
    bool stopped = false;
    node.stop([&] { stopped = true; });
    run_until([&] { return stopped; });
  }

  void settle_with(std::vector<core::Partition> partitions) {
    bool settled = false;
    node.assigned(std::move(partitions));
    node.when_settled([&] { settled = true; });
    run_until([&] { return settled; });
  }
  void run_until(const std::function<bool()>& so) { processors::testing::run_until(context, so); }
  Answers submit(core::Command command) {
    auto answers = std::make_shared<std::vector<core::Result<Answer>>>();
    node.submit(core::aggregate_of(acme), core::CommandId("command"), std::move(command),
                [answers](core::Result<Answer> answer) { answers->push_back(std::move(answer)); });
    return answers;
  }
  core::Result<Answer> carry_out(core::Command command) {
    const Answers answers = submit(std::move(command));
    run_until([&] { return !answers->empty(); });
    return answers->at(0);
  }
  static core::Command create_org() {
    return core::identity::CreateOrg{
        acme, core::UserId("usr_1"), {}, core::Digest("email"), core::Sealed("profile"), token("one")};
  }
  core::Epoch announced() const { return directory.owners.at(home).epoch; }

  boost::asio::io_context context;
  LoopWorld world;
  NullLog log;
  RecordingEffects effects;
  FakeDirectory directory;
  Node node{context.get_executor(),
            context.get_executor(),
            {count, "this", core::Policy{}, world.clock.reader()},
            {world.journal, world.store, effects, world.metrics, log, &directory}};
};

TEST_F(NodeTest, ServesWhatItIsAssigned) {
  EXPECT_TRUE(node.halted().empty());
  EXPECT_TRUE(carry_out(create_org()).has_value());
  EXPECT_EQ(announced(), core::Epoch(1));
  EXPECT_EQ(node.elsewhere(home), std::nullopt);
}

// Broken: an outage of Kafka would have to be mended by hand, or would take the reads with it.
TEST_F(NodeTest, GoesOnByItselfAfterTheJournalWasOutOfReach) {
  ASSERT_TRUE(carry_out(create_org()).has_value());
  effects.started.clear();
  world.journal.fail_next_open();
  world.journal.lose(home, core::ErrorCode::unavailable);
  run_until([&] { return !node.halted().empty(); });
  EXPECT_FALSE(node.halted(home)) << "it can be read";
  EXPECT_EQ(carry_out(core::CompleteEffect{"none"}).error().code, core::ErrorCode::unavailable);
  run_until([&] { return node.halted().empty(); });
  EXPECT_TRUE(carry_out(core::CompleteEffect{"none"}).has_value());
  EXPECT_EQ(announced(), core::Epoch(2));
  EXPECT_THAT(effects.started, SizeIs(1)) << "what is outstanding is carried out for the new term";
}

// Broken: a request that a broker had held back, the record of a takeover given up long ago, would make the log look
// damaged to every node, for good.
TEST_F(NodeTest, ARecordOfATakeoverThatWasGivenUpMayArriveAtAnyTime) {
  for (const bool before_the_next : {true, false}) {
    const core::Epoch newest = announced();
    world.journal.hold_back_next_append();
    world.journal.lose(home, core::ErrorCode::unavailable);
    run_until([&] { return world.journal.holds_back(); });
    if (before_the_next) world.journal.before_next_append([&] { world.journal.deliver_late(); });
    run_until([&] { return node.halted().empty(); });
    if (!before_the_next) world.journal.deliver_late();
    EXPECT_EQ(announced().value(), newest.value() + 2) << "no epoch is used twice";
    EXPECT_EQ(node.halted().size(), 0u);
  }
  ASSERT_TRUE(carry_out(create_org()).has_value());
  FakeStore empty;
  const auto fresh = std::make_shared<PartitionLoop>(
      context.get_executor(), PartitionLoop::Settings{home, count, "next", core::Policy{}, world.clock.reader()},
      world.journal, empty, effects, world.metrics);
  const core::Result<void> recovered = fresh->recover();
  EXPECT_TRUE(recovered.has_value()) << recovered.error().detail;
}

TEST_F(NodeTest, ReturnsToAPartitionThatAnotherOwnerTookWhileItIsAssigned) {
  world.journal.lose(home, core::ErrorCode::fenced);
  run_until([&] { return directory.owners.at(home).epoch == core::Epoch(2); });
  EXPECT_TRUE(carry_out(create_org()).has_value());
}

// Broken: two nodes would answer for one partition, one of them from old rows.
TEST_F(NodeTest, LetsGoOfWhatIsAssignedAwayAndSaysWhereItIs) {
  ASSERT_TRUE(carry_out(create_org()).has_value());
  settle_with({other});
  EXPECT_TRUE(node.halted(home)) << "it cannot be read";
  EXPECT_TRUE(node.halted().empty()) << "nothing is wrong with this node";
  EXPECT_EQ(carry_out(core::CompleteEffect{"none"}).error().code, core::ErrorCode::unavailable);
  directory.owners[home] = {"that", "http://that", core::Epoch(2)};
  EXPECT_EQ(node.elsewhere(home), "http://that");
  EXPECT_EQ(node.elsewhere(other), std::nullopt);

  settle_with({home, other});
  EXPECT_TRUE(carry_out(core::CompleteEffect{"none"}).has_value());
  EXPECT_EQ(node.elsewhere(home), std::nullopt);
}

// Broken: each node that comes or goes would cost every request in flight its answer.
TEST_F(NodeTest, KeepsItsTermsThroughADistribution) {
  bool suspended = false;
  node.suspend([&] { suspended = true; });
  run_until([&] { return suspended; });
  const Answers held = submit(create_org());
  context.restart();
  context.poll();
  EXPECT_TRUE(held->empty());
  node.assigned({home, other});
  run_until([&] { return !held->empty(); });
  EXPECT_TRUE(held->at(0).has_value());
  EXPECT_EQ(announced(), core::Epoch(1));
}

TEST_F(NodeTest, WithoutContactRefusesCommandsAndCanBeRead) {
  ASSERT_TRUE(carry_out(create_org()).has_value());
  node.lost();
  context.restart();
  context.poll();
  EXPECT_EQ(carry_out(core::CompleteEffect{"none"}).error().code, core::ErrorCode::unavailable);
  EXPECT_FALSE(node.halted(home));
  directory.owners[home] = {"that", "http://that", core::Epoch(2)};
  EXPECT_EQ(node.elsewhere(home), "http://that") << "who has taken it meanwhile knows better";
  settle_with({home, other});
  EXPECT_TRUE(carry_out(core::CompleteEffect{"none"}).has_value());
}

// Broken: a damaged log would be served, or tried for ever, or hidden.
TEST_F(NodeTest, StaysHaltedWhereTheLogIsDamaged) {
  ASSERT_TRUE(carry_out(create_org()).has_value());
  settle_with({other});
  world.journal.cut_off(home, core::Offset(1));
  settle_with({home, other});
  ASSERT_EQ(node.halted().size(), 1u);
  EXPECT_EQ(node.halted().front().first, home);
  EXPECT_EQ(node.halted().front().second.code, core::ErrorCode::log_corrupt);
  EXPECT_TRUE(node.halted(home)) << "it cannot be read";
}

TEST_F(NodeTest, StopsWhileATermIsBegunAnew) {
  world.journal.fail_next_open();
  world.journal.lose(home, core::ErrorCode::unavailable);
  run_until([&] { return !node.halted().empty(); });
}

}  // namespace
}  // namespace processors
