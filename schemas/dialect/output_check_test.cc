// If these fail, customers get JSON that does not fit, or good answers are asked for again.
#include "schemas/dialect/output_check.h"

#include <gtest/gtest.h>

namespace schemas::dialect {
namespace {

using core::Operation;

std::string asked(Operation operation, std::string_view input) {
  const std::optional<OutputContract> contract = output_contract(operation, input);
  return !contract ? "nothing" : contract->json_schema.empty() ? "object" : contract->json_schema;
}

std::string checked(std::string_view schema, std::string_view text) {
  return check_output(OutputContract{std::string(schema)}, text).value_or("fits");
}

TEST(OutputCheck, KnowsWhatEachDialectAsks) {
  EXPECT_EQ(asked(Operation::chat_completions, R"({"response_format":{"type":"json_object"}})"), "object");
  EXPECT_EQ(asked(Operation::chat_completions,
                  R"({"response_format":{"type":"json_schema","json_schema":{"schema":{"minimum":1.50}}}})"),
            R"({"minimum":1.50})");
  EXPECT_EQ(asked(Operation::responses, R"({"text":{"format":{"type":"json_schema","schema":{"a":1}}}})"),
            R"({"a":1})");
  EXPECT_EQ(asked(Operation::messages, R"({"output_config":{"format":{"type":"json_schema","schema":{"a":1}}}})"),
            R"({"a":1})");
  for (const std::string_view input : {"", "[]", "{}", R"({"response_format":{"type":"text"}})",
                                       R"({"response_format":7})", R"({"text":{"format":[]}})"})
    EXPECT_EQ(asked(Operation::chat_completions, input), "nothing") << input;
}

TEST(OutputCheck, JsonObjects) {
  EXPECT_EQ(checked("", R"( {"a": [1.0]} )"), "fits");
  for (const std::string_view text : {"", "[]", "\"x\"", "{", "```json\n{}\n```", "{}{}"})
    EXPECT_EQ(checked("", text), "not_json") << text;
}

TEST(OutputCheck, Schemas) {
  struct Case {
    std::string_view schema, text, verdict;
  };
  const std::string_view order =
      R"({"type":"object","properties":{"id":{"type":"integer","minimum":1},"tags":{"type":"array","items":{"enum":["a","b"]},)"
      R"("maxItems":2},"note":{"anyOf":[{"type":"string","maxLength":3},{"type":"null"}]},"next":{"$ref":"#"}},)"
      R"("required":["id"],"additionalProperties":false})";
  const Case cases[] = {
      {order, R"({"id":1})", "fits"},
      {order, R"({"id":2.0,"tags":["a"],"note":"äöü","next":{"id":3,"note":null}})", "fits"},
      {order, R"({"id":0})", "schema_mismatch"},
      {order, R"({"id":"1"})", "schema_mismatch"},
      {order, R"({"tags":[]})", "schema_mismatch"},
      {order, R"({"id":1,"other":1})", "schema_mismatch"},
      {order, R"({"id":1,"tags":["c"]})", "schema_mismatch"},
      {order, R"({"id":1,"tags":["a","a","a"]})", "schema_mismatch"},
      {order, R"({"id":1,"note":"four"})", "schema_mismatch"},
      {order, R"({"id":1,"next":{"id":0}})", "schema_mismatch"},
      {order, "{", "not_json"},
      {R"({"const":{"a":[1,null]}})", R"({"a":[1.0,null]})", "fits"},
      {R"({"const":{"a":[1,null]}})", R"({"a":[1,true]})", "schema_mismatch"},
      {R"({"exclusiveMinimum":1})", "1", "schema_mismatch"},
      {R"({"minimum":1,"exclusiveMinimum":true})", "1", "schema_mismatch"},
      {R"({"allOf":[{"type":["string","null"]},{"minLength":1}]})", R"("")", "schema_mismatch"},
      {R"({"prefixItems":[{"type":"string"}],"items":{"type":"number"}})", R"(["a",1,"b"])", "schema_mismatch"},
      // What is not understood is not held against an answer.
      {R"({"type":"string","pattern":"([","format":"date"})", R"("x")", "fits"},
      {R"({"type":7,"enum":{},"required":{"a":1},"properties":[],"items":5,"anyOf":{},"$ref":"#/nowhere"})", "{}",
       "fits"},
      {R"({"$ref":"https://example.com/schema"})", "1", "fits"},
      {R"({"patternProperties":{"^a":{}},"additionalProperties":false})", R"({"ab":1})", "fits"},
      {R"({"type":"string","nullable":true})", "null", "fits"},
      {"{", "1", "fits"},
      {"true", "1", "fits"},
  };
  for (const Case& each : cases) EXPECT_EQ(checked(each.schema, each.text), each.verdict) << each.schema << each.text;
}

TEST(OutputCheck, HostileSchemasCostLittle) {
  EXPECT_EQ(checked(R"({"$ref":"#"})", "1"), "fits");
  EXPECT_EQ(checked(R"({"$ref":"#/a","a":{"$ref":"#/b"},"b":{"$ref":"#/a"}})", "1"), "fits");
  // Each level of the answer doubles what a patient reader has to look at.
  std::string nested = "0";
  for (int i = 0; i < 100; ++i) nested = R"({"a":)" + nested + "}";
  EXPECT_EQ(
      checked(R"({"type":"object","anyOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]})",
              nested),
      "fits");
  EXPECT_EQ(checked("{}", std::string(100'000, '[')), "fits");
}

}  // namespace
}  // namespace schemas::dialect
