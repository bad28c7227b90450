#include "schemas/webhook_body.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace schemas {
namespace {

constexpr core::Timestamp ended = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

core::batch::Batch batch() {
  core::batch::Batch batch;
  batch.id = core::BatchId("bat_1");
  batch.phase = core::batch::Phase::completed;
  batch.plan.item_count = 10;
  batch.closed.tally.succeeded = 7;
  batch.closed.tally.failed = 2;
  batch.closed.tally.exhausted = 1;
  return batch;
}

// If this failed, receivers written after the product's documents, or with a Standard Webhooks library, would break.
TEST(WebhookBody, IsFlatAndAnEnvelope) {
  const std::string body =
      render_webhook_body("batch.completed", ended, batch(), {"https://a.test/out?x=1&y=\"2\"", std::nullopt});
  rapidjson::Document json;
  json.Parse(body.c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["event"].GetString(), "batch.completed");
  EXPECT_STREQ(json["batch_id"].GetString(), "bat_1");
  EXPECT_STREQ(json["output_file_url"].GetString(), "https://a.test/out?x=1&y=\"2\"");
  EXPECT_TRUE(json["error_file_url"].IsNull());

  EXPECT_STREQ(json["type"].GetString(), "batch.completed");
  EXPECT_STREQ(json["timestamp"].GetString(), "2026-03-01T00:00:00Z");
  const auto& data = json["data"];
  EXPECT_EQ(data["output_file_url"], json["output_file_url"]);
  EXPECT_EQ(data["batch_id"], json["batch_id"]);
  EXPECT_STREQ(data["status"].GetString(), "completed");
  EXPECT_EQ(data["request_counts"]["total"].GetInt(), 10);
  EXPECT_EQ(data["request_counts"]["completed"].GetInt(), 7);
  EXPECT_EQ(data["request_counts"]["failed"].GetInt(), 3);
}

TEST(WebhookBody, IsTheSameBytesEachTimeAndSmall) {
  const WebhookLinks links{std::string(2'000, 'o'), std::string(2'000, 'e')};
  const std::string body = render_webhook_body("batch.expired", ended, batch(), links);
  EXPECT_EQ(body, render_webhook_body("batch.expired", ended, batch(), links));
  EXPECT_LT(body.size(), 20'000u);
}

}  // namespace
}  // namespace schemas
