// If these fail, a provider is asked something else than the customer asked.
#include "schemas/dialect/request.h"

#include <gtest/gtest.h>

#include "schemas/dialect/json.h"

namespace schemas::dialect {
namespace {

using core::Operation;

constexpr Operation chat = Operation::chat_completions;
constexpr Operation responses = Operation::responses;
constexpr Operation messages = Operation::messages;

// The body, or the reason why there is none.
std::string sent(Operation operation, std::string_view input, const Target& target) {
  const core::Result<std::string> body = write_request(operation, input, target);
  return body ? *body : body.error().detail;
}

std::string sent(Operation operation, std::string_view input, Operation dialect) {
  return sent(operation, input, Target{dialect, "m", 100});
}

TEST(DialectRequest, OneDialectStaysAsItIs) {
  struct Case {
    Operation operation;
    std::string_view input, body;
  };
  const Case cases[] = {
      {responses, R"({"max_output_tokens":50,"input":"a\/b","x":[1.10,1e5,12345678901234567890]})",
       R"({"model":"m","max_output_tokens":50,"input":"a/b","x":[1.10,1e5,12345678901234567890]})"},
      {responses, R"({"input":"hi","tools":[{"type":"web_search"}]})",
       R"({"model":"m","input":"hi","tools":[{"type":"web_search"}],"max_output_tokens":100})"},
      {chat, R"({"max_tokens":500,"messages":[],"max_completion_tokens":70,"seed":1})",
       R"({"model":"m","max_completion_tokens":70,"messages":[],"seed":1})"},
      {messages, R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":null,"top_k":4})",
       R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":100,"top_k":4})"},
      {Operation::embeddings, R"({"input":["a",[1,2]],"dimensions":8})",
       R"({"model":"m","input":["a",[1,2]],"dimensions":8})"},
  };
  for (const Case& each : cases) EXPECT_EQ(sent(each.operation, each.input, each.operation), each.body);
  EXPECT_EQ(sent(chat, R"({"messages":[]})", Target{chat, "a\"b", 7, OutputLimitField::max_tokens}),
            R"({"model":"a\"b","messages":[],"max_tokens":7})");
}

struct Pair {
  std::string_view input, body;
};

TEST(DialectRequest, ChatCompletionsForMessages) {
  const Pair pairs[] = {
      {R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],"user":"u","n":1})",
       R"({"model":"m","max_tokens":100,"system":"Be brief.","messages":[{"role":"user","content":"hi"}]})"},
      {R"({"messages":[{"role":"developer","content":"a"},{"role":"system","content":"b"},{"role":"user","content":"1"},)"
       R"({"role":"user","content":"2"}],"stop":"END","temperature":0.70,"top_p":0.9,"max_tokens":9})",
       R"({"model":"m","max_tokens":9,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]}],)"
       R"("temperature":0.70,"top_p":0.9,"stop_sequences":["END"]})"},
      {R"({"messages":[{"role":"user","content":[{"type":"text","text":"see"},)"
       R"({"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"auto"}},)"
       R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]})",
       R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":[{"type":"text","text":"see"},)"
       R"({"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},)"
       R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]})"},
      {R"({"messages":[{"role":"user","content":"sum"},{"role":"assistant","content":"","tool_calls":[{"id":"c1",)"
       R"("type":"function","function":{"name":"add","arguments":"{ \"a\": 1.50 }"}}]},)"
       R"({"role":"tool","tool_call_id":"c1","content":"2.5"},{"role":"user","content":"so?"}],)"
       R"("tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object"}}}],)"
       R"("tool_choice":"required","parallel_tool_calls":false})",
       R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"sum"},)"
       R"({"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"add","input":{"a":1.50}}]},)"
       R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"2.5"}]},)"
       R"({"type":"text","text":"so?"}]}],"tools":[{"name":"add","input_schema":{"type":"object"}}],)"
       R"("tool_choice":{"type":"any","disable_parallel_tool_use":true}})"},
      {R"({"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x",)"
       R"("schema":{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}}}})",
       R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hi"}],"output_config":{"format":)"
       R"({"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"integer"}},)"
       R"("additionalProperties":false}}}})"},
  };
  for (const Pair& pair : pairs) EXPECT_EQ(sent(chat, pair.input, messages), pair.body);
}

TEST(DialectRequest, MessagesForChatCompletions) {
  const Pair pairs[] = {
      {R"({"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"max_tokens":5,)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stop_sequences":["X"]})",
       R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],)"
       R"("max_tokens":5,"stop":["X"]})"},
      {R"({"messages":[{"role":"user","content":"sum"},{"role":"assistant","content":[{"type":"text","text":"ok"},)"
       R"({"type":"tool_use","id":"c1","name":"add","input":{"a":1.50}}]},{"role":"user","content":[)"
       R"({"type":"tool_result","tool_use_id":"c1","content":"2"},{"type":"text","text":"so?"}]}],)"
       R"("tools":[{"name":"add","description":"d","input_schema":{"type":"object"}}],)"
       R"("tool_choice":{"type":"tool","name":"add","disable_parallel_tool_use":true}})",
       R"({"model":"m","messages":[{"role":"user","content":"sum"},{"role":"assistant","content":"ok","tool_calls":[)"
       R"({"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1.50}"}}]},)"
       R"({"role":"tool","tool_call_id":"c1","content":"2"},{"role":"user","content":"so?"}],"max_tokens":100,)"
       R"("tools":[{"type":"function","function":{"name":"add","description":"d","parameters":{"type":"object"}}}],)"
       R"("tool_choice":{"type":"function","function":{"name":"add"}},"parallel_tool_calls":false})"},
      {R"({"messages":[{"role":"user","content":"hi"}],"output_config":{"format":{"type":"json_schema","schema":)"
       R"({"type":"object","properties":{},"additionalProperties":false}}}})",
       R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":100,"response_format":)"
       R"({"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object","properties":{},)"
       R"("additionalProperties":false},"strict":true}}})"},
  };
  const Target target{chat, "m", 100, OutputLimitField::max_tokens};
  for (const Pair& pair : pairs) EXPECT_EQ(sent(messages, pair.input, target), pair.body);
}

TEST(DialectRequest, ResponsesForChatCompletions) {
  const Pair pairs[] = {
      {R"({"input":"hi","instructions":"Be brief.","reasoning":{"effort":"low","summary":"auto"},"store":false,)"
       R"("text":{"format":{"type":"json_object"},"verbosity":"low"}})",
       R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],)"
       R"("max_completion_tokens":100,"response_format":{"type":"json_object"},"reasoning_effort":"low",)"
       R"("verbosity":"low"})"},
      {R"({"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/a","detail":"low"}]},)"
       R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok","annotations":[]}]},)"
       R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},)"
       R"({"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},)"
       R"({"type":"function_call_output","call_id":"c1","output":"1"}],)"
       R"("tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{},"required":[],)"
       R"("additionalProperties":false}}],"tool_choice":{"type":"function","name":"f"}})",
       R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":)"
       R"({"url":"https://example.com/a","detail":"low"}}]},{"role":"assistant","content":"ok","tool_calls":[)"
       R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
       R"({"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
       R"({"role":"tool","tool_call_id":"c1","content":"1"}],"max_completion_tokens":100,)"
       R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{},"required":[],)"
       R"("additionalProperties":false},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}}})"},
  };
  for (const Pair& pair : pairs) EXPECT_EQ(sent(responses, pair.input, chat), pair.body);
  EXPECT_EQ(
      sent(responses, R"({"input":[{"role":"developer","content":"a"},{"role":"user","content":"b"}]})",
           Target{chat, "m", 1, OutputLimitField::max_tokens}),
      R"({"model":"m","messages":[{"role":"system","content":"a"},{"role":"user","content":"b"}],"max_tokens":1})");
}

TEST(DialectRequest, SchemasAreSentWhereTheyCanBeKept) {
  struct Schema {
    std::string_view schema;
    bool openai, anthropic;
  };
  const Schema schemas[] = {
      {R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})", true,
       true},
      {R"({"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false})", false,
       true},
      {R"({"type":"object","properties":{"a":{"minimum":1}},"required":["a"],"additionalProperties":false})", true,
       false},
      {R"({"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false})", false,
       false},
      {R"({"type":"array","items":{"$ref":"#/$defs/x"},"$defs":{"x":{"type":"string","format":"date"}}})", false, true},
      {R"({"type":"object","$defs":{"x":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/x"}]}},"additionalProperties":false})",
       true, false},
      {R"({"type":"object","additionalProperties":false,"if":{}})", false, false},
      {"true", false, false},
  };
  for (const Schema& each : schemas) {
    const std::string schema(each.schema);
    EXPECT_EQ(
        can_write(
            chat,
            R"({"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"schema":)" +
                schema + "}}}",
            messages)
            .has_value(),
        each.anthropic)
        << schema;
    EXPECT_EQ(
        can_write(
            messages,
            R"({"messages":[{"role":"user","content":"hi"}],"output_config":{"format":{"type":"json_schema","schema":)" +
                schema + "}}}",
            chat)
            .has_value(),
        each.openai)
        << schema;
  }
}

// What a body becomes on its way over both other dialects and back.
TEST(DialectRequest, TranslationsLeadBackToWhereTheyStarted) {
  const std::string_view body =
      R"({"model":"m","messages":[{"role":"system","content":"Be \"brief\"."},{"role":"user","content":[)"
      R"({"type":"text","text":"grüße\n"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},)"
      R"({"role":"assistant","content":"ok","tool_calls":[{"id":"c1","type":"function","function":{"name":"f",)"
      R"("arguments":"{\"x\":1.0}"}}]},{"role":"tool","tool_call_id":"c1","content":"1"}],)"
      R"("max_completion_tokens":100,"temperature":0.30,"response_format":{"type":"json_schema","json_schema":)"
      R"({"name":"answer","schema":{"type":"object","properties":{"a":{"type":"number"}},"required":["a"],)"
      R"("additionalProperties":false},"strict":true}},"tools":[{"type":"function","function":{"name":"f",)"
      R"("parameters":{"type":"object"}}}],"tool_choice":"auto"})";
  const auto without_model = [](std::string json) {
    return json.replace(1, std::string_view(R"("model":"m",)").size(), "");
  };
  const std::string as_responses = sent(chat, without_model(std::string(body)), responses);
  const std::string as_messages = sent(responses, without_model(as_responses), messages);
  EXPECT_EQ(sent(messages, without_model(as_messages), chat), body);
  EXPECT_EQ(sent(responses, without_model(sent(messages, without_model(as_messages), responses)), chat), body);
}

TEST(DialectRequest, WhatTheOtherSideCannotSayIsRefused) {
  struct Case {
    Operation operation;
    std::string_view input;
    Operation dialect;
    std::string_view reason;
  };
  const std::string_view hi = R"("messages":[{"role":"user","content":"hi"}])";
  const Case cases[] = {
      {chat, R"("n":2)", chat, "n above 1"},
      {chat, R"("stop":["a"])", responses, "stop sequences"},
      {chat, R"("logprobs":true)", responses, "logprobs"},
      {chat, R"("seed":7)", responses, "seed"},
      {chat, R"("logit_bias":{"5":-100})", messages, "logit_bias"},
      {chat, R"("temperature":1.5)", messages, "temperature above 1"},
      {chat, R"("reasoning_effort":"low")", messages, "reasoning effort"},
      {chat, R"("response_format":{"type":"json_object"})", messages, "JSON output without a schema"},
      {chat, R"("response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}})", messages,
       "a JSON schema beyond Anthropic's structured outputs"},
      {chat, R"("tools":[{"type":"custom","custom":{"name":"x"}}])", responses, "tools of type custom"},
      {chat, R"("top_k":3)", messages, "the member top_k"},
      {chat, R"("My secret\n":3)", messages, "the member that we do not know"},
      {chat, R"("tools":5)", messages, "tools that is no list"},
      {messages, R"("top_k":3)", chat, "top_k"},
      {messages, R"("thinking":{"type":"enabled","budget_tokens":1024})", chat, "thinking"},
      {messages, R"("stop_sequences":["1","2","3","4","5"])", chat, "more than 4 stop sequences"},
      {messages, R"("tools":[{"type":"web_search_20250305","name":"web_search"}])", responses,
       "tools of type web_search_20250305"},
      {messages, R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}})", responses,
       "a JSON schema that strict mode does not take"},
      {chat, "", Operation::embeddings, "texts where embeddings are made"},
  };
  for (const Case& each : cases) {
    const std::string input = "{" + std::string(hi) + (each.input.empty() ? "" : ",") + std::string(each.input) + "}";
    EXPECT_EQ(sent(each.operation, input, each.dialect), each.reason) << input;
    EXPECT_EQ(can_write(each.operation, input, each.dialect).error().detail, each.reason) << input;
  }
}

TEST(DialectRequest, ConversationsTheOtherSideCannotHaveAreRefused) {
  struct Case {
    Operation operation;
    std::string_view turns;
    Operation dialect;
    std::string_view reason;
  };
  const Case cases[] = {
      {chat, R"({"role":"user","content":"a"},{"role":"system","content":"b"},{"role":"user","content":"c"})", messages,
       "system messages amid the conversation"},
      {chat, R"({"role":"assistant","content":"a"},{"role":"user","content":"b"})", messages,
       "a conversation that the user does not open"},
      {chat, R"({"role":"system","content":"a"})", messages, "a conversation that the user does not open"},
      {chat, R"({"role":"user","content":"a"},{"role":"assistant","content":"b"})", messages,
       "a conversation that the assistant ends"},
      {messages, R"({"role":"user","content":"a"},{"role":"assistant","content":"{"})", chat,
       "an answer begun for the assistant"},
      {chat, R"({"role":"user","content":" \n"})", messages, "texts of white space only"},
      {chat, R"({"role":"user","name":"Bob","content":"a"})", messages, "messages with name"},
      {chat, R"({"role":"function","name":"f","content":"a"})", responses, "messages with name"},
      {chat, R"({"role":"user","content":[{"type":"input_audio","input_audio":{}}]})", responses,
       "the member input_audio of a part"},
      {chat, R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]})", messages,
       "images that are neither URLs nor base64"},
      {chat, R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b","detail":"high"}}]})",
       messages, "image detail"},
      {chat, R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"http://a/b"}}]})", messages,
       "images by http"},
      {messages, R"({"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]})", chat,
       "images from a source of type file"},
      {messages, R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true}]})", chat,
       "tool results marked as errors"},
      {messages, R"({"role":"user","content":[{"type":"thinking","thinking":"x"}]})", chat, "parts of type thinking"},
  };
  for (const Case& each : cases) {
    const std::string input = R"({"messages":[)" + std::string(each.turns) + "]}";
    EXPECT_EQ(sent(each.operation, input, each.dialect), each.reason) << input;
  }
  EXPECT_EQ(sent(responses, R"({"input":[{"type":"item_reference","id":"x"}]})", chat), "items of type item_reference");
  EXPECT_EQ(sent(responses, R"({"input":[{"role":"user","content":[{"type":"input_image","file_id":"x"}]}]})", chat),
            "the member file_id of an image");
}

TEST(DialectRequest, HostileJsonIsRefused) {
  const auto code = [](std::string_view input) {
    return write_request(chat, input, Target{messages, "m", 1}).error().code;
  };
  const std::string deep = R"({"messages":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(code(deep), core::ErrorCode::json_too_deep);
  for (const std::string_view input : {"", "null", "[]", "{", "{}x", "\"\\ud800\""})
    EXPECT_EQ(code(input), core::ErrorCode::malformed_json) << input;
  EXPECT_EQ(code(std::string_view("{}\0{", 4)), core::ErrorCode::malformed_json);
  for (const std::string_view input :
       {R"({"messages":1})", R"({"messages":[1]})", R"({"messages":[{"role":{},"content":{}}]})",
        R"({"messages":[],"messages":[]})", R"({"messages":[{"role":"user","content":[[]]}]})",
        R"({"messages":[{"role":"user","content":"a","content":"b"}]})",
        R"({"messages":[{"role":"assistant","tool_calls":[{"function":7}]}]})",
        R"({"messages":[],"response_format":"x"})"})
    EXPECT_EQ(code(input), core::ErrorCode::invalid_request) << input;
  // Broken characters do not reach a provider.
  EXPECT_EQ(
      sent(responses, "{\"input\":\"a\xC3\xED\xA0\x80\"}", responses),
      "{\"model\":\"m\",\"input\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"max_output_tokens\":100}");
}

}  // namespace
}  // namespace schemas::dialect
