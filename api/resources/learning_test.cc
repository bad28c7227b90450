// If these fail, customers cannot say what the results were worth, or cannot see where their work went and why; or one
// org sees what is another's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "api/render_quote.h"
#include "api/resources/resources.h"
#include "core/testing/scenario.h"
#include "processors/testing/service.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api::resources {
namespace {

using core::batch::Batch;
using core::batch::Phase;
using core::batch::Unit;
using core::learning::LaneDay;
using http::Method;
using ::testing::HasSubstr;

const core::ProviderId lab = processors::testing::lab;
const core::ModelSlug small("small");
const core::OrgId acme("org_" + std::string(26, '1'));
const core::OrgId other("org_" + std::string(26, '2'));
const core::BatchId batch_id("bat_" + std::string(26, '3'));

// Carries out feedback on the batches it was told of, as a partition's loop would.
class FeedbackBus final : public processors::CommandBus {
 public:
  explicit FeedbackBus(processors::testing::FakeStore& store) : store_(store) {}

  void submit(core::AggregateKey, core::CommandId, core::Command command, processors::Answered answered) override {
    const core::Result<core::Decision> decision = scenario.when(command);
    if (decision.has_error()) return answered(decision.error());
    scenario.given(decision->events);
    const auto& feedback = scenario.row<core::batch::Feedback>({acme, batch_id});
    EXPECT_TRUE(store_.write(core::Partition(0), {{schemas::row_key<core::batch::Feedback>(feedback.key()),
                                                   schemas::encode_row(feedback)}}));
    answered(processors::Answer{decision->subject, false, {}});
  }

  core::testing::Scenario scenario{acme};

 private:
  processors::testing::FakeStore& store_;
};

class Board final : public processors::LaneBoard {
 public:
  std::vector<processors::LaneStatus> closed_lanes() const override { return lanes; }
  std::vector<processors::LaneStatus> lanes;
};

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;

  // As JSON text; empty: there is none.
  std::string at(const char* pointer) const {
    rapidjson::Document json;
    json.Parse(body.c_str());
    const rapidjson::Value* value = json.HasParseError() ? nullptr : rapidjson::Pointer(pointer).Get(json);
    if (value == nullptr) return "";
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer(text);
    value->Accept(writer);
    return text.GetString();
  }
};

http::awaitable<void> call(const http::Handler& handler, http::Request& request, std::optional<Answer>& answer) {
  http::Response response = co_await handler(request);
  Answer whole{response.status, response.headers, response.body};
  while (response.stream) {
    const core::Result<std::string> piece = co_await response.stream->next(1'000);
    EXPECT_TRUE(piece.has_value());
    if (piece.has_error() || piece->empty()) break;
    EXPECT_LE(piece->size(), 1'000u);
    whole.body += *piece;
  }
  answer = std::move(whole);
}

class LearningApi : public ::testing::Test {
 protected:
  LearningApi() {
    add_feedback(router, app);
    add_route_receipt(router, app);
    add_results(router, app);
    add_files(router, app);
    add_catalog(router, app);
    add_catalog_providers(router, app);
    add_catalog_rankings(router, app);
    for (const core::OrgId& org : {acme, other}) {
      core::identity::Org owner;
      owner.id = org;
      put(owner);
      core::identity::Session session;
      session.token = schemas::sha256(token_of(org));
      session.org = org;
      session.expires_at = clock.now() + std::chrono::days(400);
      put(session);
    }
  }

  static std::string token_of(const core::OrgId& org) {
    return std::string(schemas::session_token_prefix) + org.value().substr(4) + std::string(43, 'a');
  }

  template <class Row>
  void put(const Row& row) {
    ASSERT_TRUE(store.write(core::Partition(0), {{schemas::row_key<Row>(row.key()), schemas::encode_row(row)}}));
  }

  Answer ask(Method method, const std::string& url, const std::string& body = {}, const core::OrgId& org = acme) {
    http::Request request;
    request.method = method;
    request.path = url.substr(0, url.find('?'));
    for (std::string rest = url.substr(request.path.size()); !rest.empty();) {
      const std::size_t end = rest.find('&', 1);
      const std::string pair = rest.substr(1, end == std::string::npos ? end : end - 1);
      request.query_parameters.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
      rest = end == std::string::npos ? "" : rest.substr(end);
    }
    const http::Router::Match match = router.match(method, request.path);
    if (match.route == nullptr) return {};
    request.path_parameters = match.path_parameters;
    request.headers.set("Authorization", "Bearer " + token_of(org));
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = body;
    std::optional<Answer> answer;
    boost::asio::co_spawn(context, call(match.route->handler, request, answer), boost::asio::detached);
    processors::testing::run_until(context, [&] { return answer.has_value(); });
    return answer.value_or(Answer{});
  }
  Answer get(const std::string& url, const core::OrgId& org = acme) { return ask(Method::get, url, {}, org); }

  static core::batch::LaneShare share(core::Mode mode, std::uint32_t succeeded) {
    core::batch::LaneShare share;
    share.provider = lab;
    share.model = small;
    share.mode = mode;
    share.succeeded = succeeded;
    share.charged = core::Money::from_cents(succeeded);
    return share;
  }
  Batch make_batch(Phase phase, std::uint32_t units = 1) {
    Batch batch;
    batch.org = acme;
    batch.id = batch_id;
    batch.phase = phase;
    batch.quote = core::QuoteId("qlock_1");
    batch.plan.unit_count = units;
    batch.plan.item_count = 4 * units;
    core::quote::Route route;
    route.provider = lab;
    route.model = small;
    route.mode = core::Mode::batch;
    route.observed_confidence_score = 0.75;
    route.reliability_prior_score = 0.9;
    route.lanes = {{lab, small, core::Mode::batch, {core::TokenPrice::from_picos(500'000), {}, {}}},
                   {lab, small, core::Mode::sync, {core::TokenPrice::from_picos(1'000'000), {}, {}}}};
    batch.plan.routes = {route};
    batch.shares = {share(core::Mode::batch, 3), share(core::Mode::sync, 1)};
    put(batch);
    bus.scenario.state.put(batch);
    return batch;
  }
  core::quote::Quote make_quote() {
    core::quote::Quote quote;
    quote.org = acme;
    quote.id = core::QuoteId("qlock_1");
    quote.catalog_version = "prices of March";
    quote.plan.routes = bus.scenario.row<Batch>({acme, batch_id}).plan.routes;
    quote.rejected = {{small, core::ProviderId("dear"), "sync", "confidence_too_low", ""},
                      {small, core::ProviderId("odd"), "sync", "not_translatable", "n above 1"}};
    put(quote);
    return quote;
  }
  LaneDay make_day(int days_ago, core::Mode mode, std::uint64_t succeeded, std::uint64_t lane_faults) {
    LaneDay day;
    day.day = std::chrono::floor<std::chrono::days>(clock.now()) - std::chrono::days(days_ago);
    day.provider = lab;
    day.model = small;
    day.mode = mode;
    day.succeeded = day.items_settled = succeeded;
    day.lane_faults = lane_faults;
    day.input_tokens = 10 * static_cast<std::int64_t>(succeeded);
    day.charged = core::Money::from_cents(static_cast<std::int64_t>(succeeded));
    put(day);
    return day;
  }

  const std::string feedback = "/v1/batches/" + batch_id.value() + "/feedback";
  const std::string receipt = "/v1/batches/" + batch_id.value() + "/route-receipt";

  boost::asio::io_context context;
  processors::testing::FakeStore store;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::ManualClock clock;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  FeedbackBus bus{store};
  Board board;
  const core::Catalog catalog = processors::testing::sample_catalog();
  adapters::passwords::PasswordHasher passwords;
  const processors::StateReader reader{store, 1};
  const processors::LaneScores lane_scores{reader, clock.reader(), &board};
  const App app{.settings = {},
                .bus = bus,
                .reader = reader,
                .vault = vault,
                .blobs = blobs,
                .links = processors::FileLinks(vault, ""),
                .catalog = catalog,
                .lanes = {{lab, core::Mode::batch, true}},
                .passwords = passwords,
                .blocking = context.get_executor(),
                .now = clock.reader(),
                .halted_partitions = {},
                .render_metrics = {},
                .metrics = metrics,
                .log = log,
                .lane_scores = &lane_scores,
                .lane_board = &board};
  http::Router router;
};

// --- feedback -------------------------------------------------------------------------------------------------------

TEST_F(LearningApi, FeedbackIsKeptAndCreditedToTheLanesThatDidTheWork) {
  make_batch(Phase::completed);
  const Answer before = get(feedback);
  EXPECT_EQ(before.status, 200);
  EXPECT_EQ(before.at("/signal"), "null");
  EXPECT_EQ(before.at("/attribution/0/items"), "3");

  const Answer put = ask(Method::put, feedback, R"({"quality_score":0.8,"outcome":"accepted","note":"fine"})");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.at("/signal/quality_score"), "0.8");
  EXPECT_EQ(put.at("/signal/outcome"), R"("accepted")");
  EXPECT_EQ(put.at("/signal/note"), R"("fine")");
  EXPECT_EQ(put.at("/attribution/0/mode"), R"("batch")");
  EXPECT_EQ(put.at("/attribution/0/share"), "0.75");
  EXPECT_EQ(put.at("/attribution/1/share"), "0.25");
  EXPECT_EQ(put.body, get(feedback).body);
  const auto& row = bus.scenario.row<core::batch::Feedback>({acme, batch_id});
  EXPECT_EQ(row.note->text(), "for " + acme.value() + ":fine") << "sealed";
}

TEST_F(LearningApi, AnOutcomeAloneIsAScoreAndTheNewestStands) {
  make_batch(Phase::completed);
  for (const auto& [outcome, score] :
       {std::pair("accepted", "1.0"), std::pair("accepted_with_edits", "0.6"), std::pair("rejected", "0.0")}) {
    const Answer put = ask(Method::put, feedback, std::string(R"({"outcome":")") + outcome + "\"}");
    EXPECT_EQ(std::stod(put.at("/signal/quality_score")), std::stod(score)) << put.body;
    EXPECT_EQ(put.at("/signal/note"), "null");
  }
  const core::learning::Judgement& judgement =
      bus.scenario.row<core::learning::Judgement>({acme, "responses", lab, small});
  EXPECT_EQ(judgement.items, 4u) << "what was said before is taken back";
  EXPECT_EQ(judgement.permille_sum, 0u);
}

TEST_F(LearningApi, FeedbackThatCannotBeUnderstoodIsRefused) {
  make_batch(Phase::completed);
  const std::pair<const char*, const char*> refused[] = {
      {"{}", "give 'quality_score'"},
      {R"({"quality_score":1.01})", "from 0 to 1"},
      {R"({"quality_score":-0.1})", "from 0 to 1"},
      {R"({"quality_score":"0.5"})", "from 0 to 1"},
      {R"({"outcome":"fine"})", "accepted_with_edits"},
      {R"({"outcome":7})", "must be a string"},
      {R"({"note":"only a note"})", "give 'quality_score'"},
      {R"({"quality_score":1,"stars":5})", "'stars'"},
      {"[]", "object"},
      {"{", "not JSON"},
  };
  for (const auto& [body, says] : refused) {
    const Answer answer = ask(Method::put, feedback, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr(says)) << body;
  }
  const Answer long_note =
      ask(Method::put, feedback, R"({"quality_score":1,"note":")" + std::string(2'001, 'n') + "\"}");
  EXPECT_EQ(long_note.status, 400);
  EXPECT_EQ(ask(Method::put, feedback + "?again=1", R"({"quality_score":1})").status, 400);
  EXPECT_EQ(get(feedback).at("/signal"), "null");
}

TEST_F(LearningApi, FeedbackWaitsForTheEndOfTheBatch) {
  make_batch(Phase::processing);
  const Answer answer = ask(Method::put, feedback, R"({"quality_score":1})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("batch_not_finished"));
  EXPECT_EQ(get(feedback).status, 200);
}

TEST_F(LearningApi, AnotherOrgsBatchIsUnknown) {
  make_batch(Phase::completed);
  EXPECT_EQ(get(feedback, other).status, 404);
  EXPECT_EQ(ask(Method::put, feedback, R"({"quality_score":0})", other).status, 404);
  EXPECT_EQ(get(receipt, other).status, 404);
  EXPECT_EQ(get("/v1/batches/" + batch_id.value() + "/artifact-url?kind=route", other).status, 404);
}

// --- route receipt --------------------------------------------------------------------------------------------------

Unit attempted_unit(std::uint32_t index) {
  Unit unit;
  unit.org = acme;
  unit.batch = batch_id;
  unit.index = core::UnitIndex(index);
  unit.item_count = 4;
  unit.attempt = core::AttemptNumber(2);
  core::batch::AttemptRecord first;
  first.number = core::AttemptNumber(1);
  first.provider = lab;
  first.model = small;
  first.mode = core::Mode::batch;
  first.handle = "batch_abc";
  first.ended_at = first.began_at + std::chrono::seconds(2);
  first.end_reason = "lane_failed";
  first.outcomes.asked = first.outcomes.lane_faults = 4;
  first.outcomes.took = std::chrono::seconds(2);
  core::batch::AttemptRecord second;
  second.number = core::AttemptNumber(2);
  second.provider = lab;
  second.model = small;
  second.mode = core::Mode::sync;
  second.passed = {{lab, small, core::Mode::batch, "server_error"}};
  unit.attempts = {first, second};
  return unit;
}

TEST_F(LearningApi, TheRouteReceiptSaysWhoWasAskedAndWhyNotABetterOne) {
  Batch batch = make_batch(Phase::processing);
  batch.terms.dedupe = true;
  batch.plan.equal_items = 1;
  put(batch);
  make_quote();
  put(attempted_unit(0));
  const Answer answer = get(receipt);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/dedupe/items_asked"), "3");
  EXPECT_EQ(answer.at("/dedupe/items_equal_to_others"), "1");
  EXPECT_EQ(answer.at("/route_version"), R"("prices of March")");
  EXPECT_EQ(answer.at("/routes/0/lanes/0/mode"), R"("batch")");
  EXPECT_EQ(answer.at("/routes/0/lanes/1/prices/input_usd_per_million"), R"("1.00")") << answer.body;
  EXPECT_EQ(answer.at("/routes/0/trust_score"), "0.75");
  EXPECT_EQ(answer.at("/rejected_providers/1/detail"), R"("n above 1")");
  EXPECT_EQ(answer.at("/totals/0/succeeded"), "3");
  const std::string attempts = "/work_units/0/attempts";
  EXPECT_EQ(answer.at((attempts + "/0/provider_batch").c_str()), R"("batch_abc")");
  EXPECT_EQ(answer.at((attempts + "/0/end_reason").c_str()), R"("lane_failed")");
  EXPECT_EQ(answer.at((attempts + "/0/outcomes/lane_faults").c_str()), "4");
  EXPECT_EQ(answer.at((attempts + "/0/outcomes/milliseconds").c_str()), "2000");
  EXPECT_EQ(answer.at((attempts + "/1/passed_over/0/reason").c_str()), R"("server_error")");
  EXPECT_EQ(answer.at((attempts + "/1/outcomes").c_str()), "null") << "still running";
}

TEST_F(LearningApi, TheRouteReceiptHoldsEveryUnitOnceHoweverManyThereAre) {
  for (const std::uint32_t count : {0u, 1u, 63u, 64u, 65u, 200u}) {
    make_batch(Phase::processing, count);
    if (count > 0) put(attempted_unit(count - 1));
    for (std::uint32_t i = 0; i + 1 < count; ++i) put(attempted_unit(i));
    const Answer answer = get(receipt);
    rapidjson::Document json;
    json.Parse(answer.body.c_str());
    ASSERT_FALSE(json.HasParseError()) << count;
    const auto units = json["work_units"].GetArray();
    ASSERT_EQ(units.Size(), count);
    for (std::uint32_t i = 0; i < count; ++i) EXPECT_EQ(units[i]["index"].GetUint(), i);
  }
}

TEST_F(LearningApi, TheRouteReceiptCanBeDownloadedByLink) {
  make_batch(Phase::processing);
  put(attempted_unit(0));
  const Answer url = get("/v1/batches/" + batch_id.value() + "/artifact-url?kind=route");
  EXPECT_EQ(url.status, 200) << url.body;
  EXPECT_EQ(url.at("/bytes"), "null");
  std::string link = url.at("/url");
  link = link.substr(1, link.size() - 2);
  const Answer file = get(link);
  EXPECT_EQ(file.status, 200) << file.body;
  EXPECT_EQ(file.body, get(receipt).body);
  EXPECT_EQ(file.headers.get("Content-Disposition"), "attachment; filename=\"" + batch_id.value() + "_route.json\"");
  link.back() = link.back() == '0' ? '1' : '0';
  EXPECT_EQ(get(link).status, 403);
}

// --- quote ----------------------------------------------------------------------------------------------------------

TEST_F(LearningApi, AQuoteShowsWhatItsRouteIsTrustedBy) {
  make_batch(Phase::completed);
  core::quote::Quote quote = make_quote();
  const Answer seen{200, {}, render_quote(app, quote, "{}")};
  EXPECT_EQ(seen.at("/route_decision_preview/reliability_prior_score"), "0.9");
  EXPECT_EQ(seen.at("/route_decision_preview/observed_confidence_score"), "0.75");
  EXPECT_EQ(seen.at("/route_decision_preview/observed_confidence_basis"), R"("routing_outcomes")");
  EXPECT_EQ(seen.at("/route_decision_preview/trust_score"), "0.75");
  EXPECT_EQ(seen.at("/route_decision_preview/rejected_providers/0/reason"), R"("confidence_too_low")");
  quote.plan.routes[0].observed_confidence_score.reset();
  const Answer unseen{200, {}, render_quote(app, quote, "{}")};
  EXPECT_EQ(unseen.at("/route_decision_preview/observed_confidence_score"), "null");
  EXPECT_EQ(unseen.at("/route_decision_preview/observed_confidence_basis"), R"("none")");
  EXPECT_EQ(unseen.at("/route_decision_preview/trust_score"), "0.9");
}

// --- catalog --------------------------------------------------------------------------------------------------------

TEST_F(LearningApi, RankingsSayWhenThereIsNothingToRank) {
  const Answer answer = get("/v1/catalog/rankings");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/models"), "[]");
  EXPECT_EQ(answer.at("/workflow_products"), "[]");
  EXPECT_THAT(answer.at("/note"), HasSubstr("nothing to rank"));
}

TEST_F(LearningApi, RankingsCountSettledWorkOfTheWindow) {
  make_day(0, core::Mode::sync, 30, 10);
  make_day(5, core::Mode::batch, 60, 0);
  make_day(20, core::Mode::sync, 1'000, 0);
  LaneDay vectors = make_day(0, core::Mode::sync, 30, 10);
  vectors.model = core::ModelSlug("vectors");
  vectors.operation = core::Operation::embeddings;
  put(vectors);
  const Answer week = get("/v1/catalog/rankings");
  EXPECT_EQ(week.at("/window"), R"("7d")");
  EXPECT_EQ(week.at("/note"), "null");
  EXPECT_EQ(week.at("/models/0/slug"), R"("small")");
  EXPECT_EQ(week.at("/models/0/items"), "90");
  EXPECT_EQ(week.at("/models/0/input_tokens"), "900");
  EXPECT_EQ(week.at("/models/0/charged/amount"), R"("0.90")");
  EXPECT_EQ(week.at("/models/0/demand_share"), "0.75");
  EXPECT_EQ(week.at("/models/0/success_rate"), "0.9");
  EXPECT_EQ(week.at("/models/1/slug"), R"("vectors")");
  EXPECT_EQ(week.at("/providers/0/provider"), R"("lab")");
  EXPECT_EQ(week.at("/providers/0/items"), "120");
  EXPECT_EQ(get("/v1/catalog/rankings?window=24h").at("/items"), "60");
  EXPECT_EQ(get("/v1/catalog/rankings?window=30d&operation=responses").at("/items"), "1090");
  EXPECT_EQ(get("/v1/catalog/rankings?window=30d&operation=embeddings&provider=lab").at("/items"), "30");
  for (const char* query : {"window=1y", "provider=nobody", "operation=songs", "page=2"})
    EXPECT_EQ(get(std::string("/v1/catalog/rankings?") + query).status, 400) << query;
}

TEST_F(LearningApi, ProvidersShowTheirLanesPricesAndHowTheyDo) {
  processors::LaneStatus parked;
  parked.provider = lab;
  parked.mode = core::Mode::batch;
  parked.state = processors::LaneState::parked;
  parked.reason = "authentication";
  board.lanes = {parked};
  const std::string cold = get("/v1/catalog/providers").body;
  EXPECT_THAT(cold, HasSubstr(R"("observed_confidence_score":null,"observed_confidence_basis":"none")"));

  make_day(0, core::Mode::sync, 250, 250);
  clock.advance(processors::LaneScores::kept_for);
  const Answer answer = get("/v1/catalog/providers");
  EXPECT_EQ(answer.at("/data/0/id"), R"("lab")");
  EXPECT_EQ(answer.at("/data/0/models_count"), "3");
  EXPECT_EQ(answer.at("/data/0/price_range/input_usd_per_million/max"), R"("1.00")") << answer.body;
  EXPECT_EQ(answer.at("/data/0/observed_samples"), "500");
  EXPECT_EQ(answer.at("/data/0/observed_confidence_basis"), R"("routing_outcomes")");
  EXPECT_NEAR(std::stod(answer.at("/data/0/trust_score")), (250 + 0.9 * 20) / 520, 0.001);
  EXPECT_EQ(answer.at("/data/0/lanes/0/mode"), R"("batch")");
  EXPECT_EQ(answer.at("/data/0/lanes/0/configured"), "true");
  EXPECT_EQ(answer.at("/data/0/lanes/0/closures/0/reason"), R"("authentication")");
  EXPECT_EQ(answer.at("/data/0/lanes/1/configured"), "false");
  EXPECT_EQ(answer.at("/data/0/lanes/1/closures"), "[]");
}

TEST_F(LearningApi, AModelShowsItsOfferingsAndAManifestToBeginWith) {
  const Answer answer = get("/v1/catalog/models/small");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/offerings/0/trust_score"), "0.9");
  EXPECT_EQ(answer.at("/example_manifest/items/0/model"), R"("small")");
  EXPECT_EQ(get("/v1/catalog/models/unheard").status, 404);

  // The example is a manifest that intake takes.
  processors::testing::World world;
  for (const core::Model& model : catalog.models()) {
    const Answer one = get("/v1/catalog/models/" + model.slug.value());
    const processors::Intake intake(world.blobs, catalog, {{lab, core::Mode::sync, true}}, {});
    const auto received = intake.receive(*world.spool(one.at("/example_manifest")), schemas::manifest::Format::json);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(received->summary.fault_count, 0u) << one.body;
    EXPECT_EQ(intake.plan(*received, clock.now())->fault_count, 0u);
  }
}

}  // namespace
}  // namespace api::resources
