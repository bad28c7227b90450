// If this failed: customers would get the answers to other people's questions.
#include "adapters/providers/results_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "adapters/providers/batch_lines.h"

namespace adapters::providers {
namespace {

using core::Operation;
using processors::Verdict;

const std::string intent = "bat_1/2/3";
const CustomIds ids(intent);

ResultLine line(const std::string& custom_id, const std::string& body) {
  return {custom_id, true, 200, body};
}

TEST(ResultsCheck, each_item_has_one_answer_or_none) {
  ResultsCheck check(intent);
  check.add(line(ids.of(0), "a"));
  check.add(line(ids.of(1), "b"));
  check.add(line(ids.of(1), "b"));
  check.add(line(ids.of(2), "c"));
  check.add(line(ids.of(2), "d"));
  check.add({ids.of(3), false, 0, ""});
  check.add(line("other_1", "e"));
  EXPECT_TRUE(check.stands(0));
  EXPECT_TRUE(check.stands(1));
  EXPECT_FALSE(check.stands(2));
  EXPECT_FALSE(check.stands(3));
  EXPECT_FALSE(check.stands(4));
  EXPECT_FALSE(check.mismatched());
  EXPECT_EQ(check.foreign(), 1U);
  EXPECT_EQ(check.contradictory(), 1U);
}

TEST(ResultsCheck, another_batchs_results_are_noticed) {
  ResultsCheck check(intent);
  EXPECT_FALSE(check.mismatched());
  check.add(line(CustomIds("bat_1/2/4").of(0), "a"));
  EXPECT_TRUE(check.mismatched());
}

TEST(ResultsCheck, canarys_answer_belongs_under_its_own_id) {
  const std::string nonce = Canary(intent).nonce;
  ResultsCheck fine(intent);
  fine.add(line(ids.canary(), nonce));
  fine.add(line(ids.of(0), "a"));
  EXPECT_FALSE(fine.mismatched());
  // A model that does as it likes proves nothing.
  ResultsCheck disobedient(intent);
  disobedient.add(line(ids.canary(), "no"));
  disobedient.add(line(ids.of(0), "a"));
  EXPECT_FALSE(disobedient.mismatched());
  ResultsCheck mixed_up(intent);
  mixed_up.add(line(ids.of(0), "it is " + nonce + "."));
  EXPECT_TRUE(mixed_up.mismatched());
}

TEST(Marks, ids_fit_what_providers_take_and_are_read_back) {
  const auto is_allowed = [](const std::string& id) {  // ^[a-zA-Z0-9_-]{1,64}$
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
  };
  for (const std::uint32_t number : {0U, 7U, 4'294'967'295U}) {
    EXPECT_TRUE(is_allowed(ids.of(number)));
    EXPECT_EQ(ids.number(ids.of(number)), number);
  }
  EXPECT_TRUE(is_allowed(ids.canary()));
  for (const std::string& text : {ids.canary(), ids.of(1) + "x", ids.of(1) + "99999999999", std::string("1"),
                                  std::string(), CustomIds("bat_2/2/3").of(1), ids.of(1).substr(0, 9)})
    EXPECT_EQ(ids.number(text), std::nullopt) << text;
}

processors::Attempt attempt_of(std::uint32_t items) {
  processors::Attempt attempt;
  attempt.batch = core::BatchId("bat_1");
  attempt.unit = core::UnitIndex(2);
  attempt.number = core::AttemptNumber(3);
  attempt.provider_model = "m";
  for (std::uint32_t i = 0; i < items; ++i)
    attempt.items.push_back({i, Operation::chat_completions, R"({"messages":[{"role":"user","content":"a"}]})", 8});
  return attempt;
}

std::unique_ptr<Wire> openai() {
  ProviderSettings settings;
  settings.base_url = "https://api.example.test";
  return make_wire(settings);
}

TEST(BatchLines, are_the_same_every_time_with_one_canary_in_large_batches) {
  const auto wire = openai();
  const BatchLines small = write_batch_lines(attempt_of(99), *wire, 100);
  EXPECT_EQ(small.lines.size(), 99U);
  const BatchLines large = write_batch_lines(attempt_of(100), *wire, 100);
  const BatchLines again = write_batch_lines(attempt_of(100), *wire, 100);
  ASSERT_EQ(large.lines.size(), 101U);
  std::size_t canaries = 0;
  for (std::size_t i = 0; i < large.lines.size(); ++i) {
    EXPECT_EQ(large.lines[i].custom_id, again.lines[i].custom_id);
    if (large.lines[i].custom_id != ids.canary()) continue;
    ++canaries;
    EXPECT_NE(large.lines[i].body.find(Canary(intent).nonce), std::string::npos);
  }
  EXPECT_EQ(canaries, 1U);

  processors::Attempt embeddings = attempt_of(0);
  for (std::uint32_t i = 0; i < 200; ++i) embeddings.items.push_back({i, Operation::embeddings, R"({"input":"a"})", 0});
  EXPECT_EQ(write_batch_lines(embeddings, *wire, 100).lines.size(), 200U);
}

TEST(BatchLines, what_cannot_be_asked_is_answered_at_once_and_mixed_dialects_become_one) {
  const auto wire = openai();
  processors::Attempt attempt = attempt_of(1);
  attempt.items.push_back({1, Operation::responses, R"({"input":"a"})", 8});
  attempt.items.push_back(
      {2, Operation::messages, R"({"messages":[{"role":"user","content":"a"}],"max_tokens":8})", 8});
  attempt.items.push_back({3, Operation::chat_completions, "not JSON", 8});
  attempt.items.push_back({4, Operation::responses, R"({"input":"a","tools":[{"type":"web_search"}]})", 8});
  const BatchLines lines = write_batch_lines(attempt, *wire, 100);
  EXPECT_EQ(lines.dialect, Operation::chat_completions);
  ASSERT_EQ(lines.lines.size(), 3U);
  ASSERT_EQ(lines.refused.size(), 2U);
  EXPECT_EQ(lines.refused[0].number, 3U);
  EXPECT_EQ(lines.refused[0].verdict, Verdict::item_fault);
  // It could be asked alone, so that it is not at fault.
  EXPECT_EQ(lines.refused[1].number, 4U);
  EXPECT_EQ(lines.refused[1].verdict, Verdict::transient);
}

}  // namespace
}  // namespace adapters::providers
