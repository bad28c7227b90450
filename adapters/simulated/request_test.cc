// If this failed: the simulated provider would accept what real ones refuse, or count other tokens than those it is
// shown.
#include "adapters/simulated/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/tokens.h"

namespace adapters::simulated {
namespace {

using core::Operation;
using testing::HasSubstr;

void expect_refusal(Operation operation, const std::string& input, const std::string& part_of_message) {
  const auto request = read_request(operation, input);
  ASSERT_FALSE(request.has_value()) << input;
  EXPECT_EQ(request.error().code, core::ErrorCode::invalid_request);
  EXPECT_THAT(request.error().detail, HasSubstr(part_of_message)) << input;
}

std::int64_t input_tokens(Operation operation, const std::string& input) {
  const auto request = read_request(operation, input);
  EXPECT_TRUE(request.has_value()) << input << ": " << request.error().detail;
  return request ? request->input_tokens : -1;
}

TEST(SimulatedRequest, counts_the_text_that_the_model_sees) {
  const std::int64_t hello = core::count_tokens("Hello there");
  EXPECT_EQ(input_tokens(Operation::responses, R"({"input":"Hello there"})"), hello + 4);
  EXPECT_EQ(input_tokens(Operation::responses, R"({"input":"Hello there","instructions":"Hello there"})"),
            2 * hello + 4);
  EXPECT_EQ(input_tokens(Operation::responses, R"({"input":[{"role":"user","content":"Hello there"},
              {"type":"function_call_output","call_id":"x","output":"Hello there"}]})"),
            2 * hello + 8);
  EXPECT_EQ(input_tokens(Operation::chat_completions,
                         R"({"messages":[{"role":"system","content":"Hello there"},{"role":"user","content":[
              {"type":"text","text":"Hello there"},{"type":"image_url","image_url":{"url":"https://example.com/a"}}]},
              {"role":"assistant","content":null}]})"),
            2 * hello + 12);
  EXPECT_EQ(input_tokens(Operation::messages, R"({"system":[{"type":"text","text":"Hello there"}],"max_tokens":5,
              "messages":[{"role":"user","content":[{"type":"tool_result","content":[{"text":"Hello there"}]}]}]})"),
            2 * hello + 4);
  EXPECT_EQ(input_tokens(Operation::embeddings, R"({"input":["Hello there","Hello there"]})"), 2 * hello);
  EXPECT_EQ(input_tokens(Operation::embeddings, R"({"input":[1,2,3]})"), 3);
}

TEST(SimulatedRequest, refuses_what_every_vendor_refuses) {
  for (const char* body : {"", "[]", "{", "7", "null"}) expect_refusal(Operation::responses, body, "JSON object");
  expect_refusal(Operation::responses, R"({"input":"x","temperature":2.1})", "'temperature'");
  expect_refusal(Operation::responses, R"({"input":"x","temperature":"hot"})", "'temperature'");
  expect_refusal(Operation::messages, R"({"messages":[{"role":"user","content":"x"}],"temperature":1.1})",
                 "'temperature'");
  expect_refusal(Operation::chat_completions, R"({"messages":[{"role":"user","content":"x"}],"top_p":-0.1})",
                 "'top_p'");
  expect_refusal(Operation::chat_completions, R"({"messages":[{"role":"user","content":"x"}],"stream":true})",
                 "'stream'");
}

TEST(SimulatedRequest, refuses_conversations_that_are_none) {
  expect_refusal(Operation::chat_completions, "{}", "'messages'");
  expect_refusal(Operation::chat_completions, R"({"messages":[]})", "'messages'");
  expect_refusal(Operation::chat_completions, R"({"messages":["x"]})", "'messages[0]'");
  expect_refusal(Operation::chat_completions, R"({"messages":[{"role":"pirate","content":"x"}]})",
                 "'messages[0].role'");
  expect_refusal(Operation::chat_completions, R"({"messages":[{"role":"user"}]})", "'messages[0].content'");
  expect_refusal(Operation::chat_completions, R"({"messages":[{"role":"user","content":7}]})", "'messages[0].content'");
  expect_refusal(Operation::responses, "{}", "'input'");
  expect_refusal(Operation::responses, R"({"input":""})", "'input'");
  expect_refusal(Operation::responses, R"({"input":[]})", "'input'");
  expect_refusal(Operation::responses, R"({"input":[{"role":"tool","content":"x"}]})", "'input[0].role'");
  expect_refusal(Operation::messages, R"({"messages":[{"role":"system","content":"x"}]})", "'messages[0].role'");
  expect_refusal(Operation::messages, R"({"messages":[{"role":"assistant","content":"x"}]})", "first message");
}

TEST(SimulatedRequest, refuses_settings_out_of_range) {
  const auto chat = [](const std::string& more) {
    return R"({"messages":[{"role":"user","content":"x"}],)" + more + "}";
  };
  expect_refusal(Operation::chat_completions, chat(R"("n":2)"), "'n'");
  expect_refusal(Operation::chat_completions, chat(R"("max_tokens":0)"), "'max_tokens'");
  expect_refusal(Operation::chat_completions, chat(R"("response_format":{"type":"xml"})"), "'response_format.type'");
  expect_refusal(Operation::messages, chat(R"("max_tokens":0)"), "'max_tokens'");
  expect_refusal(Operation::responses, R"({"input":"x","max_output_tokens":1.5})", "'max_output_tokens'");
  expect_refusal(Operation::responses, R"({"input":"x","background":true})", "'background'");
  expect_refusal(Operation::embeddings, R"({"input":"x","dimensions":0})", "'dimensions'");
  expect_refusal(Operation::embeddings, R"({"input":"x","dimensions":3073})", "'dimensions'");
  expect_refusal(Operation::embeddings, R"({"input":"x","encoding_format":"base64"})", "'encoding_format'");
  for (const char* input : {"\"\"", "[]", "[\"\"]", "[[]]", "7", "[-1]", "{}"})
    expect_refusal(Operation::embeddings, std::string(R"({"input":)") + input + "}", "'input'");
}

TEST(SimulatedRequest, survives_deep_nesting) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FALSE(read_request(Operation::chat_completions, R"({"messages":)" + deep + "}").has_value());
  expect_refusal(Operation::responses,
                 R"({"input":"x","text":{"format":{"type":"json_schema","schema":{"enum":)" + deep + "}}}}",
                 "nested too deeply");
}

}  // namespace
}  // namespace adapters::simulated
