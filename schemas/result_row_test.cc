#include "schemas/result_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "schemas/compact_json.h"

namespace schemas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string nasty = "a \"quote\", a \\ back\nnew\r\nline,\"body\":null}\t\x01 é 漢 \xF0\x9F\x99\x82";

ItemResult succeeded() {
  ItemResult result;
  result.number = 7;
  result.customer_item_id = "item-1";
  result.text = "Hello.";
  result.finish_reason = "stop";
  result.provider = core::ProviderId("openai");
  result.model = core::ModelSlug("small");
  result.mode = core::Mode::batch;
  result.input_tokens = 10;
  result.cached_tokens = 4;
  result.output_tokens = 5;
  result.cost = core::Money::from_nanos(12'345);
  result.attempts = 2;
  return result;
}

ItemResult failed() {
  ItemResult result = succeeded();
  result.outcome = ItemOutcome::failed;
  result.text.clear();
  result.cost = {};
  result.error_code = "invalid_request_error";
  result.error_message = "The prompt is too long.";
  return result;
}

rapidjson::Document parsed(const std::string& row) {
  EXPECT_TRUE(row.ends_with('\n'));
  EXPECT_EQ(std::count(row.begin(), row.end(), '\n'), 1) << row;
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(row.data(), row.size());
  EXPECT_FALSE(json.HasParseError()) << row;
  return json;
}

std::string_view without_newline(const std::string& row) {
  return std::string_view(row).substr(0, row.size() - 1);
}

// If this failed, a provider could make the rows of its answers unreadable.
TEST(ResultRow, ABodyThatIsNoUtf8MakesNoRowThatIsNone) {
  for (const std::string body : {"{\"a\":\"\xE2\"}", "{\"a\":\"\\udc00\"}", "\xFF no JSON", "{}\xC3"}) {
    ItemResult result = succeeded();
    result.provider_body = body;
    EXPECT_TRUE(compact_json(render_rows(result).raw).has_value()) << body;
  }
}

// If this failed, programs written after the product's documents could not read our results.
TEST(ResultRow, OutputIsAsDocumented) {
  const ResultRows rows = render_rows(succeeded());
  EXPECT_EQ(rows.output, R"({"customer_item_id":"item-1","status":"completed",)"
                         R"("output":{"messages":[{"role":"assistant","content":"Hello."}]},"error":null,)"
                         R"("model":"small","provider":"openai","finish_reason":"stop",)"
                         R"("usage":{"input_tokens":10,"cached_tokens":4,"output_tokens":5,"total_tokens":15},)"
                         R"("cost":{"amount":"0.000012345","currency":"usd"},"attempts":2})"
                         "\n");
  EXPECT_EQ(rows.error, "");
  EXPECT_EQ(rows.review, "");
}

TEST(ResultRow, ErrorIsAsDocumented) {
  const ResultRows rows = render_rows(failed());
  const auto json = parsed(rows.error);
  EXPECT_STREQ(json["status"].GetString(), "failed");
  EXPECT_TRUE(json["output"].IsNull());
  EXPECT_STREQ(json["error"]["code"].GetString(), "invalid_request_error");
  EXPECT_STREQ(json["error"]["message"].GetString(), "The prompt is too long.");
  EXPECT_STREQ(json["cost"]["amount"].GetString(), "0.00");
  EXPECT_EQ(rows.output + rows.receipt + rows.review, "");
}

TEST(ResultRow, AnItemThatWasNeverAskedNamesNoLane) {
  ItemResult result;
  result.outcome = ItemOutcome::cancelled;
  const auto json = parsed(render_rows(result).error);
  EXPECT_TRUE(json["model"].IsNull());
  EXPECT_TRUE(json["provider"].IsNull());
  EXPECT_FALSE(json.HasMember("metadata"));
  EXPECT_FALSE(json.HasMember("simulated"));
}

TEST(ResultRow, EmbeddingsAreNumbersDigitByDigit) {
  ItemResult result = succeeded();
  result.operation = core::Operation::embeddings;
  result.text = "[0.10, -1.5e-7,\n 12345678901234567890.25]";
  EXPECT_THAT(render_rows(result).output,
              HasSubstr(R"("output":{"embedding":[0.10,-1.5e-7,12345678901234567890.25]})"));
}

TEST(ResultRow, ReceiptAndReviewWhereTheyBelong) {
  ItemResult result = succeeded();
  result.review_reason = "truncated";
  result.metadata = R"({"a":[1]})";
  result.simulated = true;
  const ResultRows rows = render_rows(result);
  const auto receipt = parsed(rows.receipt);
  EXPECT_STREQ(receipt["mode"].GetString(), "batch");
  EXPECT_STREQ(receipt["cost"]["amount"].GetString(), "0.000012345");
  EXPECT_STREQ(parsed(rows.review)["reason"].GetString(), "truncated");
  EXPECT_TRUE(parsed(rows.output)["simulated"].GetBool());
  EXPECT_EQ(parsed(rows.output)["metadata"]["a"][0].GetInt(), 1);

  result.cost = {};
  EXPECT_EQ(render_rows(result).receipt, "") << "nothing was charged";
}

// If this failed, a crash would lose or re-buy what was answered.
TEST(ResultRow, RawTellsWhatRecoveryNeeds) {
  for (const ItemOutcome outcome : {ItemOutcome::succeeded, ItemOutcome::failed, ItemOutcome::exhausted,
                                    ItemOutcome::cancelled, ItemOutcome::expired}) {
    ItemResult result = succeeded();
    result.outcome = outcome;
    result.customer_item_id = nasty;
    result.review_reason = outcome == ItemOutcome::succeeded ? "refusal" : "";
    result.provider_body = R"({"id":1})";
    const auto row = parse_raw_row(without_newline(render_rows(result).raw));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->number, 7u);
    EXPECT_EQ(row->outcome, outcome);
    EXPECT_TRUE(row->charged);
    EXPECT_EQ(row->reviewed, outcome == ItemOutcome::succeeded);
    EXPECT_EQ(row->cost, result.cost);
    EXPECT_EQ(row->input_tokens, 10);
    EXPECT_EQ(row->cached_tokens, 4);
    EXPECT_EQ(row->output_tokens, 5);
  }
  const auto free = parse_raw_row(without_newline(render_rows(failed()).raw));
  EXPECT_FALSE(free->charged);
}

TEST(ResultRow, AnyCutOfARawRowIsRefused) {
  ItemResult result = succeeded();
  result.provider_body = R"({"text":"}"})";
  const std::string raw = render_rows(result).raw;
  for (std::size_t size = 0; size + 1 < raw.size(); ++size) {
    const auto row = parse_raw_row(raw.substr(0, size));
    ASSERT_TRUE(row.has_error()) << size;
    EXPECT_EQ(row.error().code, core::ErrorCode::blob_corrupt);
  }
  EXPECT_TRUE(parse_raw_row("{}").has_error());
  EXPECT_TRUE(parse_raw_row("[1]").has_error());
}

TEST(ResultRow, NastyTextsStayOneLineAndComeBack) {
  ItemResult result = succeeded();
  result.customer_item_id = result.text = result.finish_reason = result.review_reason = nasty;
  const ResultRows rows = render_rows(result);
  EXPECT_EQ(parsed(rows.output)["output"]["messages"][0]["content"].GetString(), nasty);
  EXPECT_EQ(parsed(rows.receipt)["customer_item_id"].GetString(), nasty);
  EXPECT_EQ(parsed(rows.review)["reason"].GetString(), nasty);
  EXPECT_EQ(parsed(rows.raw)["customer_item_id"].GetString(), nasty);
}

// Providers send pretty JSON, and in trouble none at all.
TEST(ResultRow, ProviderBodiesStayOneLine) {
  ItemResult result = succeeded();
  result.provider_body = "{\n  \"a\": 1.50,\r\n  \"b\": [\n    \"x\\ny\", 99999999999999999999\n  ]\n}\n";
  EXPECT_THAT(render_rows(result).raw, HasSubstr(R"("body":{"a":1.50,"b":["x\ny",99999999999999999999]}})"));
  parsed(render_rows(result).raw);

  for (const std::string body : {"<html>\n\"oops\"</html>", "{\"cut\":", "{} {}", " ", "{\"a\":1}}"}) {
    result.provider_body = body;
    EXPECT_EQ(parsed(render_rows(result).raw)["body"].GetString(), body);
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += '[';
  result.provider_body = deep;
  EXPECT_TRUE(parse_raw_row(without_newline(render_rows(result).raw)).has_value());
}

TEST(ResultRow, TheRawBodyGoesIntoACopyOfTheRow) {
  ItemResult result = succeeded();
  result.customer_item_id = result.text = nasty;
  result.provider_body = R"({"choices":[{"text":",\"body\":1"}]})";
  const ResultRows rows = render_rows(result);
  const std::string merged = with_raw_body(without_newline(rows.output), without_newline(rows.raw)) + "\n";
  const auto json = parsed(merged);
  EXPECT_EQ(json["customer_item_id"].GetString(), nasty);
  EXPECT_STREQ(json["raw"]["choices"][0]["text"].GetString(), ",\"body\":1");
  EXPECT_EQ(json["attempts"].GetInt(), 2);

  result.provider_body.clear();
  EXPECT_TRUE(
      parsed(with_raw_body(without_newline(rows.output), without_newline(render_rows(result).raw)) + "\n")["raw"]
          .IsNull());
}

// The text that looks like the place of the body must not be taken for it.
TEST(ResultRow, AnIdThatLooksLikeTheBodyIsNoBody) {
  for (const std::string id : {",\"body\":", ",", "x,\"body\":{}", "\\,\"body\":", "\",\"body\":{\"evil\":1}"}) {
    ItemResult result = succeeded();
    result.customer_item_id = id;
    result.model = core::ModelSlug(id);
    result.provider_body = R"({"good":true})";
    const ResultRows rows = render_rows(result);
    const auto json = parsed(with_raw_body(without_newline(rows.output), without_newline(rows.raw)) + "\n");
    ASSERT_TRUE(json["raw"].IsObject()) << id;
    EXPECT_TRUE(json["raw"]["good"].GetBool()) << id;
  }
}

}  // namespace
}  // namespace schemas
