#include "adapters/simulated/answer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/simulated/random.h"
#include "adapters/simulated/request.h"
#include "adapters/simulated/words.h"
#include "core/tokens.h"

namespace adapters::simulated {
namespace {

using processors::LaneAnswer;
using processors::LaneItem;
using processors::Verdict;

// Writes JSON as it is read: keys beside their values, nested by functions.
class Json {
 public:
  Json& key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    return *this;
  }
  void value(std::string_view text) { writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::int64_t number) { writer_.Int64(number); }
  void value(bool truth) { writer_.Bool(truth); }
  void null() { writer_.Null(); }
  void raw(std::string_view json) { writer_.RawValue(json.data(), json.size(), rapidjson::kArrayType); }
  template <class Fields>
  void object(const Fields& fields) {
    writer_.StartObject();
    fields();
    writer_.EndObject();
  }
  template <class Elements>
  void array(const Elements& elements) {
    writer_.StartArray();
    elements();
    writer_.EndArray();
  }
  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

// What bodies have in common beside the answer.
struct BodyFacts {
  std::string_view model;
  std::uint64_t seed = 0;

  std::string id(std::string_view prefix) const { return std::string(prefix) + "simulated_" + std::to_string(seed); }
};

// The shapes of wire format: OpenAI chat completion, OpenAI response, Anthropic message, OpenAI embeddings.
std::string chat_completion_body(const BodyFacts& facts, const LaneAnswer& answer) {
  Json json;
  json.object([&] {
    json.key("id").value(facts.id("chatcmpl-"));
    json.key("object").value("chat.completion");
    json.key("created").value(std::int64_t{0});
    json.key("model").value(facts.model);
    json.key("simulated").value(true);
    json.key("choices").array([&] {
      json.object([&] {
        json.key("index").value(std::int64_t{0});
        json.key("message").object([&] {
          json.key("role").value("assistant");
          json.key("content").value(answer.text);
          json.key("refusal").null();
        });
        json.key("logprobs").null();
        json.key("finish_reason").value(answer.finish_reason);
      });
    });
    json.key("usage").object([&] {
      json.key("prompt_tokens").value(answer.usage.input_tokens);
      json.key("completion_tokens").value(answer.usage.output_tokens);
      json.key("total_tokens").value(answer.usage.input_tokens + answer.usage.output_tokens);
      json.key("prompt_tokens_details").object([&] { json.key("cached_tokens").value(std::int64_t{0}); });
      json.key("completion_tokens_details").object([&] { json.key("reasoning_tokens").value(std::int64_t{0}); });
    });
  });
  return json.text();
}

std::string response_body(const BodyFacts& facts, const LaneAnswer& answer) {
  const bool cut = answer.finish_reason == "length";
  const std::string_view status = cut ? "incomplete" : "completed";
  Json json;
  json.object([&] {
    json.key("id").value(facts.id("resp_"));
    json.key("object").value("response");
    json.key("created_at").value(std::int64_t{0});
    json.key("status").value(status);
    json.key("error").null();
    json.key("incomplete_details");
    if (cut) json.object([&] { json.key("reason").value("max_output_tokens"); });
    if (!cut) json.null();
    json.key("model").value(facts.model);
    json.key("simulated").value(true);
    json.key("output").array([&] {
      json.object([&] {
        json.key("id").value(facts.id("msg_"));
        json.key("type").value("message");
        json.key("role").value("assistant");
        json.key("status").value(status);
        json.key("content").array([&] {
          json.object([&] {
            json.key("type").value("output_text");
            json.key("text").value(answer.text);
            json.key("annotations").array([] {});
          });
        });
      });
    });
    json.key("usage").object([&] {
      json.key("input_tokens").value(answer.usage.input_tokens);
      json.key("input_tokens_details").object([&] { json.key("cached_tokens").value(std::int64_t{0}); });
      json.key("output_tokens").value(answer.usage.output_tokens);
      json.key("output_tokens_details").object([&] { json.key("reasoning_tokens").value(std::int64_t{0}); });
      json.key("total_tokens").value(answer.usage.input_tokens + answer.usage.output_tokens);
    });
  });
  return json.text();
}

std::string message_body(const BodyFacts& facts, const LaneAnswer& answer) {
  Json json;
  json.object([&] {
    json.key("id").value(facts.id("msg_"));
    json.key("type").value("message");
    json.key("role").value("assistant");
    json.key("model").value(facts.model);
    json.key("simulated").value(true);
    json.key("content").array([&] {
      json.object([&] {
        json.key("type").value("text");
        json.key("text").value(answer.text);
      });
    });
    json.key("stop_reason").value(answer.finish_reason == "length" ? "max_tokens" : "end_turn");
    json.key("stop_sequence").null();
    json.key("usage").object([&] {
      json.key("input_tokens").value(answer.usage.input_tokens);
      json.key("cache_creation_input_tokens").value(std::int64_t{0});
      json.key("cache_read_input_tokens").value(std::int64_t{0});
      json.key("output_tokens").value(answer.usage.output_tokens);
    });
  });
  return json.text();
}

std::string embeddings_body(const BodyFacts& facts, const LaneAnswer& answer, const std::vector<std::string>& vectors) {
  Json json;
  json.object([&] {
    json.key("object").value("list");
    json.key("data").array([&] {
      for (std::size_t i = 0; i < vectors.size(); ++i) {
        json.object([&] {
          json.key("object").value("embedding");
          json.key("index").value(static_cast<std::int64_t>(i));
          json.key("embedding").raw(vectors[i]);
        });
      }
    });
    json.key("model").value(facts.model);
    json.key("simulated").value(true);
    json.key("usage").object([&] {
      json.key("prompt_tokens").value(answer.usage.input_tokens);
      json.key("total_tokens").value(answer.usage.input_tokens);
    });
  });
  return json.text();
}

// A vector of length 1 as a JSON array; the same for the same text.
std::string embed(std::string_view model, const std::string& text, std::size_t dimensions) {
  Random random(hash(text, hash(model)));
  std::vector<double> vector(dimensions);
  double squares = 0;
  for (double& number : vector) {
    number = 2 * random.fraction() - 1;
    squares += number * number;
  }
  std::string json = "[";
  for (const double number : vector) {
    char digits[32];
    const auto end =
        std::to_chars(std::begin(digits), std::end(digits), number / std::sqrt(squares), std::chars_format::fixed, 8);
    if (json.size() > 1) json += ',';
    json.append(digits, end.ptr);
  }
  return json + "]";
}

// The longest beginning of `text` that counts at most `tokens_max`. Counting is monotone, so halving finds it.
std::string_view cut(std::string_view text, std::int64_t tokens_max) {
  std::size_t fits = 0;
  std::size_t too_long = text.size() + 1;
  while (too_long - fits > 1) {
    const std::size_t middle = fits + (too_long - fits) / 2;
    (core::count_tokens(text.substr(0, middle)) <= tokens_max ? fits : too_long) = middle;
  }
  const auto inside_character = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u;
  };
  while (fits > 0 && inside_character(fits)) --fits;
  return text.substr(0, fits);
}

std::string compose(const Request& request, Random random) {
  if (request.wants_json) return json_answer(request.json_schema, random);
  std::string text = "Simulated answer.";
  const std::uint64_t sentences = 2 + random.below(3);
  for (std::uint64_t i = 0; i < sentences; ++i) text += " " + sentence(random);
  return text;
}

void answer_with_text(const BodyFacts& facts, const LaneItem& item, const Request& request, LaneAnswer& answer) {
  const std::string whole = compose(request, Random(facts.seed));
  answer.text = cut(whole, item.output_tokens_max);
  answer.finish_reason = answer.text.size() < whole.size() ? "length" : "stop";
  answer.usage.output_tokens = core::count_tokens(answer.text);
  switch (item.operation) {
    case core::Operation::chat_completions: answer.provider_body = chat_completion_body(facts, answer); break;
    case core::Operation::responses: answer.provider_body = response_body(facts, answer); break;
    case core::Operation::messages: answer.provider_body = message_body(facts, answer); break;
    case core::Operation::embeddings: break;  // has no text
  }
}

void answer_with_embeddings(const BodyFacts& facts, const Request& request, LaneAnswer& answer) {
  std::vector<std::string> vectors;
  for (const std::string& text : request.to_embed) vectors.push_back(embed(facts.model, text, request.dimensions));
  answer.finish_reason = "stop";
  answer.provider_body = embeddings_body(facts, answer, vectors);
  if (vectors.size() == 1) {
    answer.text = std::move(vectors.front());
    return;
  }
  for (const std::string& vector : vectors) answer.text += (answer.text.empty() ? "[" : ",") + vector;
  answer.text += "]";
}

std::string fault_body(core::Operation operation, const std::string& code, const std::string& message) {
  Json json;
  json.object([&] {
    if (operation == core::Operation::messages) json.key("type").value("error");
    json.key("simulated").value(true);
    json.key("error").object([&] {
      json.key("type").value(code);
      json.key("message").value(message);
      if (operation == core::Operation::messages) return;
      json.key("param").null();
      json.key("code").null();
    });
  });
  return json.text();
}

}  // namespace

LaneAnswer answer_item(const core::ModelSlug& model, const LaneItem& item) {
  core::Result<Request> request = read_request(item.operation, item.input);
  if (!request) return fault_answer(item, Verdict::item_fault, "invalid_request_error", request.error().detail);

  LaneAnswer answer;
  answer.number = item.number;
  answer.verdict = Verdict::succeeded;
  answer.usage.input_tokens = request->input_tokens;
  const BodyFacts facts{model.value(), hash(item.input, hash(model.value()))};
  if (item.operation == core::Operation::embeddings) {
    answer_with_embeddings(facts, *request, answer);
  } else {
    answer_with_text(facts, item, *request, answer);
  }
  return answer;
}

LaneAnswer fault_answer(const LaneItem& item, Verdict verdict, std::string code, std::string message) {
  LaneAnswer answer;
  answer.number = item.number;
  answer.verdict = verdict;
  answer.provider_body = fault_body(item.operation, code, message);
  answer.error_code = std::move(code);
  answer.error_message = std::move(message);
  return answer;
}

}  // namespace adapters::simulated
