// If these fail, who watches a batch is shown too much, too little, or never its end.
#include "api/batch_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

namespace api {
namespace {

using core::batch::Batch;
using core::batch::Phase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class BatchEventsTest : public ::testing::Test {
 protected:
  BatchEventsTest() {
    batch.id = core::BatchId("bat_1");
    batch.plan.item_count = 10;
    batch.version = 1;
  }

  void open(EventId after) {
    source.emplace([this] { return read(); }, [this] { return may_read; }, after, nullptr,
                   BatchEvents::Timing{.poll = 1ms, .heartbeat = 20ms});
  }

  // The batch as it is at each look; the last one stays.
  core::Result<Batch> read() {
    if (looks.empty()) return batch;
    batch = looks.front();
    looks.erase(looks.begin());
    return batch;
  }

  // A later look at it.
  void then(std::uint64_t version, Phase phase, std::uint32_t succeeded) {
    Batch later = looks.empty() ? batch : looks.back();
    later.version = version;
    later.phase = phase;
    later.closed.tally.succeeded = succeeded;
    looks.push_back(later);
  }

  core::Result<std::string> next() {
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, source->next(64 * 1024), boost::asio::use_future);
    context.run();
    return done.get();
  }

  // "3-5 batch.progress" of what came; "" for the end.
  std::string event() {
    for (;;) {
      const core::Result<std::string> piece = next();
      if (piece.has_error()) return "error";
      if (piece->empty()) return "";
      const std::size_t id = piece->find("id: ");
      if (id == std::string::npos) continue;
      const std::size_t name = piece->find("\nevent: ");
      const std::size_t data = piece->find("\ndata: ");
      return piece->substr(id + 4, name - id - 4) + piece->substr(name + 7, data - name - 7);
    }
  }

  Batch batch;
  std::vector<Batch> looks;
  core::Result<void> may_read;
  std::optional<BatchEvents> source;
};

TEST_F(BatchEventsTest, ShowsABatchFromItsBeginningToItsEnd) {
  then(3, Phase::queued, 0);
  then(4, Phase::processing, 2);
  then(5, Phase::processing, 4);
  then(7, Phase::completed, 10);
  open({});
  const std::string first = *next();
  EXPECT_THAT(first, StartsWith("retry: 2000\n\nid: 3-0\nevent: batch.status\ndata: {"));
  EXPECT_THAT(first, HasSubstr(R"("request_counts":{"total":10,"completed":0,)"));
  EXPECT_TRUE(first.ends_with("}\n\n"));
  EXPECT_EQ(event(), "4-2 batch.status");
  EXPECT_EQ(event(), "5-4 batch.progress");
  EXPECT_EQ(event(), "7-10 batch.completed");
  EXPECT_EQ(event(), "");
  EXPECT_EQ(event(), "");
}

TEST_F(BatchEventsTest, SendsNothingThatTheClientHasSeen) {
  then(3, Phase::processing, 3);
  then(4, Phase::processing, 4);
  then(5, Phase::failed, 4);
  open({3, 3});
  EXPECT_EQ(event(), "4-4 batch.status");
  EXPECT_EQ(event(), "5-4 batch.failed");
  open({4, 4});
  EXPECT_EQ(event(), "5-4 batch.failed");
  EXPECT_EQ(event(), "");
}

TEST_F(BatchEventsTest, NeverGoesBackAndRepeatsNothing) {
  then(3, Phase::processing, 5);
  then(4, Phase::processing, 2);
  then(5, Phase::processing, 5);
  then(6, Phase::processing, 6);
  then(7, Phase::cancelled, 5);  // the end is told in any case
  open({});
  EXPECT_EQ(event(), "3-5 batch.status");
  EXPECT_EQ(event(), "6-6 batch.progress");
  EXPECT_EQ(event(), "7-5 batch.cancelled");
}

TEST_F(BatchEventsTest, NeverGoesBackOverAResume) {
  then(4, Phase::processing, 2);
  then(5, Phase::processing, 5);
  open(*event_id_from("3-5"));
  EXPECT_EQ(event(), "5-5 batch.status");
  for (const char* text : {"", "3", "3-", "-5", "3-5-", "3 -5", "-1-5", "99999999999999999999-1"})
    EXPECT_FALSE(event_id_from(text)) << text;
}

TEST_F(BatchEventsTest, AsksWhetherTheReaderMayReadWhileEventsFlow) {
  batch.plan.item_count = 100'000;
  may_read = core::Error{core::ErrorCode::invalid_session, "ended"};
  open({});
  std::string seen;
  for (std::uint32_t done = 1; done < batch.plan.item_count && seen != "error"; ++done) {
    then(done + 1, Phase::processing, done);
    seen = event();
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(seen, "error");
}

TEST_F(BatchEventsTest, ShowsThatItLivesUntilTheReaderMayReadNoMore) {
  open({1, 0});
  EXPECT_EQ(*next(), "retry: 2000\n\n");
  EXPECT_EQ(*next(), ":\n\n");
  EXPECT_EQ(*next(), ":\n\n");
  may_read = core::Error{core::ErrorCode::invalid_session, "ended"};
  EXPECT_EQ(event(), "error");
}

TEST(EventStreams, AreBoundedForEachOrg) {
  const auto streams = std::make_shared<EventStreams>();
  const core::OrgId one("org_1"), other("org_2");
  std::vector<std::unique_ptr<EventStreams::Place>> places;
  for (int i = 0; i < 32; ++i) {
    places.push_back(streams->enter(one));
    ASSERT_TRUE(places.back());
  }
  EXPECT_FALSE(streams->enter(one));
  EXPECT_TRUE(streams->enter(other));
  places.pop_back();
  EXPECT_TRUE(streams->enter(one));
}

}  // namespace
}  // namespace api
