// If these fail, items are priced, routed or stored as something else than the customer sent.
#include "schemas/manifest/item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/tokens.h"
#include "schemas/manifest/canonical_line.h"
#include "schemas/manifest/collected_items.h"
#include "schemas/manifest/input_tokens.h"

namespace schemas::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string manifest_of(std::string_view item) {
  return R"({"items":[)" + std::string(item) + "]}";
}

core::ManifestItem only_item(std::string_view item) {
  Reading reading = read(manifest_of(item));
  EXPECT_THAT(faults_of(reading), IsEmpty());
  if (reading.sink.items.size() != 1) return {};
  return reading.sink.items[0];
}

std::int64_t tokens_of(core::Operation operation, std::string_view input) {
  return *count_input_tokens(operation, input);
}

TEST(Item, IsReadAsTypedFacts) {
  const core::ManifestItem item = only_item(R"({
    "max_cost": {"amount": "0.05", "currency": "usd"}, "metadata": {"team": "support"},
    "input": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 7, "temperature": 1.0, "seed": 12345678901234567890123},
    "model_options": ["gpt-5.4", "gpt-5.4-mini", "gpt-5.4"], "model": "gpt-5.4-mini",
    "operation": "chat_completions", "customer_item_id": "första"})");
  EXPECT_EQ(item.customer_item_id, "första");
  EXPECT_EQ(item.operation, core::Operation::chat_completions);
  EXPECT_THAT(item.models, ElementsAre(core::ModelSlug{"gpt-5.4-mini"}, core::ModelSlug{"gpt-5.4"}));
  EXPECT_EQ(
      item.input,
      R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":7,"temperature":1.0,"seed":12345678901234567890123})");
  EXPECT_EQ(item.metadata, R"({"team":"support"})");
  EXPECT_EQ(item.max_cost, core::Money::from_cents(5));
  EXPECT_EQ(item.output_tokens_max, 7);
  EXPECT_EQ(item.input_tokens, with_headroom(request_tokens + message_tokens + core::count_tokens("Hi")));
}

TEST(Item, EveryOperationIsAccepted) {
  for (
      const char* body : {
          R"("operation":"responses","input":{"input":"Hi","max_output_tokens":5})",
          R"("operation":"responses","input":{"input":[{"role":"user","content":"Hi"}],"stream":false,"background":null})",
          R"("operation":"chat_completions","input":{"messages":[{"role":"assistant","content":null,"tool_calls":[{}]}]})",
          R"("operation":"messages","input":{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})",
          R"("operation":"embeddings","input":{"input":"Hi"})",
          R"("operation":"embeddings","input":{"input":["a","b"]})",
          R"("operation":"embeddings","input":{"input":[1,2,3]})",
          R"("operation":"embeddings","input":{"input":[[1,2],[3]]})",
      }) {
    EXPECT_THAT(faults_of(read(manifest_of(R"({"customer_item_id":"a","model":"m",)" + std::string(body) + "}"))),
                IsEmpty())
        << body;
  }
}

TEST(Item, LinesReadBackTheSame) {
  for (
      const char* text : {
          R"({"customer_item_id":"a \"quoted\\\" id 😀","operation":"responses","model":"a/b:c",
               "input":{"input":"tab\t, quote\", slash\/, nul\u0000, \u00e9, \ud83d\ude00, }]","x":[1e5,-0.0,1E+2,true,null,{}]}})",
          R"({"customer_item_id":"b","operation":"messages","model_options":["m1","m2"],"max_cost":"0.000000001",
               "metadata":{"k":"v \" }"},"input":{"max_tokens":12,"messages":[{"role":"user","content":"x"}]}})",
          R"({"customer_item_id":"c","operation":"embeddings","model":"m","metadata":{},"input":{"input":[[1,2],[3]]}})",
      }) {
    const Reading reading = read(manifest_of(text));
    for (std::size_t i = 0; i < reading.sink.items.size(); ++i) {
      const core::ManifestItem& item = reading.sink.items[i];
      const core::Result<core::ManifestItem> stored = parse_canonical_line(reading.sink.lines[i]);
      ASSERT_TRUE(stored) << reading.sink.lines[i];
      EXPECT_EQ(stored->customer_item_id, item.customer_item_id);
      EXPECT_EQ(stored->operation, item.operation);
      EXPECT_EQ(stored->models, item.models);
      EXPECT_EQ(stored->input, item.input);
      EXPECT_EQ(stored->metadata, item.metadata);
      EXPECT_EQ(stored->max_cost, item.max_cost);
      EXPECT_EQ(stored->input_tokens, item.input_tokens);
      EXPECT_EQ(stored->output_tokens_max, item.output_tokens_max);
      EXPECT_EQ(reading.sink.lines[i].find('\n'), std::string::npos);
    }
  }
}

TEST(Item, TheLineIsThisOne) {
  const Reading reading = read(manifest_of(R"({"input": {"input": [1.0, {"role": "user"}], "max_output_tokens": 9} ,
      "customer_item_id": "\u0061", "max_cost": "0.5", "model": "m", "operation": "responses", "metadata": {"k": "v"}})"));
  // The array's first entry is no message, so the manifest is refused; the second manifest has only messages.
  EXPECT_THAT(faults_of(reading), ElementsAre("invalid_type /items/0/input/input/0"));
  const Reading good = read(manifest_of(R"({"input": {"input": [{"role": "user", "n": 1.0}], "max_output_tokens": 9} ,
      "customer_item_id": "\u0061", "max_cost": "0.5", "model": "m", "operation": "responses", "metadata": {"k": "v"}})"));
  ASSERT_EQ(good.sink.lines.size(), 1U);
  const std::string counts = R"(,"in":)" + std::to_string(good.sink.items[0].input_tokens) + R"(,"out":9})";
  EXPECT_EQ(
      good.sink.lines[0],
      R"({"id":"a","op":"responses","models":["m"],"input":{"input":[{"role":"user","n":1.0}],"max_output_tokens":9},)"
      R"("metadata":{"k":"v"},"max_cost":"0.50")" +
          counts);
}

TEST(Item, BrokenLinesAreRefused) {
  const std::string line =
      read(manifest_of(R"({"customer_item_id":"a","operation":"responses","model":"m","max_cost":"1.00",
      "metadata":{"k":"v"},"input":{"input":"Hi","max_output_tokens":5}})"))
          .sink.lines.at(0);
  ASSERT_TRUE(parse_canonical_line(line));
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_FALSE(parse_canonical_line(std::string_view(line).substr(0, size))) << size;
  EXPECT_FALSE(parse_canonical_line(line + " "));
}

TEST(InputTokens, CountEveryTextThatTheModelSees) {
  using core::Operation;
  const std::int64_t hello = core::count_tokens("hello there");
  EXPECT_EQ(tokens_of(Operation::responses, R"({"input":"hello there"})"), request_tokens + message_tokens + hello);
  EXPECT_EQ(
      tokens_of(Operation::responses, R"({"instructions":"hello there","input":"hello there","temperature":0.5})"),
      request_tokens + message_tokens + 2 * hello);
  EXPECT_EQ(tokens_of(Operation::chat_completions,
                      R"({"messages":[{"role":"system","content":"hello there"},
                          {"role":"user","content":[{"type":"text","text":"hello there"},
                            {"type":"image_url","image_url":{"url":"https://example.com/a-long-name.png"}}]}]})"),
            request_tokens + 2 * message_tokens + 2 * hello + image_tokens);
  EXPECT_EQ(tokens_of(Operation::messages, R"({"system":[{"type":"text","text":"hello there"}],"messages":[]})"),
            request_tokens + hello);
  EXPECT_EQ(tokens_of(Operation::responses, R"({"input":"","tools":[{"name":"find"}]})"),
            request_tokens + message_tokens + core::count_tokens(R"([{"name":"find"}])"));
  EXPECT_EQ(tokens_of(Operation::embeddings, R"({"input":["hello there","hello there"]})"), request_tokens + 2 * hello);
  EXPECT_EQ(tokens_of(Operation::embeddings, R"({"input":[[1,2,3],[4]]})"), request_tokens + 4);
  EXPECT_EQ(tokens_of(Operation::embeddings, R"({"input":[1,2,3]})"), request_tokens + 3);
  EXPECT_EQ(with_headroom(0), 0);
  EXPECT_EQ(with_headroom(1), 2);
  EXPECT_EQ(with_headroom(100), 115);
  EXPECT_FALSE(count_input_tokens(Operation::responses, std::string_view("[")));
}

}  // namespace
}  // namespace schemas::manifest
