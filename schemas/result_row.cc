#include "schemas/result_row.h"

#include <rapidjson/document.h>

#include "schemas/descriptions.h"
#include "schemas/dialect/json.h"
#include "schemas/json_codec.h"
#include "schemas/json_scalar.h"

namespace schemas {

SCHEMAS_ENUM(ItemOutcome, succeeded, failed, exhausted, cancelled, expired, discarded);

namespace {

class Row {
 public:
  Row() : writer_(buffer_) { writer_.StartObject(); }

  void text(const char* name, std::string_view value) {
    writer_.Key(name);
    write_text(writer_, value);
  }
  void text_or_null(const char* name, std::string_view value) {
    writer_.Key(name);
    if (value.empty())
      writer_.Null();
    else
      write_text(writer_, value);
  }
  void number(const char* name, std::int64_t value) {
    writer_.Key(name);
    writer_.Int64(value);
  }
  void boolean(const char* name, bool value) {
    writer_.Key(name);
    writer_.Bool(value);
  }
  void null(const char* name) {
    writer_.Key(name);
    writer_.Null();
  }
  void json(const char* name, std::string_view value) {
    writer_.Key(name);
    writer_.RawValue(value.data(), value.size(), rapidjson::kObjectType);
  }
  // From outside. A row is one line of JSON whatever a provider sends: what is no JSON stands there as text.
  void foreign_json(const char* name, std::string_view value) {
    if (const core::Result<std::string> compact = dialect::compact_json(value))
      json(name, *compact);
    else
      text(name, dialect::valid_utf8(value));
  }
  void money(const char* name, core::Money value) {
    begin(name);
    text("amount", core::to_decimal(value));
    text("currency", "usd");
    end();
  }
  void begin(const char* name) {
    writer_.Key(name);
    writer_.StartObject();
  }
  void end() { writer_.EndObject(); }

  std::string line() {
    writer_.EndObject();
    std::string text(buffer_.GetString(), buffer_.GetSize());
    text.push_back('\n');
    return text;
  }

  JsonWriter& writer() { return writer_; }

 private:
  rapidjson::StringBuffer buffer_;
  JsonWriter writer_;
};

void add_usage(Row& row, const ItemResult& result) {
  row.begin("usage");
  row.number("input_tokens", result.input_tokens);
  row.number("cached_tokens", result.cached_tokens);
  row.number("output_tokens", result.output_tokens);
  row.number("total_tokens", result.input_tokens + result.output_tokens);
  row.end();
}

void add_lane(Row& row, const ItemResult& result) {
  row.text_or_null("model", result.model.value());
  row.text_or_null("provider", result.provider.value());
  if (result.simulated) row.boolean("simulated", true);
}

void add_output(Row& row, const ItemResult& result) {
  row.begin("output");
  if (result.operation == core::Operation::embeddings) {
    row.foreign_json("embedding", result.text);
  } else {
    row.writer().Key("messages");
    row.writer().StartArray();
    row.writer().StartObject();
    row.text("role", "assistant");
    row.text("content", result.text);
    if (!result.tool_calls.empty()) row.foreign_json("tool_calls", result.tool_calls);
    row.writer().EndObject();
    row.writer().EndArray();
  }
  row.end();
}

std::string render_result(const ItemResult& result) {
  const bool succeeded = result.outcome == ItemOutcome::succeeded;
  Row row;
  row.text("customer_item_id", result.customer_item_id);
  row.text("status", succeeded ? "completed" : "failed");
  if (succeeded) {
    add_output(row, result);
    row.null("error");
  } else {
    row.null("output");
    row.begin("error");
    row.text("code", result.error_code);
    row.text("message", result.error_message);
    row.end();
  }
  add_lane(row, result);
  row.text_or_null("finish_reason", result.finish_reason);
  add_usage(row, result);
  row.money("cost", result.cost);
  row.number("attempts", result.attempts);
  if (!result.duplicate_of.empty()) row.text("duplicate_of", result.duplicate_of);
  if (!result.metadata.empty()) row.json("metadata", result.metadata);
  return row.line();
}

std::string render_receipt(const ItemResult& result) {
  Row row;
  row.text("customer_item_id", result.customer_item_id);
  add_lane(row, result);
  row.text("mode", core::to_string(result.mode));
  add_usage(row, result);
  row.money("cost", result.cost);
  return row.line();
}

std::string render_review(const ItemResult& result) {
  Row row;
  row.text("customer_item_id", result.customer_item_id);
  row.text("reason", result.review_reason);
  row.text_or_null("finish_reason", result.finish_reason);
  add_output(row, result);
  return row.line();
}

std::string render_raw(const ItemResult& result) {
  Row row;
  row.number("index", result.number);
  row.text("customer_item_id", result.customer_item_id);
  row.text("outcome", to_string(result.outcome));
  add_lane(row, result);
  row.number("input_tokens", result.input_tokens);
  row.number("cached_tokens", result.cached_tokens);
  row.number("output_tokens", result.output_tokens);
  row.number("cost_nanos", result.cost.nanos());
  row.number("provider_cost_nanos", result.provider_cost.nanos());
  row.text("mode", core::to_string(result.mode));
  row.boolean("reviewed", !result.review_reason.empty());
  if (result.provider_body.empty())
    row.null("body");
  else
    row.foreign_json("body", result.provider_body);
  return row.line();
}

template <class Id>
Id read_id(const rapidjson::Document& json, const char* name) {
  const auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsString()) return Id{};
  return Id(std::string(found->value.GetString(), found->value.GetStringLength()));
}

template <class Member>
bool read_member(const rapidjson::Document& json, const char* name, Member& member) {
  const auto found = json.FindMember(name);
  return found != json.MemberEnd() && read_scalar(found->value, member);
}

}  // namespace

std::string_view to_string(ItemOutcome outcome) {
  return EnumNames<ItemOutcome>::list[static_cast<std::size_t>(outcome)];
}

ResultRows render_rows(const ItemResult& result) {
  ResultRows rows;
  if (result.outcome == ItemOutcome::discarded) {
    rows.raw = render_raw(result);
    return rows;
  }
  (result.outcome == ItemOutcome::succeeded ? rows.output : rows.error) = render_result(result);
  if (result.cost > core::Money{}) rows.receipt = render_receipt(result);
  if (!result.review_reason.empty()) rows.review = render_review(result);
  rows.raw = render_raw(result);
  return rows;
}

core::Result<RawRow> parse_raw_row(std::string_view line) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  RawRow row;
  if (json.HasParseError() || !json.IsObject() || !read_member(json, "index", row.number) ||
      !read_member(json, "outcome", row.outcome) || !read_member(json, "cost_nanos", row.cost) ||
      !read_member(json, "input_tokens", row.input_tokens) || !read_member(json, "cached_tokens", row.cached_tokens) ||
      !read_member(json, "output_tokens", row.output_tokens) || !read_member(json, "reviewed", row.reviewed))
    return core::Error{core::ErrorCode::blob_corrupt, "a raw result row cannot be read"};
  row.charged = row.cost > core::Money{};
  row.provider = read_id<core::ProviderId>(json, "provider");
  row.model = read_id<core::ModelSlug>(json, "model");
  core::Mode mode{};
  if (read_member(json, "mode", mode)) row.mode = mode;
  core::Money provider_cost;
  if (read_member(json, "provider_cost_nanos", provider_cost)) row.provider_cost = provider_cost;
  return row;
}

std::string with_raw_body(std::string_view row, std::string_view raw_row) {
  constexpr std::string_view marker = ",\"body\":";
  const std::size_t body = raw_row.find(marker);
  if (body == std::string_view::npos || !row.ends_with('}')) return std::string(row);
  std::string text(row.substr(0, row.size() - 1));
  text += ",\"raw\":";
  text += raw_row.substr(body + marker.size());  // ends with the row's own brace
  return text;
}

}  // namespace schemas
