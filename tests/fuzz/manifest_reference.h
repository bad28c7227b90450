// What a manifest says, read the slow way: a tree of all of it, by a JSON reader of its own, and the rules of the
// product's manifest page one after the other. Held against schemas/manifest, which never has more than an item.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/manifest.h"
#include "schemas/digest.h"
#include "schemas/rfc3339.h"

namespace fuzz {

struct JsonMember;

// Strict RFC 8259 in valid UTF-8, without halves of surrogate pairs.
struct Json {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  std::string text;  // of a string what it says, of a number or word what stands there
  std::vector<Json> elements;
  std::vector<JsonMember> members;

  bool is(Kind other) const { return kind == other; }
  // The first of that name that is not null.
  const Json* find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  Json value;
};

inline const Json* Json::find(std::string_view name) const {
  for (const JsonMember& member : members)
    if (member.name == name) return member.value.is(Kind::null) ? nullptr : &member.value;
  return nullptr;
}

class JsonText {
 public:
  explicit JsonText(std::string_view text) : rest_(text) {}

  std::optional<Json> read() {
    Json json;
    if (!valid_utf8(rest_) || !value(json, 0)) return std::nullopt;
    space();
    return rest_.empty() ? std::optional(std::move(json)) : std::nullopt;
  }
  int depth() const { return depth_; }
  // A number that our reader may call too large.
  bool huge_number() const { return huge_; }

 private:
  static bool valid_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
      };
      const std::size_t length = byte(0) < 0x80                      ? 1
                                 : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                                 : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                                 : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                                     : 0;
      if (length == 0) return false;
      for (std::size_t i = 1; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xBF) return false;
      if ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F)) return false;
      if ((byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) > 0x8F)) return false;
      at += length;
    }
    return true;
  }

  void space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }
  bool take(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool value(Json& json, int depth) {
    space();
    if (rest_.empty()) return false;
    for (const std::string_view word : {"null", "true", "false"}) {
      if (!rest_.starts_with(word)) continue;
      json.kind = word == "null" ? Json::Kind::null : Json::Kind::boolean;
      json.text = word;
      rest_.remove_prefix(word.size());
      return true;
    }
    if (rest_.front() == '"') {
      json.kind = Json::Kind::string;
      return string(json.text);
    }
    if (rest_.front() == '{' || rest_.front() == '[') {
      depth_ = std::max(depth_, depth + 1);
      return rest_.front() == '{' ? object(json, depth + 1) : array(json, depth + 1);
    }
    return number(json);
  }

  bool number(Json& json) {
    const std::string_view begin = rest_;
    const auto digits = [&] {
      std::size_t count = 0;
      for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) rest_.remove_prefix(1);
      return count;
    };
    take('-');
    const bool zero = rest_.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (take('.') && digits() == 0) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (digits() == 0) return false;
      huge_ = true;
    }
    huge_ = huge_ || whole > 300;
    json.kind = Json::Kind::number;
    json.text = begin.substr(0, begin.size() - rest_.size());
    return true;
  }

  std::optional<unsigned> code_unit() {
    unsigned unit = 0;
    if (!rest_.starts_with("\\u") || rest_.size() < 6) return std::nullopt;
    const auto [end, problem] = std::from_chars(rest_.data() + 2, rest_.data() + 6, unit, 16);
    if (problem != std::errc() || end != rest_.data() + 6) return std::nullopt;
    rest_.remove_prefix(6);
    return unit;
  }
  static void append(std::string& text, unsigned code) {
    const auto put = [&](unsigned byte) { text += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xC0 | code >> 6), put(0x80 | (code & 63));
    if (code < 0x10000) return put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 63)), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  }

  bool string(std::string& text) {
    take('"');
    while (!take('"')) {
      if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      if (rest_.front() != '\\') {
        text += rest_.front();
        rest_.remove_prefix(1);
      } else if (rest_.starts_with("\\u")) {
        auto unit = code_unit();
        if (!unit || (*unit >= 0xDC00 && *unit < 0xE000)) return false;
        if (*unit >= 0xD800 && *unit < 0xDC00) {
          const auto low = code_unit();
          if (!low || *low < 0xDC00 || *low >= 0xE000) return false;
          unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
        }
        append(text, *unit);
      } else {
        constexpr std::string_view letters = "\"\\/bfnrt";
        const std::size_t which = rest_.size() < 2 ? std::string_view::npos : letters.find(rest_[1]);
        if (which == std::string_view::npos) return false;
        text += "\"\\/\b\f\n\r\t"[which];
        rest_.remove_prefix(2);
      }
    }
    return true;
  }

  bool array(Json& json, int depth) {
    json.kind = Json::Kind::array;
    take('[');
    space();
    if (take(']')) return true;
    do {
      if (!value(json.elements.emplace_back(), depth)) return false;
      space();
    } while (take(','));
    return take(']');
  }
  bool object(Json& json, int depth) {
    json.kind = Json::Kind::object;
    take('{');
    space();
    if (take('}')) return true;
    do {
      space();
      auto& [name, member] = json.members.emplace_back();
      if (!rest_.starts_with('"') || !string(name)) return false;
      space();
      if (!take(':') || !value(member, depth)) return false;
      space();
    } while (take(','));
    return take('}');
  }

  std::string_view rest_;
  int depth_ = 0;
  bool huge_ = false;
};

// Compact, with the fewest escapes.
inline std::string written(const Json& json);
inline std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t which = std::string_view("\"\\\b\f\n\r\t").find(c); which != std::string_view::npos) {
      json += '\\';
      json += "\"\\bfnrt"[which];
    } else if (byte < 0x20) {
      json += std::string("\\u00") + "0123456789abcdef"[byte >> 4] + "0123456789abcdef"[byte & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}
inline std::string written(const Json& json) {
  std::string text;
  switch (json.kind) {
    case Json::Kind::string: return quoted(json.text);
    case Json::Kind::array:
      for (const Json& one : json.elements) text += (text.empty() ? "[" : ",") + written(one);
      return text.empty() ? "[]" : text + "]";
    case Json::Kind::object:
      for (const auto& [name, value] : json.members)
        text += (text.empty() ? "{" : ",") + quoted(name) + ":" + written(value);
      return text.empty() ? "{}" : text + "}";
    case Json::Kind::null:
    case Json::Kind::boolean:
    case Json::Kind::number: break;
  }
  return json.text;
}

// The rules. `good` turns false with the first that is broken.
class ManifestReference {
 public:
  explicit ManifestReference(const Json& manifest) {
    std::vector<const Json*> lists;
    std::set<std::string> seen;
    for (const auto& [name, value] : manifest.members) {
      if (name == "items" && value.is(Kind::array)) lists.push_back(&value);
      must(seen.insert(name).second);
      if (name != "items")
        read_header(name, value);
      else
        must(value.is(Kind::array));
    }
    must(!(seen.contains("webhook") && seen.contains("webhook_url")));
    must(!run_after_ || !deadline_ || *deadline_ > *run_after_);
    for (const Json* list : lists) {
      count += list->elements.size();
      for (const Json& one : list->elements) read_item(one);
    }
    must(count > 0);
  }

  bool good = true;
  std::size_t count = 0;

  // As schemas/manifest/reader.h says it is made.
  std::string digest() const {
    const auto time = [](const std::optional<core::Timestamp>& at) {
      return at ? "\"" + schemas::to_rfc3339(*at) + "\"" : std::string("null");
    };
    std::string regions;
    for (const std::string& region : regions_) regions += (regions.empty() ? "" : ",") + quoted(region);
    const std::string header =
        R"({"sla_tier":")" + sla_ + R"(","routing_mode":")" + routing_ + R"(","privacy_tier":")" + privacy_ +
        R"(","allowed_regions":[)" + regions + R"(],"dedupe":)" + (dedupe_ ? "true" : "false") + R"(,"priority":)" +
        std::to_string(priority_) + R"(,"run_after":)" + time(run_after_) + R"(,"deadline":)" + time(deadline_) + "}";
    return schemas::sha256("batchrouter manifest 1\n" + header + "\n" + schemas::sha256(items_).value()).value();
  }

 private:
  using Kind = Json::Kind;
  using Words = std::set<std::string, std::less<>>;

  void must(bool condition) { good = good && condition; }
  static bool visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
  }
  static bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; });
  }
  static std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xC0') != '\x80'; }));
  }

  void word(const Json& json, const Words& known, std::string& into) {
    must(json.is(Kind::string) && known.contains(json.text));
    into = json.text;
  }
  void url(const Json& json) {
    std::string_view rest = json.text;
    const bool scheme = rest.starts_with("https://") || rest.starts_with("http://");
    must(json.is(Kind::string) && scheme && rest.size() <= 2048 && visible(rest));
    if (scheme) rest.remove_prefix(rest.find("//") + 2);
    must(!rest.empty() && std::string_view("/:?#").find(rest.front()) == std::string_view::npos);
  }
  void metadata(const Json& json) {
    must(json.is(Kind::object) && json.members.size() <= 16);
    std::set<std::string> names;
    for (const auto& [name, value] : json.members)
      must(names.insert(name).second && characters(name) <= 64 && value.is(Kind::string) &&
           characters(value.text) <= 512);
  }
  std::optional<core::Timestamp> time(const Json& json) {
    const auto parsed = schemas::parse_rfc3339(json.text);
    must(json.is(Kind::string) && parsed.has_value());
    return parsed.has_value() ? std::optional(*parsed) : std::nullopt;
  }

  void read_header(const std::string& name, const Json& json) {
    static const Words places = {"global", "us", "eu", "uk", "ca", "au", "in", "jp",
                                 "kr",     "sg", "br", "ch", "ae", "mx", "za"};
    if (name == "sla_tier") return word(json, {"priority", "standard", "economy"}, sla_);
    if (name == "routing_mode") return word(json, {"cheapest", "sla_aware", "public_only", "quality"}, routing_);
    if (name == "privacy_tier") return word(json, {"standard", "no_training", "zero_retention"}, privacy_);
    if (name == "allowed_regions") {
      must(json.is(Kind::array) && !json.elements.empty() && json.elements.size() <= 16);
      regions_.clear();
      for (const Json& one : json.elements) {
        must(one.is(Kind::string) && places.contains(one.text));
        regions_.insert(one.text);
      }
      return;
    }
    if (name == "webhook_url") return url(json);
    if (name == "webhook") {
      std::set<std::string> given;
      must(json.is(Kind::object));
      for (const auto& [member, value] : json.members) {
        must(given.insert(member).second && (member == "url" || member == "secret"));
        if (member == "url") url(value);
        if (member == "secret")
          must(value.is(Kind::string) && !value.text.empty() && value.text.size() <= 256 && visible(value.text));
      }
      return must(given.contains("url"));
    }
    if (name == "metadata") return metadata(json);
    if (name == "dedupe") {
      dedupe_ = json.text == "true";
      return must(json.is(Kind::boolean));
    }
    if (name == "priority") {
      const auto [end, problem] = std::from_chars(json.text.data(), json.text.data() + json.text.size(), priority_);
      return must(json.is(Kind::number) && problem == std::errc() && end == json.text.data() + json.text.size() &&
                  priority_ >= 0 && priority_ <= 100);
    }
    if (name == "run_after") return void(run_after_ = time(json));
    if (name == "deadline") return void(deadline_ = time(json));
    if (name == "quote_id")
      return must(json.is(Kind::string) && !json.text.empty() && json.text.size() <= 64 && visible(json.text));
    must(false);
  }

  void read_item(const Json& json) {
    static const Words names = {"customer_item_id", "operation", "model", "model_options", "input",
                                "metadata",         "max_cost"};
    static const Words operations = {"responses", "chat_completions", "messages", "embeddings"};
    must(json.is(Kind::object));
    std::map<std::string, const Json*> values;
    for (const auto& [name, value] : json.members) must(names.contains(name) && values.emplace(name, &value).second);
    const auto text = [&](const char* name) {
      return values.contains(name) && values[name]->is(Kind::string) ? values[name]->text : std::string();
    };
    const std::string id = text("customer_item_id"), operation = text("operation");
    must(!id.empty() && id.size() <= 128 && !has_control(id) && ids_.insert(id).second);
    must(operations.contains(operation));
    std::vector<std::string> models;
    const auto model = [&](const Json& one) {
      must(one.is(Kind::string) && !one.text.empty() && one.text.size() <= 128 && !has_control(one.text));
      if (std::find(models.begin(), models.end(), one.text) == models.end()) models.push_back(one.text);
    };
    if (values.contains("model")) model(*values["model"]);
    if (values.contains("model_options")) {
      must(values["model_options"]->is(Kind::array) && !values["model_options"]->elements.empty() &&
           values["model_options"]->elements.size() <= 16);
      for (const Json& one : values["model_options"]->elements) model(one);
    }
    must(!models.empty());
    if (values.contains("metadata")) metadata(*values["metadata"]);
    std::string cost;
    if (values.contains("max_cost")) cost = max_cost(*values["max_cost"]);
    must(values.contains("input"));
    if (!good) return;
    body(operation, *values["input"]);

    std::string list;
    for (const std::string& one : models) list += (list.empty() ? "" : ",") + quoted(one);
    items_ += R"({"id":)" + quoted(id) + R"(,"op":")" + operation + R"(","models":[)" + list + R"(],"input":)" +
              written(*values["input"]);
    if (values.contains("metadata")) items_ += R"(,"metadata":)" + written(*values["metadata"]);
    if (!cost.empty()) items_ += R"(,"max_cost":")" + cost + "\"";
    items_ += "\n";
  }

  std::string max_cost(const Json& json) {
    const Json* amount = json.is(Kind::string) ? &json : nullptr;
    if (amount == nullptr) {
      must(json.is(Kind::object));
      std::set<std::string> given;
      for (const auto& [name, value] : json.members) {
        must(given.insert(name).second &&
             (name == "amount" || (name == "currency" && value.is(Kind::string) && value.text == "usd")));
        if (name == "amount") amount = &value;
      }
    }
    must(amount != nullptr && amount->is(Kind::string));
    if (!good) return {};
    const auto money = core::money_from_decimal(amount->text);
    must(money.has_value() && *money >= core::Money{});
    return good ? core::to_decimal(*money) : std::string();
  }

  void body(const std::string& operation, const Json& json) {
    must(json.is(Kind::object));
    std::set<std::string> seen;
    for (const auto& [name, value] : json.members) {
      must(seen.insert(name).second && name != "model");
      must(value.is(Kind::null) ||
           (name != "service_tier" && name != "previous_response_id" && name != "conversation"));
      must(value.is(Kind::null) || value.text == "false" || (name != "stream" && name != "background"));
    }
    const auto tokens = [&](const char* name) {
      const Json* value = json.find(name);
      std::int64_t asked = 0;
      if (value == nullptr) return;
      const auto [end, problem] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), asked);
      must(value->is(Kind::number) && problem == std::errc() && end == value->text.data() + value->text.size() &&
           asked >= 1 && asked <= 1'000'000);
    };
    if (operation == "responses") {
      tokens("max_output_tokens");
      const Json* input = json.find("input");
      must(input != nullptr &&
           ((input->is(Kind::string) && !input->text.empty()) || (input->is(Kind::array) && !input->elements.empty())));
      if (input != nullptr)
        for (const Json& one : input->elements) must(one.is(Kind::object));
    } else if (operation == "embeddings") {
      const Json* input = json.find("input");
      must(input != nullptr);
      if (input == nullptr) return;
      const bool several = input->is(Kind::array) && !input->elements.empty() && !input->elements[0].is(Kind::number);
      if (!several) return embedded(*input);
      must(input->elements.size() <= 2'048);
      for (const Json& one : input->elements) embedded(one);
    } else {
      tokens("max_tokens");
      if (operation == "chat_completions") tokens("max_completion_tokens");
      const Json* messages = json.find("messages");
      must(messages != nullptr && messages->is(Kind::array) && !messages->elements.empty());
      if (messages == nullptr) return;
      for (const Json& one : messages->elements) {
        must(one.is(Kind::object) && one.find("role") != nullptr && one.find("role")->is(Kind::string));
        const Json* content = one.find("content");
        const bool silent = operation == "chat_completions" && (one.find("tool_calls") || one.find("function_call") ||
                                                                one.find("refusal") || one.find("audio"));
        must(content == nullptr ? silent : content->is(Kind::string) || content->is(Kind::array));
      }
    }
  }
  void embedded(const Json& one) {
    if (one.is(Kind::string)) return must(!one.text.empty());
    must(one.is(Kind::array) && !one.elements.empty() && one.elements.size() <= 2'048);
    for (const Json& token : one.elements) {
      std::uint32_t value = 0;
      const auto [end, problem] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
      must(token.is(Kind::number) && problem == std::errc() && end == token.text.data() + token.text.size());
    }
  }

  std::string sla_ = "standard", routing_ = "cheapest", privacy_ = "standard";
  std::set<std::string> regions_ = {"global"};
  bool dedupe_ = false;
  int priority_ = 50;
  std::optional<core::Timestamp> run_after_, deadline_;
  std::set<std::string> ids_;
  std::string items_;
};

}  // namespace fuzz
