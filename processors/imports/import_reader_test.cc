// If these fail, imported history is counted wrongly, or one bad line costs the rest.
#include "processors/imports/import_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processors/testing/fake_blobs.h"
#include "schemas/manifest/collected_items.h"
#include "schemas/rfc3339.h"

namespace processors {
namespace {

using core::Mode;
using core::Operation;
using core::imports::DayTotals;
using schemas::imports::Provider;
using ::testing::ElementsAre;

// Cents per million tokens.
core::Prices prices(std::int64_t input, std::int64_t cached, std::int64_t output) {
  return {core::TokenPrice::from_picos(input * 10'000), core::TokenPrice::from_picos(cached * 10'000),
          core::TokenPrice::from_picos(output * 10'000)};
}

core::Catalog vendors_catalog() {
  const core::ProviderId openai("openai"), anthropic("anthropic"), cheap("cheap");
  const core::ModelSlug mini("gpt-4o-mini"), haiku("claude-haiku-4-5"), vectors("vectors");
  const std::vector<Operation> chat{Operation::responses, Operation::chat_completions, Operation::messages};
  return core::Catalog("test", {{openai, "OpenAI", 0.9}, {anthropic, "Anthropic", 0.9}, {cheap, "Cheap", 0.9}},
                       {{mini, "Mini", openai, chat, 100'000, 4'000, 0.5},
                        {haiku, "Haiku", anthropic, chat, 100'000, 4'000, 0.5},
                        {vectors, "Vectors", openai, {Operation::embeddings}, 8'000, 0, 0.5}},
                       {{openai, mini, Mode::sync, prices(20, 10, 80), {}, {"global"}},
                        {openai, mini, Mode::batch, prices(10, 5, 40), {}, {"global"}},
                        {cheap, mini, Mode::sync, prices(5, 5, 20), {}, {"global"}},
                        {anthropic, haiku, Mode::sync, prices(100, 10, 500), {}, {"global"}},
                        {anthropic, haiku, Mode::batch, prices(50, 5, 250), {}, {"global"}},
                        {openai, vectors, Mode::sync, prices(2, 2, 0), {}, {"global"}},
                        {openai, vectors, Mode::batch, prices(1, 1, 0), {}, {"global"}}});
}

core::Timestamp at(std::string_view time) {
  return *schemas::parse_rfc3339(time);
}

std::string request(const std::string& id, const std::string& rest = "", const std::string& model = "gpt-4o-mini") {
  return R"({"custom_id":")" + id + R"(","method":"POST","url":"/v1/chat/completions","body":{"model":")" + model +
         R"(","messages":[{"role":"user","content":"Hi"}])" + rest + "}}\n";
}

std::string answer(const std::string& id, std::int64_t created, const std::string& content = "Hello",
                   const std::string& finish = "stop") {
  return R"({"id":"b","custom_id":")" + id +
         R"(","response":{"status_code":200,"request_id":"r","body":{"object":"chat.completion","created":)" +
         std::to_string(created) +
         R"(,"model":"gpt-4o-mini-2024-07-18","choices":[{"message":{"role":"assistant","content":")" + content +
         R"("},"finish_reason":")" + finish +
         R"("}],"usage":{"prompt_tokens":1000,"completion_tokens":500,"prompt_tokens_details":{"cached_tokens":200}}}},"error":null})" +
         "\n";
}

constexpr std::int64_t new_year = 1'767'225'600;  // 2026-01-01
constexpr std::int64_t a_day = 86'400;

class ImportReaderTest : public ::testing::Test {
 protected:
  struct Texts {
    std::string input, output, error;
  };
  core::Result<ReadImport> try_read(const Texts& texts, Provider provider = Provider::openai) {
    const auto spool = [&](const std::string& text) {
      auto one = std::move(*blobs.create_spool());
      EXPECT_TRUE(one->append(text));
      return one;
    };
    const auto input = spool(texts.input), output = spool(texts.output), error = spool(texts.error);
    ImportFiles files{texts.input.empty() ? nullptr : input.get(), texts.output.empty() ? nullptr : output.get(),
                      texts.error.empty() ? nullptr : error.get()};
    const ImportTerms terms{core::OrgId("org_1"), provider, at("2026-06-01T12:00:00Z"), at("2026-06-02T00:00:00Z"),
                            std::chrono::hours(12)};
    return ImportReader(blobs, catalog, lanes).read(files, terms);
  }
  ReadImport read(const Texts& texts, Provider provider = Provider::openai) {
    core::Result<ReadImport> imported = try_read(texts, provider);
    EXPECT_TRUE(imported.has_value());
    return imported ? std::move(*imported) : ReadImport{};
  }
  // "file:place code pointer" of each.
  static std::vector<std::string> faults_of(const ReadImport& imported) {
    std::vector<std::string> faults;
    for (const ImportFault& fault : imported.faults.listed())
      faults.push_back(fault.file + ":" + std::to_string(fault.place) + " " + fault.code + " " + fault.pointer);
    return faults;
  }

  testing::FakeBlobs blobs;
  core::Catalog catalog = vendors_catalog();
  std::vector<core::ConfiguredLane> lanes{{core::ProviderId("openai"), Mode::batch},
                                          {core::ProviderId("cheap"), Mode::sync},
                                          {core::ProviderId("anthropic"), Mode::batch}};
};

// A row: 800 input tokens at 0.10 a million, 200 cached at 0.05, 500 output at 0.40: 80 + 10 + 200 = 290 micro-USD; in
// the synchronous list 580; elsewhere, uncached, 1000 at 0.05 and 500 at 0.20: 150.
TEST_F(ImportReaderTest, sums_up_by_day_and_model_and_prices_the_tokens) {
  const ReadImport imported =
      read({request("a") + request("b") + request("c"),
            answer("c", new_year + a_day) + answer("a", new_year + 60) + answer("b", new_year), ""});
  EXPECT_EQ(imported.faults.count(), 0u);
  ASSERT_EQ(imported.days.size(), 2u);
  EXPECT_EQ(imported.days[0].day, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(imported.days[0].model, core::ModelSlug("gpt-4o-mini"));
  EXPECT_EQ(imported.days[0].operation, Operation::chat_completions);
  const core::imports::Totals& totals = imported.days[0].totals;
  EXPECT_EQ(totals.items, 2u);
  EXPECT_EQ(totals.succeeded, 2u);
  EXPECT_EQ(totals.input_tokens, 2'000);
  EXPECT_EQ(totals.cached_tokens, 400);
  EXPECT_EQ(totals.output_tokens, 1'000);
  EXPECT_EQ(totals.paid, core::Money::from_nanos(2 * 290'000));
  EXPECT_EQ(totals.list, core::Money::from_nanos(2 * 580'000));
  EXPECT_EQ(totals.optimized, core::Money::from_nanos(2 * 150'000));
  EXPECT_EQ(imported.days[1].totals.items, 1u);
}

TEST_F(ImportReaderTest, tells_whose_fault_it_was) {
  const std::string rejected =
      R"({"custom_id":"a","response":{"status_code":400,"body":{"error":{"code":"context_length_exceeded"}}},"error":null})"
      "\n";
  const std::string expired = R"({"custom_id":"b","response":null,"error":{"code":"batch_expired"}})"
                              "\n";
  const ReadImport imported = read({request("a") + request("b") + request("c") + request("d"),
                                    answer("d", new_year, "cut", "length"), rejected + expired});
  ASSERT_EQ(imported.days.size(), 2u) << "what tells no time happened when the batch did";
  EXPECT_EQ(imported.days[0].totals.invalid, 1u);
  const core::imports::Totals& rest = imported.days[1].totals;
  EXPECT_EQ(imported.days[1].day, at("2026-06-01T00:00:00Z"));
  EXPECT_EQ(rest.items, 3u);
  EXPECT_EQ(rest.rejected, 1u);
  EXPECT_EQ(rest.failed, 1u);
  EXPECT_EQ(rest.unanswered, 1u) << "no file knows of c";
  EXPECT_EQ(imported.codes.at("context_length_exceeded"), 1u);
  EXPECT_EQ(imported.codes.at("batch_expired"), 1u);
}

TEST_F(ImportReaderTest, checks_answers_against_the_schema_that_was_asked_for) {
  const std::string format =
      R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","required":["x"]}}})";
  const ReadImport imported = read({request("a", format) + request("b", format) + request("c", format) + request("d"),
                                    answer("a", new_year, R"({\"x\":1})") + answer("b", new_year, R"({\"y\":1})") +
                                        answer("c", new_year, "prose") + answer("d", new_year, "prose"),
                                    ""});
  ASSERT_EQ(imported.days.size(), 1u);
  EXPECT_EQ(imported.days[0].totals.succeeded, 4u);
  EXPECT_EQ(imported.days[0].totals.invalid, 2u);
}

TEST_F(ImportReaderTest, counts_what_it_can_and_names_every_fault) {
  const ReadImport imported =
      read({request("a") + "not json\n\n" + request("a") + request("b", R"(,"n":1,"stream":true)") +
                request("c", R"(,"previous_response_id":"r")"),
            answer("a", new_year) + answer("a", new_year) + answer("b", new_year) + "[1]\n" + answer("x", 5),
            "{\"custom_id\":\"c\"}\n"});
  EXPECT_THAT(faults_of(imported), ElementsAre("input:2 malformed_json ", "input:4 duplicate_custom_id /custom_id",
                                               "input:6 field_not_allowed /body/previous_response_id",
                                               "output:2 duplicate_custom_id /custom_id", "output:4 invalid_type ",
                                               "output:5 implausible_time ", "error:1 missing_field /response"));
  std::uint64_t items = 0;
  for (const DayTotals& day : imported.days) items += day.totals.items;
  EXPECT_EQ(items, 4u) << "a, b, x, and c without an answer";
}

TEST_F(ImportReaderTest, gives_the_requests_back_as_a_manifest_that_can_be_quoted) {
  const ReadImport imported =
      read({request("a", "", "gpt-4o-mini-2024-07-18") + request("b", R"(,"service_tier":"auto","temperature":0.10)") +
                request("c", "", "ft:secret"),
            "", ""});
  EXPECT_EQ(imported.manifest_items, 2u);
  const std::string& text = blobs.blob(imported.manifest);
  const auto reading = schemas::manifest::read(text, schemas::manifest::Format::ndjson);
  EXPECT_THAT(schemas::manifest::faults_of(reading), ElementsAre());
  ASSERT_EQ(reading.sink.items.size(), 2u);
  EXPECT_EQ(reading.sink.items[0].customer_item_id, "a");
  EXPECT_EQ(reading.sink.items[0].models[0], core::ModelSlug("gpt-4o-mini"));
  EXPECT_EQ(reading.sink.items[1].input, R"({"messages":[{"role":"user","content":"Hi"}],"temperature":0.10})");
}

TEST_F(ImportReaderTest, models_that_nobody_sells_are_counted_and_not_priced) {
  const ReadImport imported = read({request("a", "", "ft:mine"), answer("a", new_year), ""});
  ASSERT_EQ(imported.days.size(), 1u);
  EXPECT_EQ(imported.days[0].model, core::ModelSlug("ft:mine"));
  EXPECT_EQ(imported.days[0].totals.unpriced, 1u);
  EXPECT_EQ(imported.days[0].totals.input_tokens, 1'000);
  EXPECT_EQ(imported.days[0].totals.paid, core::Money{});
  EXPECT_EQ(imported.manifest, core::Digest());
}

TEST_F(ImportReaderTest, answers_alone_are_history_too) {
  const ReadImport imported = read({"", answer("a", new_year), ""});
  ASSERT_EQ(imported.days.size(), 1u);
  EXPECT_EQ(imported.days[0].model, core::ModelSlug("gpt-4o-mini"));
  EXPECT_EQ(imported.days[0].totals.paid, core::Money::from_nanos(290'000));
}

TEST_F(ImportReaderTest, takes_anthropics_document_as_it_was_sent) {
  const std::string params =
      R"("params":{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]})";
  const std::string document = "{ \"requests\" : [\n {\"custom_id\":\"a\"," + params + "},\n {\"custom_id\":\"b\"," +
                               params + "}, {\"custom_id\":\"c\"}]}";
  const std::string results =
      R"({"custom_id":"b","result":{"type":"canceled"}})"
      "\n"
      R"({"custom_id":"a","result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":800,"cache_read_input_tokens":200,"output_tokens":100}}}})";
  const ReadImport imported = read({document, results, ""}, Provider::anthropic);
  EXPECT_THAT(faults_of(imported), ElementsAre("input:3 missing_field /params"));
  EXPECT_EQ(imported.manifest_items, 2u);
  ASSERT_EQ(imported.days.size(), 1u);
  EXPECT_EQ(imported.days[0].operation, Operation::messages);
  EXPECT_EQ(imported.days[0].totals.succeeded, 1u);
  EXPECT_EQ(imported.days[0].totals.unanswered, 1u);
  // 800 at 0.50, 200 at 0.05, 100 at 2.50 a million.
  EXPECT_EQ(imported.days[0].totals.paid, core::Money::from_nanos(400'000 + 10'000 + 250'000));
  EXPECT_EQ(imported.days[0].totals.optimized, imported.days[0].totals.paid);
}

TEST_F(ImportReaderTest, a_document_that_breaks_off_is_refused) {
  EXPECT_EQ(try_read({R"({"requests":[{"custom_id":"a")", "", ""}, Provider::anthropic).error().code,
            core::ErrorCode::malformed_json);
}

// Broken: rows that choose their day, model and operation would take hundreds of MB before they are refused.
TEST_F(ImportReaderTest, more_days_than_are_kept_are_refused_on_the_way) {
  std::string output;
  int number = 0;
  const auto failed = [&](std::int64_t created, const std::string& model) {
    return R"({"id":"b","custom_id":"c)" + std::to_string(number++) +
           R"(","response":{"status_code":200,"request_id":"r","body":{"object":"chat.completion","created":)" +
           std::to_string(created) + R"(,"model":")" + model +
           R"(","choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}},"error":null})" +
           "\n";
  };
  for (int model = 0; model < 51; ++model) {
    for (int day = 0; day < 100; ++day) output += failed(new_year + day * a_day, "model-" + std::to_string(model));
  }
  const auto refused = try_read({"", output, ""});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, core::ErrorCode::import_too_large);
  const auto fits = try_read({"", output.substr(0, output.size() / 2), ""});
  EXPECT_TRUE(fits.has_value());
}

TEST_F(ImportReaderTest, no_lane_of_ours_means_no_saving) {
  lanes.clear();
  const ReadImport imported = read({"", answer("a", new_year), ""});
  EXPECT_EQ(imported.days[0].totals.unrouted, 1u);
  EXPECT_EQ(imported.days[0].totals.optimized, imported.days[0].totals.paid);
}

}  // namespace
}  // namespace processors
