// If this failed: batches would be lost or taken for another state, paid results be overlooked, and the key be sent to
// a host that is not the provider's.
#include "adapters/providers/wire.h"

#include <gtest/gtest.h>

#include <string>

namespace adapters::providers {
namespace {

using core::Operation;
using core::Protocol;

std::unique_ptr<Wire> wire_for(Protocol protocol, const std::string& base = "https://api.example.test") {
  ProviderSettings settings;
  settings.protocol = protocol;
  settings.base_url = base;
  settings.api_key = core::Secret("sk-secret");
  return make_wire(settings);
}

std::string header(const http_client::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(OpenAiWire, uploads_a_file_and_makes_a_batch_of_it_that_carries_the_intent) {
  const auto wire = wire_for(Protocol::openai);
  const std::string input =
      wire->batch_input(Operation::responses, {{"aa_1", R"({"model":"m"})"}, {"aa_2", R"({"model":"n"})"}});
  EXPECT_EQ(input, R"({"custom_id":"aa_1","method":"POST","url":"/v1/responses","body":{"model":"m"}})"
                   "\n"
                   R"({"custom_id":"aa_2","method":"POST","url":"/v1/responses","body":{"model":"n"}})"
                   "\n");
  const auto upload = wire->upload(input);
  ASSERT_TRUE(upload);
  EXPECT_EQ(upload->url, "https://api.example.test/v1/files");
  EXPECT_EQ(header(*upload, "authorization"), "Bearer sk-secret");
  EXPECT_NE(upload->body.find("name=\"purpose\"\r\n\r\nbatch\r\n"), std::string::npos);
  EXPECT_NE(upload->body.find(".jsonl\""), std::string::npos);
  EXPECT_NE(upload->body.find("\r\n\r\n" + input + "\r\n--"), std::string::npos);

  const auto create = wire->create(Operation::responses, "file-1", "bat_1/0/1");
  EXPECT_EQ(create.body,
            R"({"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h",)"
            R"("metadata":{"br_intent":"bat_1/0/1"},"output_expires_after":{"anchor":"created_at","seconds":604800}})");
  EXPECT_TRUE(create.fresh_connection) << "libcurl would send it twice";
}

TEST(OpenAiWire, reads_batches_in_every_state) {
  const auto wire = wire_for(Protocol::openai);
  const auto state = [&](const std::string& status, const std::string& more = "") {
    const auto batch = wire->read_batch(R"({"id":"batch_1","status":")" + status + "\"" + more + "}");
    EXPECT_TRUE(batch);
    return *batch;
  };
  for (const std::string status : {"validating", "in_progress", "finalizing", "cancelling", "some_new_word"})
    EXPECT_EQ(state(status).state, BatchState::running) << status;
  EXPECT_EQ(state("completed").state, BatchState::ended);
  EXPECT_FALSE(state("completed").cut_short);
  for (const std::string status : {"expired", "cancelled"}) {
    const BatchStatus batch = state(status, R"(,"output_file_id":"file-o","error_file_id":"file-e")");
    EXPECT_EQ(batch.state, BatchState::ended);
    EXPECT_TRUE(batch.cut_short);
    EXPECT_EQ(batch.result_urls, (std::vector<std::string>{"https://api.example.test/v1/files/file-o/content",
                                                           "https://api.example.test/v1/files/file-e/content"}));
  }
  // Every line failed: there is an error file only. None is null, an empty text, or absent.
  EXPECT_EQ(state("completed", R"(,"output_file_id":null,"error_file_id":"file-e")").result_urls.size(), 1U);
  EXPECT_EQ(state("completed", R"(,"output_file_id":"","error_file_id":"file-e")").result_urls.size(), 1U);
  EXPECT_EQ(state("completed", R"(,"output_file_id":"","error_file_id":"")").result_urls.size(), 0U);
  // An id is no path.
  EXPECT_EQ(state("completed", R"(,"output_file_id":"../../models?")").result_urls.size(), 0U);

  const BatchStatus failed = state(
      "failed",
      R"(,"errors":{"object":"list","data":[{"code":"invalid_json_line","message":"bad","param":null,"line":3},{"code":"token_limit_exceeded","message":"m","line":null}]})");
  EXPECT_EQ(failed.state, BatchState::failed);
  ASSERT_EQ(failed.faults.size(), 2U);
  EXPECT_EQ(failed.faults[0].line, 3U);
  EXPECT_EQ(failed.faults[1].line, std::nullopt);

  const BatchStatus whole = state(
      "completed",
      R"(,"endpoint":"/v1/chat/completions","input_file_id":"file-i","created_at":1767225600,"request_counts":{"total":7},"metadata":{"br_intent":"bat_1/0/1"})");
  EXPECT_EQ(whole.dialect, Operation::chat_completions);
  EXPECT_EQ(whole.items, 7);
  EXPECT_EQ(whole.intent, "bat_1/0/1");
  EXPECT_EQ(whole.input_file, "file-i");
  EXPECT_EQ(whole.created_at, core::Timestamp(std::chrono::seconds(1'767'225'600)));

  for (const std::string text : {"", "{}", "[]", "null", R"({"id":"batch_1"})", R"({"status":"completed"})",
                                 R"({"id":"a/b","status":"completed"})", R"({"id":1,"status":2})"})
    EXPECT_FALSE(wire->read_batch(text)) << text;
}

TEST(OpenAiWire, reads_pages_of_batches) {
  const auto wire = wire_for(Protocol::openai);
  const auto page = wire->read_page(
      R"({"object":"list","data":[{"id":"batch_2","status":"completed"},{"odd":1},{"id":"batch_1","status":"failed"}],"last_id":null,"has_more":true})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->batches.size(), 2U);
  EXPECT_EQ(page->next, "batch_1");
  EXPECT_EQ(wire->list(page->next).url, "https://api.example.test/v1/batches?limit=100&after=batch_1");
  EXPECT_EQ(wire->read_page(R"({"data":[],"has_more":false})")->next, "");
  EXPECT_FALSE(wire->read_page("{}"));
}

TEST(OpenAiWire, reads_result_lines) {
  const auto wire = wire_for(Protocol::openai);
  const auto good = wire->read_result(
      R"({"id":"r","custom_id":"aa_1","response":{"status_code":200,"request_id":"q","body":{"id":"resp_1"}},"error":null})");
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->executed);
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->body, R"({"id":"resp_1"})");
  const auto refused = wire->read_result(
      R"({"custom_id":"aa_1","response":{"status_code":400,"body":{"error":{"message":"m"}}},"error":null})");
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->body, R"({"error":{"message":"m"}})");
  for (const std::string code : {"batch_expired", "batch_cancelled"}) {
    const auto line =
        wire->read_result(R"({"custom_id":"aa_1","response":null,"error":{"code":")" + code + R"(","message":"m"}})");
    EXPECT_FALSE(line->executed);
  }
  const auto broken =
      wire->read_result(R"({"custom_id":"aa_1","response":null,"error":{"code":"server_error","message":"m"}})");
  EXPECT_TRUE(broken->executed);
  EXPECT_EQ(broken->status, 500);
  EXPECT_FALSE(wire->read_result(R"({"custom_id":"aa_1"})")->executed);
  for (const std::string text : {R"({"custom_id":7,"response":{}})", "{}", "x", R"({"custom_id":"aa_1","response")"})
    EXPECT_FALSE(wire->read_result(text)) << text;
}

TEST(AnthropicWire, makes_batches_without_a_file) {
  const auto wire = wire_for(Protocol::anthropic);
  const std::string input =
      wire->batch_input(Operation::messages, {{"aa_1", R"({"model":"m"})"}, {"aa_2", R"({"model":"m"})"}});
  EXPECT_EQ(
      input,
      R"({"requests":[{"custom_id":"aa_1","params":{"model":"m"}},{"custom_id":"aa_2","params":{"model":"m"}}]})");
  EXPECT_FALSE(wire->upload(input));
  const auto create = wire->create(Operation::messages, input, "bat_1/0/1");
  EXPECT_EQ(create.url, "https://api.example.test/v1/messages/batches");
  EXPECT_EQ(create.body, input);
  EXPECT_TRUE(create.fresh_connection) << "libcurl would send it twice";
  EXPECT_EQ(header(create, "x-api-key"), "sk-secret");
  EXPECT_EQ(header(create, "anthropic-version"), "2023-06-01");
  EXPECT_TRUE(wire->creates_in_turn());
}

TEST(AnthropicWire, reads_batches_and_sends_the_key_to_nobody_else) {
  const auto wire = wire_for(Protocol::anthropic);
  const auto read = [&](const std::string& status, const std::string& counts, const std::string& url) {
    const auto batch = wire->read_batch(R"({"id":"msgbatch_1","processing_status":")" + status +
                                        R"(","created_at":"2026-01-01T00:00:00Z","request_counts":{)" + counts +
                                        R"(},"results_url":)" + url + "}");
    EXPECT_TRUE(batch);
    return *batch;
  };
  EXPECT_EQ(read("in_progress", R"("processing":5)", "null").state, BatchState::running);
  EXPECT_EQ(read("in_progress", R"("processing":5)", "null").items, 5);
  EXPECT_EQ(read("canceling", R"("processing":5)", "null").state, BatchState::running);
  const BatchStatus ended = read("ended", R"("processing":0,"succeeded":2,"errored":1,"canceled":1,"expired":1)",
                                 R"("https://api.example.test/v1/messages/batches/msgbatch_1/results")");
  EXPECT_EQ(ended.state, BatchState::ended);
  EXPECT_TRUE(ended.cut_short);
  EXPECT_EQ(ended.items, 5);
  EXPECT_EQ(ended.result_urls,
            std::vector<std::string>{"https://api.example.test/v1/messages/batches/msgbatch_1/results"});
  for (const std::string elsewhere :
       {"https://evil.test/v1/x", "https://api.example.test.evil.test/x", "https://api.example.test@evil.test/", "x"}) {
    EXPECT_EQ(read("ended", R"("succeeded":5)", "\"" + elsewhere + "\"").result_urls,
              std::vector<std::string>{"https://api.example.test/v1/messages/batches/msgbatch_1/results"})
        << elsewhere;
  }
  EXPECT_TRUE(read("ended", R"("succeeded":5)", "null").result_urls.empty());
  EXPECT_TRUE(read("ended", R"("succeeded":5)", "\"\"").result_urls.empty());
  EXPECT_FALSE(wire->read_batch(R"({"id":"msgbatch_1"})"));
  EXPECT_FALSE(wire->read_batch(
      R"({"id":"msgbatch_1","processing_status":"ended","request_counts":{"succeeded":9223372036854775807}})"));
}

TEST(AnthropicWire, reads_result_lines) {
  const auto wire = wire_for(Protocol::anthropic);
  const auto good = wire->read_result(R"({"custom_id":"aa_1","result":{"type":"succeeded","message":{"id":"msg_1"}}})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->body, R"({"id":"msg_1"})");
  const auto refused = wire->read_result(
      R"({"custom_id":"aa_1","result":{"type":"errored","error":{"type":"error","error":{"type":"invalid_request_error","message":"m"}}}})");
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(
      wire->read_result(
              R"({"custom_id":"aa_1","result":{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":"m"}}}})")
          ->status,
      500);
  for (const std::string type : {"expired", "canceled"})
    EXPECT_FALSE(wire->read_result(R"({"custom_id":"aa_1","result":{"type":")" + type + R"("}})")->executed);
  EXPECT_FALSE(wire->read_result(R"({"custom_id":"aa_1","result":{"type":"new"}})"));
  EXPECT_FALSE(wire->read_result(R"({"result":{"type":"expired"}})"));
}

TEST(Wire, items_are_asked_in_their_own_dialect_where_it_is_spoken) {
  const auto openai = wire_for(Protocol::openai);
  EXPECT_EQ(openai->dialect_for(Operation::responses), Operation::responses);
  EXPECT_EQ(openai->dialect_for(Operation::messages), Operation::chat_completions);
  EXPECT_EQ(openai->dialect_for(Operation::embeddings), Operation::embeddings);
  const auto anthropic = wire_for(Protocol::anthropic);
  EXPECT_EQ(anthropic->dialect_for(Operation::responses), Operation::messages);
  EXPECT_EQ(anthropic->dialect_for(Operation::chat_completions), Operation::messages);
  const auto compatible = wire_for(Protocol::openai_compatible);
  EXPECT_EQ(compatible->dialect_for(Operation::responses), Operation::chat_completions);
  EXPECT_EQ(compatible->chat_limit(), schemas::dialect::OutputLimitField::max_tokens);
}

}  // namespace
}  // namespace adapters::providers
