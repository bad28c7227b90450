// If this failed: customers' items would fail for our own account or a server's bad day, and be asked again for what
// they are themselves to blame for. corpus/answers.jsonl holds what providers answer, and how each answer sorts.
#include "adapters/providers/sorting.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "adapters/providers/item_answer.h"
#include "schemas/dialect/json.h"

namespace adapters::providers {
namespace {

using processors::LaneAnswer;
using processors::Trouble;
using processors::Verdict;
using schemas::dialect::Json;
using schemas::dialect::Object;

constexpr core::Timestamp now{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::succeeded: return "succeeded";
    case Verdict::item_fault: return "item_fault";
    case Verdict::transient: return "transient";
    case Verdict::lane_fault: return "lane_fault";
    case Verdict::unknown: return "unknown";
  }
  return "";
}

std::string_view name(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return "none";
    case Trouble::busy: return "busy";
    case Trouble::down: return "down";
    case Trouble::blocked: return "blocked";
    case Trouble::blocked_model: return "blocked_model";
    case Trouble::slow: return "slow";
    case Trouble::mismatched: return "mismatched";
  }
  return "";
}

ItemAnswer sort_line(const Object& line) {
  const processors::LaneItem item{0, core::Operation::chat_completions, "{}", 64};
  const std::string body = line["text"].is_string() ? line["text"].string()
                           : line["body"].is_null() ? ""
                                                    : std::string(line["body"].text());
  ItemAnswer result;
  if (line["failure"].is_string()) {
    for (int code = 0; code <= static_cast<int>(core::ErrorCode::internal); ++code) {
      const auto error = static_cast<core::ErrorCode>(code);
      if (core::to_string(error) == line["failure"].string()) result.sorted = sort_failure({error, ""});
    }
  } else if (line["status"].whole_number() == 200) {
    const auto dialect = *core::operation_from_string(line["dialect"].string());
    processors::LaneItem asked = item;
    asked.operation = dialect;
    return read_item_answer(asked, dialect, body);
  } else {
    http_client::Headers headers;
    const Object given(line["headers"]);
    for (const auto& [key, value] : given.members()) headers.emplace_back(key, value.string());
    result.sorted = sort_response(static_cast<int>(*line["status"].whole_number()), headers, body, now);
  }
  result.answer = fault_answer(0, result.sorted, body);
  return result;
}

TEST(Sorting, every_answer_of_the_corpus_is_sorted_as_it_says) {
  std::ifstream corpus("adapters/providers/corpus/answers.jsonl");
  ASSERT_TRUE(corpus) << "tests run in the root of the source tree";
  std::set<std::string> names;
  for (std::string text; std::getline(corpus, text);) {
    const auto compact = schemas::dialect::compact_json(text);
    ASSERT_TRUE(compact) << text;
    const Object line{Json(*compact)};
    const std::string what = line["name"].string();
    SCOPED_TRACE(what);
    EXPECT_TRUE(names.insert(what).second);

    const ItemAnswer sorted = sort_line(line);
    const LaneAnswer& answer = sorted.answer;
    EXPECT_EQ(name(answer.verdict), line["verdict"].string());
    EXPECT_EQ(answer.error_code, line["code"].string());
    if (answer.verdict == Verdict::succeeded) {
      if (line["text_answer"].is_string()) {
        EXPECT_EQ(answer.text, line["text_answer"].string());
      }
      if (line["finish"].is_string()) {
        EXPECT_EQ(answer.finish_reason, line["finish"].string());
      }
      const auto usage = line["usage"].elements();
      ASSERT_EQ(usage.size(), 3U);
      EXPECT_EQ(answer.usage.input_tokens, usage[0].whole_number());
      EXPECT_EQ(answer.usage.cached_tokens, usage[1].whole_number());
      EXPECT_EQ(answer.usage.output_tokens, usage[2].whole_number());
      continue;
    }
    EXPECT_EQ(name(sorted.sorted.trouble), line["trouble"].string());
    if (!line["try_again"].is_null()) {
      EXPECT_EQ(sorted.sorted.try_again, line["try_again"].is_true());
    }
    const auto wait = sorted.sorted.retry_after;
    EXPECT_EQ(wait ? std::optional(std::int64_t{wait->count()}) : std::nullopt, line["retry_after_ms"].whole_number());

    // Whatever is wrong, a customer reads nothing of our account, and is never to blame for it.
    EXPECT_FALSE(answer.error_message.empty());
    EXPECT_FALSE(may_name_account(answer.error_message)) << answer.error_message;
    EXPECT_FALSE(may_name_account(answer.provider_body)) << answer.provider_body;
    if (answer.verdict != Verdict::item_fault) {
      EXPECT_EQ(answer.provider_body, "");
    }
    if (line["message"].is_string()) {
      EXPECT_NE(answer.error_message.find(line["message"].string()), std::string::npos) << answer.error_message;
    }
    if (line["hidden"].is_true()) {
      EXPECT_EQ(answer.error_message, "The provider refused this request.");
    }
  }
  EXPECT_GE(names.size(), 60U);
}

}  // namespace
}  // namespace adapters::providers
