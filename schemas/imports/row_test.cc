// If these fail, what customers bring of their history is misread: counted as what it was not, or lost without a word.
#include "schemas/imports/row.h"

#include <gtest/gtest.h>

#include <vector>

#include "schemas/imports/lines.h"
#include "schemas/rfc3339.h"

namespace schemas::imports {
namespace {

core::Timestamp at(std::string_view time) {
  return *parse_rfc3339(time);
}

std::string fault_of(const RowResult<Outcome>& row) {
  return row ? "none" : row.error().code + " " + row.error().pointer;
}
std::string fault_of(const RowResult<Request>& row) {
  return row ? "none" : row.error().code + " " + row.error().pointer;
}

TEST(ImportedRequest, of_openai_keeps_its_body_without_what_the_manifest_says_itself) {
  const auto row = read_request(Provider::openai, R"({"custom_id":"q-1","method":"POST","url":"/v1/chat/completions",
    "body":{"model":"gpt-4o-mini","service_tier":"auto","messages":[{"role":"user","content":"Grüße"}],"temperature":0.10}})");
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->custom_id, "q-1");
  EXPECT_EQ(row->operation, core::Operation::chat_completions);
  EXPECT_EQ(row->model, "gpt-4o-mini");
  EXPECT_EQ(row->input, R"({"messages":[{"role":"user","content":"Grüße"}],"temperature":0.10})");
}

TEST(ImportedRequest, of_anthropic) {
  const auto row = read_request(
      Provider::anthropic,
      R"({"custom_id":"q_1","params":{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"a"}]}})");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->operation, core::Operation::messages);
  EXPECT_EQ(row->input, R"({"max_tokens":64,"messages":[{"role":"user","content":"a"}]})");
}

TEST(ImportedRequest, faults_name_their_place) {
  const auto fault = [](std::string_view json) { return fault_of(read_request(Provider::openai, json)); };
  EXPECT_EQ(fault("{"), "malformed_json ");
  EXPECT_EQ(fault("[]"), "invalid_type ");
  EXPECT_EQ(fault("{}"), "missing_field /custom_id");
  EXPECT_EQ(fault(R"({"custom_id":7})"), "missing_field /custom_id");
  EXPECT_EQ(fault(R"({"custom_id":"a"})"), "missing_field /url");
  EXPECT_EQ(fault(R"({"custom_id":"a","url":"/v1/moderations"})"), "operation_not_supported /url");
  EXPECT_EQ(fault(R"({"custom_id":"a","url":"/v1/responses","body":[]})"), "missing_field /body");
  EXPECT_EQ(fault(R"({"custom_id":"a","url":"/v1/responses","body":{}})"), "missing_field /body/model");
  EXPECT_EQ(fault(std::string(200, '[')), "json_too_deep ");
}

TEST(ImportedOutcome, of_openai_that_succeeded) {
  const auto row = read_outcome(Provider::openai,
                                R"({"id":"batch_req_1","custom_id":"q-1","response":{"status_code":200,"request_id":"r",
    "body":{"id":"c","object":"chat.completion","created":1767225600,"model":"gpt-4o-mini-2024-07-18",
    "choices":[{"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":12,"completion_tokens":3}}},"error":null})");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->ending, Ending::succeeded);
  EXPECT_EQ(row->operation, core::Operation::chat_completions);
  EXPECT_EQ(row->model, "gpt-4o-mini-2024-07-18");
  EXPECT_EQ(row->occurred_at, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(dialect::read_answer(*row->operation, row->body)->usage.input_tokens, 12);
}

TEST(ImportedOutcome, of_openai_that_did_not) {
  const auto rejected = read_outcome(
      Provider::openai,
      R"({"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"x","type":"invalid_request_error","code":null}}},"error":null})");
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->ending, Ending::rejected);
  EXPECT_EQ(rejected->code, "invalid_request_error");

  const auto failed =
      read_outcome(Provider::openai, R"({"custom_id":"a","response":{"status_code":500,"body":"down"},"error":null})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->ending, Ending::failed);
  EXPECT_EQ(failed->code, "http_500");

  const auto expired = read_outcome(
      Provider::openai, R"({"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"late"}})");
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->ending, Ending::failed);
  EXPECT_EQ(expired->code, "batch_expired");

  const auto cancelled =
      read_outcome(Provider::openai, R"({"custom_id":"a","response":null,"error":{"code":"batch_cancelled"}})");
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->ending, Ending::cancelled);
}

TEST(ImportedOutcome, of_anthropic) {
  const auto read = [](std::string_view result) {
    return read_outcome(Provider::anthropic, R"({"custom_id":"a","result":)" + std::string(result) + "}");
  };
  const auto succeeded = read(R"({"type":"succeeded","message":{"model":"claude-haiku-4-5-20251001","content":[]}})");
  ASSERT_TRUE(succeeded);
  EXPECT_EQ(succeeded->ending, Ending::succeeded);
  EXPECT_EQ(succeeded->model, "claude-haiku-4-5-20251001");
  EXPECT_EQ(succeeded->occurred_at, std::nullopt);
  const auto errored =
      read(R"({"type":"errored","error":{"type":"error","error":{"type":"invalid_request_error","message":"no"}}})");
  ASSERT_TRUE(errored);
  EXPECT_EQ(errored->ending, Ending::rejected);
  EXPECT_EQ(errored->code, "invalid_request_error");
  const auto overloaded =
      read(R"({"type":"errored","error":{"type":"error","error":{"type":"overloaded_error","message":"no"}}})");
  ASSERT_TRUE(overloaded);
  EXPECT_EQ(overloaded->ending, Ending::failed);
  EXPECT_EQ(read(R"({"type":"expired"})")->ending, Ending::failed);
  EXPECT_EQ(read(R"({"type":"canceled"})")->ending, Ending::cancelled);
}

TEST(ImportedOutcome, a_line_may_tell_its_own_time) {
  EXPECT_EQ(read_outcome(Provider::anthropic,
                         R"({"custom_id":"a","occurred_at":"2026-03-01T10:00:00Z","result":{"type":"expired"}})")
                ->occurred_at,
            at("2026-03-01T10:00:00Z"));
  EXPECT_EQ(fault_of(read_outcome(Provider::anthropic,
                                  R"({"custom_id":"a","occurred_at":"soon","result":{"type":"expired"}})")),
            "invalid_value /occurred_at");
}

TEST(ImportedOutcome, lines_of_the_other_provider_or_of_none_are_faults) {
  const auto openai = [](std::string_view json) { return fault_of(read_outcome(Provider::openai, json)); };
  EXPECT_EQ(openai(R"({"custom_id":"a","result":{"type":"expired"}})"), "missing_field /response");
  EXPECT_EQ(openai(R"({"custom_id":"a","response":{}})"), "missing_field /response/status_code");
  EXPECT_EQ(openai(R"({"custom_id":"a","response":{"status_code":200}})"), "missing_field /response/body");
  const auto anthropic = [](std::string_view json) { return fault_of(read_outcome(Provider::anthropic, json)); };
  EXPECT_EQ(anthropic(R"({"custom_id":"a","response":{"status_code":200,"body":{}}})"), "missing_field /result");
  EXPECT_EQ(anthropic(R"({"custom_id":"a","result":{"type":"done"}})"), "invalid_value /result/type");
  EXPECT_EQ(anthropic(R"({"custom_id":"a","result":{"type":"succeeded"}})"), "missing_field /result/message");
}

TEST(ImportedOutcome, a_providers_code_never_carries_text) {
  const auto row = read_outcome(
      Provider::openai, R"({"custom_id":"a","response":null,"error":{"code":"the prompt was: secret","message":"x"}})");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->code, "other");
}

TEST(ImportedBatch, tells_when_it_was_done) {
  EXPECT_EQ(
      *read_batch_time(Provider::openai, R"({"object":"batch","created_at":1767225600,"completed_at":1767225660})"),
      at("2026-01-01T00:01:00Z"));
  EXPECT_EQ(*read_batch_time(Provider::anthropic,
                             R"({"type":"message_batch","created_at":"2026-01-01T00:00:00Z","ended_at":null})"),
            at("2026-01-01T00:00:00Z"));
  EXPECT_TRUE(read_batch_time(Provider::openai, R"({"object":"file"})").has_error());
  EXPECT_TRUE(read_batch_time(Provider::openai, "batch").has_error());
}

TEST(ImportedLines, are_numbered_as_an_editor_does_whatever_the_chunks) {
  const std::string text = "\xEF\xBB\xBF{1}\r\n\n  {3}\n" + std::string(line_bytes_max + 1, 'x') + "\n{5}";
  for (const std::size_t chunk : {std::size_t{65'536}, std::size_t{7}}) {
    manifest::TextSource source(text, chunk);
    Lines lines(source);
    std::vector<std::string> seen;
    for (;;) {
      const auto line = lines.next();
      ASSERT_TRUE(line);
      if (!*line) break;
      seen.push_back(std::to_string((*line)->number) + " " + std::string((*line)->text) +
                     ((*line)->too_long ? "too long" : ""));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"1 {1}", "3 {3}", "4 too long", "5 {5}"})) << chunk;
  }
}

}  // namespace
}  // namespace schemas::imports
