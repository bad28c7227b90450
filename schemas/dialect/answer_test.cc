// If these fail, customers pay for answers that they cannot read, or errors pass for answers.
#include "schemas/dialect/answer.h"

#include <gtest/gtest.h>

#include "schemas/digest.h"
#include "schemas/manifest/utf8.h"

namespace schemas::dialect {
namespace {

using core::Operation;

constexpr Operation chat = Operation::chat_completions;
constexpr Operation responses = Operation::responses;
constexpr Operation messages = Operation::messages;
constexpr Operation embeddings = Operation::embeddings;

std::string text_of(std::optional<std::int64_t> count) {
  return count ? std::to_string(*count) : "-";
}

// "text | tool calls | finish reason | input cached output", or "fault: type | code | message".
std::string seen(Operation dialect, std::string_view body) {
  const AnswerResult answer = read_answer(dialect, body);
  if (!answer) {
    const ProviderFault fault = answer.error();
    return "fault: " + fault.type + " | " + fault.code + " | " + fault.message;
  }
  return answer->text + " | " + answer->tool_calls + " | " + answer->finish_reason + " | " +
         text_of(answer->usage.input_tokens) + " " + text_of(answer->usage.cached_tokens) + " " +
         text_of(answer->usage.output_tokens);
}

struct Case {
  std::string_view body, seen;
};

TEST(DialectAnswer, ChatCompletions) {
  const Case cases[] = {
      {R"({"model":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"finish_reason":"stop"}],)"
       R"("usage":{"prompt_tokens":14,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":10}},"error":null})",
       "hi |  | stop | 14 10 3"},
      {R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"finish_reason":null}]})",
       "ab |  | stop | - - -"},
      {R"({"choices":[{"message":{"content":"a"},"finish_reason":"eos"}],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}})",
       "a |  | stop | - - -"},
      {R"({"choices":[{"message":{"content":"a"},"finish_reason":"length"}]})", "a |  | length | - - -"},
      {R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})",
       "No. |  | refusal | - - -"},
      {R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
       R"("finish_reason":"tool_calls"}]})",
       R"( | [{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}] | tool_calls | - - -)"},
      {R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1.50}}}]},"finish_reason":"stop"}]})",
       R"( | [{"id":"","type":"function","function":{"name":"f","arguments":"{\"a\":1.50}"}}] | tool_calls | - - -)"},
      {R"({"choices":[{"message":{"content":"a"},"finish_reason":"content_filter"}],"error":{}})",
       "a |  | content_filter | - - -"},
      {R"({"choices":[{"message":{"content":"a"},"finish_reason":"insufficient_system_resource"}]})",
       "a |  | insufficient_system_resource | - - -"},
      {R"({"error":{"message":"Out of luck","type":"server_error","code":null}})",
       "fault: server_error |  | Out of luck"},
      {R"({"choices":[{"error":{"code":502,"message":"upstream"},"message":{"content":""}}]})",
       "fault:  | 502 | upstream"},
      {R"({"object":"error","message":"too long","type":"BadRequestError","code":400})",
       "fault: BadRequestError | 400 | too long"},
      {R"({"choices":[]})", "fault: malformed_answer |  | an answer without choices"},
      {R"({"choices":[{"finish_reason":"stop"}]})", "fault: malformed_answer |  | a choice without a message"},
      {"<html>", "fault: malformed_answer |  | an answer that is no JSON"},
      {"[]", "fault: malformed_answer |  | an answer without choices"},
  };
  for (const Case& each : cases) EXPECT_EQ(seen(chat, each.body), each.seen) << each.body;
}

TEST(DialectAnswer, Responses) {
  const Case cases[] = {
      {R"({"status":"completed","error":null,"incomplete_details":null,"output":[{"type":"reasoning","summary":[]},)"
       R"({"type":"message","content":[{"type":"output_text","text":"log"},{"type":"output_text","text":"istics"}]}],)"
       R"("usage":{"input_tokens":14,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}})",
       "logistics |  | stop | 14 4 3"},
      {R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]})",
       " |  | length | - - -"},
      {R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]})",
       " |  | content_filter | - - -"},
      {R"({"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]})",
       "No. |  | refusal | - - -"},
      {R"({"output":[{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{\"a\":1}"}]})",
       R"( | [{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}] | tool_calls | - - -)"},
      {R"({"status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"},"output":[]})",
       "fault:  | rate_limit_exceeded | Slow down"},
      {R"({"status":"failed","error":null,"output":[]})", "fault: failed | failed | the provider gives no reason"},
      {R"({"status":"in_progress","output":[]})", "fault: unfinished_answer | in_progress | the answer is in_progress"},
      {R"({"status":"completed","output":null})", "fault: malformed_answer |  | an answer without output"},
  };
  for (const Case& each : cases) EXPECT_EQ(seen(responses, each.body), each.seen) << each.body;
}

TEST(DialectAnswer, Messages) {
  const Case cases[] = {
      {R"({"type":"message","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"a"}],"stop_reason":"end_turn",)"
       R"("usage":{"input_tokens":14,"cache_creation_input_tokens":5,"cache_read_input_tokens":100,"output_tokens":5}})",
       "a |  | stop | 119 100 5"},
      {R"({"content":[],"stop_reason":"max_tokens","usage":{"input_tokens":1,"cache_read_input_tokens":null}})",
       " |  | length | 1 - -"},
      {R"({"content":[],"usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":1}})",
       " |  | stop | - 1 -"},
      {R"({"content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1.50}}],"stop_reason":"tool_use"})",
       R"( | [{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1.50}"}}] | tool_calls | - - -)"},
      {R"({"content":[],"stop_reason":"pause_turn"})", " |  | pause | - - -"},
      {R"({"content":[{"type":"text","text":"a"}],"stop_reason":"refusal"})", "a |  | refusal | - - -"},
      {R"({"content":[{"type":"text","text":"a"}],"stop_reason":"stop_sequence"})", "a |  | stop | - - -"},
      {R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"})",
       "fault: overloaded_error |  | Overloaded"},
      {R"({"type":"message"})", "fault: malformed_answer |  | an answer without content"},
  };
  for (const Case& each : cases) EXPECT_EQ(seen(messages, each.body), each.seen) << each.body;
}

TEST(DialectAnswer, Embeddings) {
  const std::string floats = to_base64(std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
  const std::string base64 = R"({"data":[{"index":0,"embedding":")" + floats + R"("}]})";
  const Case cases[] = {
      {R"({"data":[{"index":0,"embedding":[0.10,-1e-7]}],"usage":{"prompt_tokens":3,"total_tokens":3}})",
       "[0.10,-1e-7] |  | stop | 3 - 0"},
      {R"({"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]})", "[[1],[2]] |  | stop | - - 0"},
      {base64, "[1,-2] |  | stop | - - 0"},
  };
  for (const Case& each : cases) EXPECT_EQ(seen(embeddings, each.body), each.seen) << each.body;
  for (const std::string_view body :
       {R"({"data":[]})", R"({"data":[{"embedding":[]}]})", R"({"data":[{"embedding":["1"]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]})",
        R"({"data":[{"index":9,"embedding":[1]}]})", R"({"data":[{"embedding":"AAA"}]})",
        R"({"data":[{"embedding":"AACAfw=="}]})", R"({"data":7})"})
    EXPECT_EQ(seen(embeddings, body), "fault: malformed_answer |  | an answer without readable embeddings") << body;
}

TEST(DialectAnswer, ErrorsOfEveryShape) {
  const auto told = [](std::string_view body) {
    const ProviderFault fault = read_error(body);
    return fault.type + " | " + fault.code + " | " + fault.message;
  };
  const Case cases[] = {
      {R"({"error":{"message":"No\n such  model","type":"invalid_request_error","param":null,"code":"model_not_found"}})",
       "invalid_request_error | model_not_found | No such model"},
      {R"({"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}})",
       "rate_limit_error | enforced_spend_limit_reached | m"},
      {R"({"detail":"Not Found"})", " |  | Not Found"},
      {R"({"detail":[{"loc":["body"],"msg":"field required","type":"missing"}]})", " |  | field required"},
      {R"({"message":"Invalid key","code":401})", " | 401 | Invalid key"},
      {R"({"error":"model 'x' not found"})", " |  | model 'x' not found"},
      {R"([{"error":{"message":"quota","code":429}}])", " | 429 | quota"},
      {R"({"what":1})", R"( |  | {"what":1})"},
      {R"("plain")", " |  | plain"},
      {"<html><head><TITLE>502 Bad\r\nGateway</title>", " |  | 502 Bad Gateway"},
      {"<html><body>x", " |  | a page instead of an error"},
      {"upstream connect error\n", " |  | upstream connect error"},
      {"", " |  | an empty answer"},
  };
  for (const Case& each : cases) EXPECT_EQ(told(each.body), each.seen) << each.body;
}

TEST(DialectAnswer, MessagesOfProvidersAreShortAndWellFormed) {
  for (const std::string& body : {std::string(5'000, '\xC3'), "\"" + std::string(299, 'x') + "üüüü\"",
                                  "\xFF\xFE" + std::string(400, '\xE4'), std::string(4'095, ' ') + "ü"}) {
    const std::string message = read_error(body).message;
    EXPECT_LE(message.size(), provider_message_bytes_max);
    manifest::Utf8Checker checker;
    EXPECT_EQ(checker.check(message), message.size());
    EXPECT_FALSE(checker.incomplete());
  }
  EXPECT_EQ(seen(chat, "{\"choices\":[{\"message\":{\"content\":\"a\xF0\x9F\"}}]}"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD |  | stop | - - -");
  EXPECT_EQ(seen(chat, std::string(200'000, '[')), "fault: malformed_answer |  | an answer that is no JSON");
}

}  // namespace
}  // namespace schemas::dialect
