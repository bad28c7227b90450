// If these fail, brctl shows another state than the service has.
#include "ops/brctl/live_state.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/rocksdb/state.h"
#include "core/testing/samples.h"
#include "processors/node.h"
#include "processors/state_digest.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"
#include "processors/testing/recording_effects.h"

namespace ops::brctl {
namespace {

constexpr std::uint32_t partitions = 4;

// A service's node over a data directory; destroyed as by kill -9, as far as its state goes, unless it is stopped.
class Running {
 public:
  explicit Running(const std::filesystem::path& data)
      : log(*adapters::embedded_log::EmbeddedLog::open_log({.directory = data / "journal"})),
        state(*adapters::rocksdb::RocksdbState::open_state(data / "state", partitions, {})),
        node(pool.get_executor(), pool.get_executor(), {partitions, "test", {}, clock.reader()},
             {*log, *state, effects, metrics, nothing}) {
    std::promise<void> settled;
    node.when_settled([&] { settled.set_value(); });
    node.own_all();
    settled.get_future().wait();
  }
  ~Running() {
    std::promise<void> stopped;
    node.stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
    pool.join();
    log->stop();
  }

  void sign_up(int number) {
    core::identity::CreateOrg create;
    create.org = core::OrgId("org_" + std::to_string(number));
    create.user = core::UserId("usr_" + std::to_string(number));
    create.email = core::Digest("email" + std::to_string(number));
    std::promise<bool> answered;
    node.submit(core::aggregate_of(create.org), core::CommandId("test"), create,
                [&](const core::Result<processors::Answer>& answer) { answered.set_value(answer.has_value()); });
    ASSERT_TRUE(answered.get_future().get());
  }

  boost::asio::thread_pool pool{2};
  processors::testing::ManualClock clock;
  processors::testing::RecordingEffects effects;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog nothing;
  std::unique_ptr<adapters::embedded_log::EmbeddedLog> log;
  std::unique_ptr<adapters::rocksdb::RocksdbState> state;
  processors::Node node;
};

class LiveStateTest : public ::testing::Test {
 protected:
  LiveStateTest() {
    config.data.directory = data.path().string();
    config.journal.partitions = partitions;
    name_the_journal(data.path());
  }
  // As a service does at its first start.
  static void name_the_journal(const std::filesystem::path& directory) {
    ASSERT_TRUE(adapters::files::write_durably(directory / "journal_identity",
                                               "embedded " + std::to_string(partitions) + "\n"));
  }

  void expect_the_same(const processors::StateStore& served) {
    auto source = Source::open(config);
    ASSERT_TRUE(source.has_value()) << source.error().detail;
    const auto live = LiveState::open(config, **source);
    ASSERT_TRUE(live.has_value()) << live.error().detail;
    for (std::uint32_t number = 0; number < partitions; ++number) {
      const core::Partition partition(number);
      const auto ours = processors::digest_of_state(**live, partition);
      const auto theirs = processors::digest_of_state(served, partition);
      ASSERT_TRUE(ours.has_value() && theirs.has_value());
      EXPECT_EQ(ours->digest, theirs->digest) << "partition " << number;
      EXPECT_EQ((*live)->standing(partition).next, theirs->position.next);
    }
  }

  adapters::files::TemporaryDirectory data;
  Config config;
};

TEST_F(LiveStateTest, IsWhatTheServiceHasBesideIt) {
  Running running(data.path());
  for (int number = 0; number < 20; ++number) running.sign_up(number);
  expect_the_same(*running.state);  // nothing flushed
  ASSERT_TRUE(running.state->flush());
  expect_the_same(*running.state);
  for (int number = 20; number < 40; ++number) running.sign_up(number);
  expect_the_same(*running.state);  // the older half on disk, the newer one in the log's tail
}

TEST_F(LiveStateTest, NeedsNoStateOnDisk) {
  Running running(data.path());
  for (int number = 0; number < 20; ++number) running.sign_up(number);
  config.data.directory = (data.path() / "copy").string();
  std::filesystem::create_directories(data.path() / "copy");
  name_the_journal(data.path() / "copy");
  std::filesystem::copy(data.path() / "journal", data.path() / "copy" / "journal",
                        std::filesystem::copy_options::recursive);
  expect_the_same(*running.state);
}

TEST_F(LiveStateTest, ScansBothWaysAndSeesDeletions) {
  Running running(data.path());
  running.sign_up(1);
  auto source = Source::open(config);
  ASSERT_TRUE(source.has_value()) << source.error().detail;
  const auto opened = LiveState::open(config, **source);
  ASSERT_TRUE(opened.has_value()) << opened.error().detail;
  LiveState& live = **opened;
  const core::Partition partition(0);
  ASSERT_TRUE(live.write(partition, {{"~a", "1"}, {"~b", "2"}, {"~c", "3"}}));
  ASSERT_TRUE(live.write(partition, {{"~b", std::nullopt}}));
  std::string forward, backward;
  const auto into = [](std::string& text) {
    return [&text](std::string_view key, std::string_view value) {
      text.append(key).append(value);
      return true;
    };
  };
  ASSERT_TRUE(live.scan(partition, "~", "~~", into(forward)));
  ASSERT_TRUE(live.scan_reverse(partition, "~", "~~", into(backward)));
  EXPECT_EQ(forward, "~a1~c3");
  EXPECT_EQ(backward, "~c3~a1");
  EXPECT_FALSE(live.get(partition, "~b")->has_value());
}

}  // namespace
}  // namespace ops::brctl
