// If this failed: the same batch would be answered differently twice, or answers would break the shapes readers know.
#include "adapters/simulated/answer.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <cmath>
#include <string>

#include "core/tokens.h"

namespace adapters::simulated {
namespace {

using core::Operation;
using processors::LaneAnswer;
using processors::LaneItem;
using processors::Verdict;

const core::ModelSlug model("gpt-5.4-mini");

rapidjson::Document parse(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  EXPECT_FALSE(document.HasParseError()) << json;
  return document;
}

std::string text_at(const rapidjson::Document& document, const char* pointer) {
  const rapidjson::Value* value = rapidjson::Pointer(pointer).Get(document);
  return value != nullptr && value->IsString() ? value->GetString() : "(none)";
}

std::int64_t number_at(const rapidjson::Document& document, const char* pointer) {
  const rapidjson::Value* value = rapidjson::Pointer(pointer).Get(document);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : -1;
}

LaneItem responses(const std::string& input, std::int64_t output_tokens_max = 1'024) {
  return {3, Operation::responses, input, output_tokens_max};
}

TEST(SimulatedAnswer, is_a_function_of_model_and_input) {
  const LaneAnswer first = answer_item(model, responses(R"({"input":"one"})"));
  LaneItem elsewhere = responses(R"({"input":"one"})");
  elsewhere.number = 99;
  EXPECT_EQ(first.number, 3u);
  EXPECT_EQ(answer_item(model, elsewhere).text, first.text);
  EXPECT_NE(answer_item(model, responses(R"({"input":"two"})")).text, first.text);
  EXPECT_NE(answer_item(core::ModelSlug("other"), elsewhere).text, first.text);
}

TEST(SimulatedAnswer, counts_its_own_tokens_and_stops_at_what_was_bought) {
  const LaneAnswer whole = answer_item(model, responses(R"({"input":"one"})"));
  EXPECT_EQ(whole.verdict, Verdict::succeeded);
  EXPECT_EQ(whole.finish_reason, "stop");
  EXPECT_EQ(whole.usage.output_tokens, core::count_tokens(whole.text));
  for (std::int64_t bought = 0; bought < whole.usage.output_tokens; ++bought) {
    const LaneAnswer cut = answer_item(model, responses(R"({"input":"one"})", bought));
    EXPECT_EQ(cut.finish_reason, "length");
    EXPECT_LE(cut.usage.output_tokens, bought);
    EXPECT_TRUE(whole.text.starts_with(cut.text));
  }
  EXPECT_EQ(answer_item(model, responses(R"({"input":"one"})", whole.usage.output_tokens)).finish_reason, "stop");
}

TEST(SimulatedAnswer, bodies_have_the_vendors_shapes) {
  const LaneAnswer response = answer_item(model, responses(R"({"input":"one"})", 5));
  const auto response_body = parse(response.provider_body);
  EXPECT_EQ(text_at(response_body, "/output/0/content/0/text"), response.text);
  EXPECT_EQ(text_at(response_body, "/status"), "incomplete");
  EXPECT_EQ(text_at(response_body, "/incomplete_details/reason"), "max_output_tokens");
  EXPECT_EQ(number_at(response_body, "/usage/output_tokens"), response.usage.output_tokens);

  const std::string conversation = R"({"messages":[{"role":"user","content":"one"}]})";
  const LaneAnswer chat = answer_item(model, {0, Operation::chat_completions, conversation, 100});
  const auto chat_body = parse(chat.provider_body);
  EXPECT_EQ(text_at(chat_body, "/choices/0/message/content"), chat.text);
  EXPECT_EQ(text_at(chat_body, "/choices/0/finish_reason"), "stop");
  EXPECT_EQ(number_at(chat_body, "/usage/prompt_tokens"), chat.usage.input_tokens);

  const LaneAnswer message = answer_item(model, {0, Operation::messages, conversation, 100});
  const auto message_body = parse(message.provider_body);
  EXPECT_EQ(text_at(message_body, "/content/0/text"), message.text);
  EXPECT_EQ(text_at(message_body, "/stop_reason"), "end_turn");
  EXPECT_EQ(text_at(message_body, "/model"), model.value());

  for (const auto* body : {&response_body, &chat_body, &message_body}) {
    ASSERT_TRUE(body->HasMember("simulated"));
    EXPECT_TRUE((*body)["simulated"].IsTrue());
  }
}

TEST(SimulatedAnswer, json_is_answered_with_json_that_fits_the_schema) {
  const LaneAnswer any = answer_item(model, responses(R"({"input":"one","text":{"format":{"type":"json_object"}}})"));
  EXPECT_TRUE(parse(any.text).IsObject());

  const LaneAnswer fitting = answer_item(model, {0, Operation::chat_completions, R"({
      "messages":[{"role":"user","content":"one"}],
      "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object",
        "properties":{"label":{"enum":["late","lost"]},"score":{"type":"integer","minimum":3,"maximum":5},
          "tags":{"type":"array","minItems":2,"items":{"type":"string","maxLength":4}},
          "maybe":{"anyOf":[{"type":"boolean"},{"type":"null"}]},"inner":{"$ref":"#/$defs/inner"}},
        "$defs":{"inner":{"type":"object","properties":{"again":{"$ref":"#/$defs/inner"}}}}}}}})",
                                                 1'000'000});
  const auto json = parse(fitting.text);
  ASSERT_TRUE(json.IsObject()) << fitting.text;
  EXPECT_TRUE(text_at(json, "/label") == "late" || text_at(json, "/label") == "lost");
  EXPECT_GE(number_at(json, "/score"), 3);
  EXPECT_LE(number_at(json, "/score"), 5);
  ASSERT_TRUE(json["tags"].IsArray());
  EXPECT_EQ(json["tags"].Size(), 2u);
  EXPECT_LE(text_at(json, "/tags/0").size(), 4u);
  EXPECT_TRUE(json["maybe"].IsBool());
  EXPECT_TRUE(json["inner"].IsObject());
}

TEST(SimulatedAnswer, schemas_cannot_make_it_endless) {
  const LaneAnswer answer = answer_item(model, responses(R"({"input":"one","text":{"format":{"type":"json_schema",
      "schema":{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","minItems":1000000,"items":{"$ref":"#/$defs/b"}},
      "b":{"type":"object","properties":{"x":{"$ref":"#/$defs/b"},"y":{"$ref":"#/$defs/b"}}}}}}}})"));
  EXPECT_LT(answer.text.size(), 100'000u);
}

TEST(SimulatedAnswer, embeddings_are_unit_vectors) {
  const auto embed = [](const std::string& input) {
    return answer_item(core::ModelSlug("text-embedding-3-small"), {0, Operation::embeddings, input, 0});
  };
  const LaneAnswer answer = embed(R"({"input":"parcel"})");
  EXPECT_EQ(answer.finish_reason, "stop");
  EXPECT_EQ(answer.usage.output_tokens, 0);
  const auto vector = parse(answer.text);
  ASSERT_EQ(vector.Size(), 256u);
  double squares = 0;
  for (const auto& number : vector.GetArray()) squares += number.GetDouble() * number.GetDouble();
  EXPECT_NEAR(squares, 1, 1e-4);

  EXPECT_EQ(parse(embed(R"({"input":"parcel","dimensions":8})").text).Size(), 8u);
  EXPECT_EQ(embed(R"({"input":["parcel"]})").text, answer.text);
  const auto both = parse(embed(R"({"input":["parcel","letter"]})").text);
  ASSERT_EQ(both.Size(), 2u);
  EXPECT_TRUE(both[0] == vector);
  EXPECT_FALSE(both[1] == vector);
  EXPECT_EQ(text_at(parse(answer.provider_body), "/data/0/object"), "embedding");
}

TEST(SimulatedAnswer, a_body_that_the_vendor_refuses_is_the_items_fault) {
  const LaneAnswer answer = answer_item(model, responses(R"({"input":"one","temperature":3})"));
  EXPECT_EQ(answer.number, 3u);
  EXPECT_EQ(answer.verdict, Verdict::item_fault);
  EXPECT_EQ(answer.error_code, "invalid_request_error");
  EXPECT_EQ(answer.error_message, "'temperature' must be a number from 0 to 2.");
  EXPECT_EQ(text_at(parse(answer.provider_body), "/error/type"), "invalid_request_error");
  EXPECT_TRUE(answer.text.empty());
}

}  // namespace
}  // namespace adapters::simulated
