// If these fail, downloads are not what was delivered, or reach those who hold no link.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "adapters/blobs/local_blobs.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/rocksdb/state.h"
#include "adapters/vault/local_vault.h"
#include "api/resources/resources.h"
#include "processors/artifacts.h"

namespace api::resources {
namespace {

using processors::Artifact;

struct NoBus final : processors::CommandBus {
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered) override { std::abort(); }
};
struct NoMetrics final : processors::Metrics {
  void count(std::string_view, processors::Labels, double) override {}
  void set(std::string_view, processors::Labels, double) override {}
  void observe_seconds(std::string_view, processors::Labels, double) override {}
};
struct NoLog final : processors::Log {
  void write(Level, std::string_view, processors::Fields) override {}
};

struct Answered {
  int status = 0;
  http::Headers headers;
  std::string body;
};

http::awaitable<Answered> call(const http::Handler& handler, http::Request& request) {
  http::Response response = co_await handler(request);
  Answered answered{response.status, response.headers, response.body};
  while (response.stream) {
    const core::Result<std::string> piece = co_await response.stream->next(7);
    EXPECT_TRUE(piece.has_value());
    if (piece.has_error() || piece->empty()) break;
    answered.body += *piece;
  }
  co_return answered;
}

// What is on disk: made once, as the tests only read it.
struct Stores {
  template <class Row>
  void put(const Row& row) {
    ASSERT_TRUE(state->write(core::Partition(0), {{schemas::row_key<Row>(row.key()), schemas::encode_row(row)}}));
  }

  // A batch that has ended, its units with these bytes of output and none of the rest.
  void end_batch(const std::vector<std::string>& outputs) {
    core::batch::Batch batch;
    batch.org = file.org;
    batch.id = file.batch;
    batch.phase = core::batch::Phase::completed;
    for (std::uint32_t i = 0; i < outputs.size(); ++i) {
      core::batch::Unit unit;
      unit.org = file.org;
      unit.batch = file.batch;
      unit.index = core::UnitIndex(i);
      unit.phase = core::batch::UnitPhase::closed;
      unit.progress.segments.output = outputs[i].size();
      batch.closed += unit.progress;
      put(unit);
      if (outputs[i].empty()) continue;
      const auto segment = *blobs->open_segment(processors::segment_name(unit, Artifact::output));
      ASSERT_TRUE(segment->append(outputs[i]));
      ASSERT_TRUE(segment->append("beyond\n"));  // never reported
      content += outputs[i];
    }
    put(batch);
  }

  adapters::files::TemporaryDirectory directory;
  std::unique_ptr<adapters::rocksdb::RocksdbState> state =
      *adapters::rocksdb::RocksdbState::open_state(directory.path() / "state", 1, {});
  std::unique_ptr<adapters::blobs::LocalBlobs> blobs = *adapters::blobs::LocalBlobs::open(directory.path() / "blobs");
  std::unique_ptr<adapters::vault::LocalVault> vault = *adapters::vault::LocalVault::open(directory.path() / "keys");
  const processors::FileReference file{core::OrgId("org_" + std::string(26, '1')),
                                       core::BatchId("bat_" + std::string(26, '2')), Artifact::output};
  std::string content;
};

class FilesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    stores = std::make_unique<Stores>();
    stores->end_batch({"{\"a\":1}\n{\"b\":2}\n", "", "{\"c\":3}\n", "{\"d\":4}\n{\"e\":5}\n"});
  }
  static void TearDownTestSuite() { stores.reset(); }

  FilesTest() {
    add_files(router, app);
    add_service(router, app);
  }

  std::string link(Artifact artifact = Artifact::output) const {
    processors::FileReference other = file;
    other.artifact = artifact;
    return app.links.link(other, now + std::chrono::minutes(1));
  }

  void get(const std::string& url, std::vector<http::Headers::Field> headers = {},
           http::Method method = http::Method::get) {
    http::Request request;
    request.method = method;
    request.path = url.substr(0, url.find('?'));
    for (std::string rest = url.substr(request.path.size()); !rest.empty();) {
      const std::size_t end = rest.find('&', 1);
      const std::string pair = rest.substr(1, end == std::string::npos ? end : end - 1);
      request.query_parameters.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      rest = end == std::string::npos ? "" : rest.substr(end);
    }
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    http::Router::Match match = router.match(method, request.path);
    ASSERT_NE(match.route, nullptr);
    request.path_parameters = std::move(match.path_parameters);
    boost::asio::io_context context;
    auto answer = boost::asio::co_spawn(context, call(match.route->handler, request), boost::asio::use_future);
    context.run();
    const Answered answered = answer.get();
    status = answered.status;
    fields = answered.headers;
    body = answered.body;
  }
  std::string header(std::string_view name) const { return std::string(fields.get(name).value_or("")); }

  static inline std::unique_ptr<Stores> stores;

  boost::asio::thread_pool pool{1};
  core::Timestamp now{std::chrono::seconds(1'800'000'000)};
  std::vector<std::pair<core::Partition, core::Error>> halted;
  NoBus bus;
  NoMetrics metrics;
  NoLog log;
  core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  const App app{{},
                bus,
                processors::StateReader(*stores->state, 1),
                *stores->vault,
                *stores->blobs,
                processors::FileLinks(*stores->vault, ""),
                catalog,
                {},
                passwords,
                pool.get_executor(),
                pool.get_executor(),
                [this] { return now; },
                [this] { return halted; },
                [] { return std::string("up 1\n"); },
                metrics,
                log};
  http::Router router;
  const processors::FileReference& file = stores->file;
  const std::string& content = stores->content;

  int status = 0;
  http::Headers fields;
  std::string body;
};

TEST_F(FilesTest, SendsTheSegmentsOfAllUnitsInOrder) {
  get(link());
  EXPECT_EQ(status, 200);
  EXPECT_EQ(body, content);
  EXPECT_EQ(header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(header("Content-Disposition"), "attachment; filename=\"" + file.batch.value() + "_output.jsonl\"");
  EXPECT_EQ(header("Accept-Ranges"), "bytes");
  EXPECT_EQ(header("Cache-Control"), "private, no-cache");

  get(link(Artifact::review));  // nothing to review: a file all the same
  EXPECT_EQ(status, 200);
  EXPECT_EQ(body, "");
}

TEST_F(FilesTest, SendsEveryRange) {
  for (std::size_t from = 0; from < content.size(); ++from) {
    for (std::size_t to = from; to < content.size(); ++to) {
      const std::string range = std::to_string(from) + "-" + std::to_string(to);
      get(link(), {{"Range", "bytes=" + range}});
      ASSERT_EQ(status, 206);
      ASSERT_EQ(body, content.substr(from, to - from + 1)) << range;
      ASSERT_EQ(header("Content-Range"), "bytes " + range + "/" + std::to_string(content.size()));
    }
  }
  get(link(), {{"Range", "bytes=" + std::to_string(content.size()) + "-"}});
  EXPECT_EQ(status, 416);
  EXPECT_EQ(header("Content-Range"), "bytes */" + std::to_string(content.size()));
  get(link(), {{"Range", "bytes=0-1"}}, http::Method::head);
  EXPECT_EQ(status, 200);
}

TEST_F(FilesTest, TellsAClientThatHasTheFileAlready) {
  get(link());
  const std::string tag = header("ETag");
  EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"'));
  get(link(), {{"If-None-Match", "\"other\", " + tag}, {"Range", "bytes=0-1"}});
  EXPECT_EQ(status, 304);
  EXPECT_EQ(body, "");
  get(link(Artifact::error));
  EXPECT_NE(header("ETag"), tag);
}

TEST_F(FilesTest, WantsALinkOfOursThatHasNotExpired) {
  const std::string good = link();
  const std::string path = good.substr(0, good.find('?'));
  std::string changed = good;
  changed.back() = changed.back() == '0' ? '1' : '0';
  std::string other_kind = good;
  other_kind.replace(other_kind.find("_output?"), 8, "_review?");
  for (const std::string& url : {path, path + "?expires=1900000000", changed, other_kind}) {
    get(url);
    EXPECT_EQ(status, 403) << url;
    EXPECT_NE(body.find("signature_invalid"), std::string::npos) << body;
  }
  now += std::chrono::minutes(1);
  get(good);
  EXPECT_EQ(status, 403);
  EXPECT_NE(body.find("signature_expired"), std::string::npos) << body;
  get(good + "&more=1");
  EXPECT_EQ(status, 400);
}

TEST_F(FilesTest, IsNotThereWithoutABatch) {
  processors::FileReference unknown = file;
  unknown.batch = core::BatchId("bat_" + std::string(26, '3'));
  get(app.links.link(unknown, now + std::chrono::minutes(1)));
  EXPECT_EQ(status, 404);
}

TEST_F(FilesTest, ServiceTellsWhetherItIsReady) {
  get("/healthz");
  EXPECT_EQ(body, R"({"status":"ok"})");
  get("/metrics");
  EXPECT_EQ(body, "up 1\n");
  EXPECT_EQ(header("Content-Type"), "text/plain; version=0.0.4");
  get("/readyz");
  EXPECT_EQ(status, 200);
  halted.emplace_back(core::Partition(3), core::Error{core::ErrorCode::log_corrupt, "the chain is broken"});
  get("/readyz?probe=1");
  EXPECT_EQ(status, 503);
  EXPECT_NE(body.find(R"({"partition":3,"code":"log_corrupt","detail":"the chain is broken"})"), std::string::npos);
  get("/v1/runtime");
  EXPECT_EQ(status, 200);
  EXPECT_NE(body.find(R"("checkout":false)"), std::string::npos);
}

}  // namespace
}  // namespace api::resources
