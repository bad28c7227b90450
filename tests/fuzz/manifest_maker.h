// A grammar of manifests: valid ones, almost valid ones, hostile ones, chosen by the fuzzer's bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/input.h"

namespace fuzz {

// A manifest before it has a form. Names and values are JSON texts on one line.
struct MadeManifest {
  using Members = std::vector<std::pair<std::string, std::string>>;
  Members header;
  std::vector<std::string> items;  // mostly objects
};

class ManifestMaker {
 public:
  explicit ManifestMaker(Input& input) : input_(input) {}

  MadeManifest make() {
    MadeManifest made;
    for (std::size_t left = input_.choice(5); left > 0; --left) made.header.push_back(header_member());
    for (std::size_t left = input_.choice(6); left > 0; --left) made.items.push_back(item());
    return made;
  }

  // {"…": …, "items": […], "…": …}, with space wherever it may stand.
  std::string document(const MadeManifest& made, std::size_t items_at) {
    std::string text = space() + "{" + space();
    bool first = true;
    const auto add = [&](const std::string& name, const std::string& value) {
      text += (std::exchange(first, false) ? "" : ",") + space() + name + space() + ":" + space() + value + space();
    };
    const auto add_items = [&] {
      std::string items = "[" + space();
      for (const std::string& one : made.items) items += (&one == &made.items.front() ? "" : ",") + space() + one;
      add("\"items\"", items + space() + "]");
    };
    for (std::size_t i = 0; i <= made.header.size(); ++i) {
      if (i == std::min(items_at, made.header.size())) add_items();
      if (i < made.header.size()) add(made.header[i].first, made.header[i].second);
    }
    return text + "}" + space();
  }

  // The same as NDJSON.
  std::string lines(const MadeManifest& made) {
    std::string text = "{";
    for (const auto& [name, value] : made.header) text += (text.size() == 1 ? "" : ",") + name + ":" + value;
    text += "}\n";
    for (const std::string& one : made.items) text += one + (input_.choice(4) == 0 ? " \r\n\n" : "\n");
    return text;
  }

  // What happens to texts on their way.
  void damage(std::string& text) {
    const std::size_t at = text.empty() ? 0 : (input_.byte() * 256u + input_.byte()) % text.size();
    switch (input_.choice(8)) {
      case 0: text.insert(0, "\xEF\xBB\xBF"); break;
      case 1: text.insert(at, 1, '\0'); break;
      case 2: text.insert(at, "\xC3"); break;
      case 3: text.insert(at, "\xED\xA0\x80"); break;  // a surrogate in UTF-8
      case 4: text.resize(at); break;
      case 5: text.erase(at, 1); break;
      case 6: text.insert(at, 1, static_cast<char>(input_.byte())); break;
      default: text.insert(at, nested()); break;
    }
  }

 private:
  using Words = std::initializer_list<std::string_view>;
  std::string one_of(Words words) { return std::string(words.begin()[input_.choice(words.size())]); }

  std::string space() {
    static constexpr std::string_view spaces[] = {"", "", "", " ", "\t", "\r"};
    return std::string(spaces[spaced_ ? input_.choice(std::size(spaces)) : 0]);
  }

  // Almost always as it is; now and then with escapes that say the same.
  std::string name(std::string_view plain) {
    if (input_.choice(12) != 0) return "\"" + std::string(plain) + "\"";
    static constexpr char digits[] = "0123456789aBcDeF";
    std::string text = "\"";
    for (const char c : plain) {
      text += "\\u00";
      text += digits[static_cast<unsigned char>(c) >> 4];
      text += digits[c & 15];
    }
    return text + "\"";
  }

  std::string nested() {
    const std::size_t depth = input_.choice(80);
    const bool arrays = input_.choice(2) == 0;
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += arrays ? "[" : "{\"a\":";
    text += "0";
    for (std::size_t i = 0; i < depth; ++i) text += arrays ? "]" : "}";
    return text;
  }

  // Anything at all.
  std::string odd() {
    switch (input_.choice(6)) {
      case 0: return nested();
      case 1: return "\"" + std::string(input_.choice(256) * 5, 'x') + "\"";
      case 2: {
        std::string text = "\"";
        for (const char c : input_.take(input_.choice(12)))
          if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != '\x7F') text += c;
        return text + "\"";
      }
      default:
        return one_of({"null",
                       "true",
                       "false",
                       "0",
                       "-0",
                       "1.0",
                       "1e2",
                       "9223372036854775808",
                       "-1",
                       "0.1",
                       "[]",
                       "{}",
                       "\"\"",
                       "\"a\\u0000b\"",
                       R"("\ud83d\ude00")",
                       R"("\ud800")",
                       R"("\udc00x")",
                       "\"\xF0\x9F\x98\x80\"",
                       "\"\xC3\xA9\"",
                       R"("\u00e9\n\/")",
                       R"([1,"a",{"b":null}])",
                       "1E400",
                       "\"\xED\x9F\xBF\"",
                       R"({"a":1,"a":2})",
                       "18446744073709551616",
                       "123456789012345678901234567890.5e-7"});
    }
  }

  std::string sometimes_odd(std::string good) { return input_.choice(8) == 0 ? odd() : std::move(good); }

  std::pair<std::string, std::string> header_member() {
    switch (input_.choice(14)) {
      case 0:
        return {name("sla_tier"),
                sometimes_odd(one_of({R"("priority")", R"("standard")", R"("economy")", R"("slow")"}))};
      case 1:
        return {name("routing_mode"),
                sometimes_odd(one_of({R"("cheapest")", R"("quality")", R"("sla_aware")", R"("public_only")"}))};
      case 2:
        return {name("privacy_tier"),
                sometimes_odd(one_of({R"("standard")", R"("no_training")", R"("zero_retention")"}))};
      case 3:
        return {
            name("allowed_regions"),
            sometimes_odd(one_of({R"(["us"])", R"(["us","eu","us"])", R"(["global"])", R"(["mars"])", "[1]", "[]"}))};
      case 4:
        return {name("webhook_url"), sometimes_odd(one_of({R"("https://example.com/x")", R"("ftp://a")",
                                                           R"("https://")", R"("http:\/\/a:80")"}))};
      case 5:
        return {name("webhook"),
                sometimes_odd(one_of({R"({"url":"https://example.com/x"})",
                                      R"({"url":"https://a","secret":"whsec_c2VjcmV0c2VjcmV0"})", R"({"secret":"x"})",
                                      R"({"url":"https://a","url":"https://b"})", R"({"url":"https://a","more":1})"}))};
      case 6:
        return {name("metadata"), sometimes_odd(one_of({R"({"a":"b"})", R"({"a":"b","a":"c"})", R"({"a":1})", "{}"}))};
      case 7: return {name("dedupe"), sometimes_odd(one_of({"true", "false"}))};
      case 8: return {name("priority"), sometimes_odd(one_of({"0", "100", "50", "101", "-1", "1.5"}))};
      case 9:
        return {name("run_after"),
                sometimes_odd(one_of({R"("2027-01-31T08:00:00Z")", R"("2027-01-31T08:00:00+02:00")", R"("soon")"}))};
      case 10:
        return {name("deadline"), sometimes_odd(one_of({R"("2027-02-01T08:00:00Z")", R"("2027-01-31T08:00:00Z")"}))};
      case 11: return {name("quote_id"), sometimes_odd(R"("quo_1")")};
      case 12: return {name("items"), sometimes_odd("[" + item() + "]")};
      default: return {name(one_of({"itens", "input", "model"})), odd()};
    }
  }

  std::string item() {
    if (input_.choice(24) == 0) return odd();
    const std::string operation = one_of({"responses", "chat_completions", "messages", "embeddings"});
    std::vector<std::pair<std::string, std::string>> members;
    members.emplace_back(name("customer_item_id"),
                         sometimes_odd(one_of({R"("a")", R"("b")", R"("c")", R"("d")", R"("e")", R"("\u0066")"})));
    members.emplace_back(name("operation"), sometimes_odd("\"" + operation + "\""));
    members.emplace_back(
        name("model"),
        sometimes_odd(operation == "embeddings" ? R"("text-embedding-3-small")"
                                                : one_of({R"("gpt-5-mini")", R"("claude-haiku-4-5")", R"("none")"})));
    members.emplace_back(name("input"), sometimes_odd(body(operation)));
    switch (input_.choice(8)) {
      case 0:
        members.emplace_back(name("max_cost"),
                             sometimes_odd(one_of({R"("0.42")", R"({"amount":"1","currency":"usd"})",
                                                   R"({"currency":"eur"})", R"("1e3")", R"("0.1234567891")"})));
        break;
      case 1: members.emplace_back(name("metadata"), sometimes_odd(R"({"row":"7"})")); break;
      case 2:
        members.emplace_back(name("model_options"),
                             sometimes_odd(one_of({R"(["gpt-5-nano","gpt-5-mini"])", "[]", R"([""])"})));
        break;
      case 3: members.push_back(members[input_.choice(members.size())]); break;
      case 4: members.erase(members.begin() + static_cast<std::ptrdiff_t>(input_.choice(members.size()))); break;
      case 5: members.emplace_back(name("unknown"), odd()); break;
      case 6: std::swap(members.front(), members[input_.choice(members.size())]); break;
      default: break;
    }
    std::string text = "{";
    for (const auto& [key, value] : members) text += (text.size() == 1 ? "" : ",") + space() + key + ":" + value;
    return text + "}";
  }

  std::string body(std::string_view operation) {
    std::string more;
    switch (input_.choice(8)) {
      case 0: more = R"(,"temperature":0.7)"; break;
      case 1: more = R"(,"stream":true)"; break;
      case 2: more = R"(,"model":null)"; break;
      case 3: more = R"(,"max_tokens":17,"max_output_tokens":18)"; break;
      case 4: more = R"(,"max_tokens":0)"; break;
      case 5: more = "," + name("extra") + ":" + odd(); break;
      default: break;
    }
    if (operation == "responses")
      return R"({"input":)" + sometimes_odd(one_of({R"("Hi")", R"([{"role":"user","content":"Hi"}])", "[1]"})) + more +
             "}";
    if (operation == "embeddings")
      return R"({"input":)" + sometimes_odd(one_of({R"("Hi")", R"(["a","b"])", "[1,2]", "[[1],[2]]", R"([""])"})) +
             more + "}";
    return R"({"messages":)" +
           sometimes_odd(
               one_of({R"([{"role":"user","content":"Hi"}])", R"([{"role":"assistant","tool_calls":[]}])", "[]"})) +
           more + "}";
  }

  Input& input_;
  const bool spaced_ = input_.choice(2) == 1;
};

}  // namespace fuzz
