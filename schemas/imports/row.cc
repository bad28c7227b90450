#include "schemas/imports/row.h"

#include <algorithm>
#include <utility>

#include "schemas/dialect/json.h"
#include "schemas/manifest/json_text.h"
#include "schemas/rfc3339.h"

namespace schemas::imports {
namespace {

using dialect::Json;
using dialect::Object;

constexpr std::size_t custom_id_bytes_max = 256;
constexpr std::size_t model_bytes_max = 128;
constexpr std::size_t code_bytes_max = 64;
constexpr std::int64_t unix_seconds_max = 253'402'300'799;  // the end of the year 9999

struct Named {
  std::string_view name;
  core::Operation operation;
};
constexpr Named openai_paths[] = {{"/v1/responses", core::Operation::responses},
                                  {"/v1/chat/completions", core::Operation::chat_completions},
                                  {"/v1/embeddings", core::Operation::embeddings}};
constexpr Named openai_objects[] = {{"response", core::Operation::responses},
                                    {"chat.completion", core::Operation::chat_completions},
                                    {"list", core::Operation::embeddings}};

template <std::size_t Count>
std::optional<core::Operation> find(const Named (&names)[Count], std::string_view name) {
  for (const Named& one : names) {
    if (one.name == name) return one.operation;
  }
  return std::nullopt;
}

// One line while it is read: its members, and how to refuse it.
class Row {
 public:
  static RowResult<Row> parse(std::string_view json) {
    core::Result<std::string> compact = dialect::compact_json(json);
    if (compact.has_error())
      return RowFault{std::string(core::to_string(compact.error().code)), "", "", compact.error().detail};
    Row row(std::move(*compact));
    if (!row.object().is_object()) return row.fault("invalid_type", "", "must be an object");
    row.custom_id_ = row["custom_id"].string();
    if (row.custom_id_.empty())
      return row.fault("missing_field", "/custom_id", "is required: it ties an answer to its request");
    if (row.custom_id_.size() > custom_id_bytes_max) {
      row.custom_id_.clear();
      return row.fault("too_long", "/custom_id", "must have at most 256 bytes");
    }
    return row;
  }

  Json object() const { return Json(json_); }
  Json operator[](std::string_view name) const { return Object(object())[name]; }
  const std::string& custom_id() const { return custom_id_; }
  RowFault fault(std::string_view code, std::string_view pointer, std::string message) const {
    return {std::string(code), std::string(pointer), custom_id_, std::move(message)};
  }

 private:
  explicit Row(std::string json) : json_(std::move(json)) {}

  std::string json_;  // compact
  std::string custom_id_;
};

// What the manifest has its own members for, or the provider alone understands.
bool stays_behind(std::string_view name) {
  return name == "model" || name == "service_tier" || name == "stream";
}

std::string without_model(const Object& body) {
  std::string json = "{";
  for (const Object::Member& member : body.members()) {
    if (stays_behind(member.name)) continue;
    if (json.size() > 1) json += ',';
    json += dialect::quoted(member.name);
    json += ':';
    json += member.value.text();
  }
  return json += '}';
}

RowResult<Request> read_body(const Row& row, core::Operation operation, std::string_view name) {
  const std::string pointer = "/" + std::string(name);
  const Json value = row[name];
  if (!value.is_object()) return row.fault("missing_field", pointer, "is required: the body of the request");
  const Object body(value);
  Request request;
  request.custom_id = row.custom_id();
  request.operation = operation;
  request.model = body["model"].string();
  if (request.model.empty()) return row.fault("missing_field", pointer + "/model", "is required: the name of a model");
  if (request.model.size() > model_bytes_max)
    return row.fault("too_long", pointer + "/model", "must have at most 128 bytes");
  request.input = without_model(body);
  return request;
}

// A provider's word as it may stand in statistics: short and plain.
std::string plain_code(std::string_view word) {
  const bool plain =
      !word.empty() && word.size() <= code_bytes_max && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
      });
  return plain ? std::string(word) : "other";
}

std::string code_of(const dialect::ProviderFault& fault) {
  return plain_code(fault.code.empty() ? fault.type : fault.code);
}

std::optional<core::Timestamp> from_unix(Json seconds) {
  std::optional<std::int64_t> whole = seconds.whole_number();
  if (!whole && seconds.is_number()) {  // some servers send 1767225600.0
    const double number = seconds.number();
    if (number > 0 && number < static_cast<double>(unix_seconds_max)) whole = static_cast<std::int64_t>(number);
  }
  if (!whole || *whole <= 0 || *whole > unix_seconds_max) return std::nullopt;
  return core::Timestamp(std::chrono::seconds(*whole));
}

std::optional<core::Timestamp> time_of(Json value) {
  if (!value.is_string()) return from_unix(value);
  const core::Result<core::Timestamp> time = parse_rfc3339(value.string());
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<core::Timestamp> first_time(const Object& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto time = time_of(object[name])) return time;
  }
  return std::nullopt;
}

// A status of 4xx says that the request is at fault, but for these.
bool rejects(std::int64_t status) {
  return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 && status != 409 &&
         status != 429;
}

void read_openai_error(const Object& error, Outcome& outcome) {
  outcome.code = plain_code(error["code"].string());
  const bool cancelled = outcome.code == "batch_cancelled" || outcome.code == "batch_canceled";
  outcome.ending = cancelled ? Ending::cancelled : Ending::failed;
}

RowResult<Outcome> read_openai(const Row& row, Outcome outcome) {
  const Json response_json = row["response"];
  const Json error = row["error"];
  if (error.is_object()) {
    read_openai_error(Object(error), outcome);
    return outcome;
  }
  if (!response_json.is_object())
    return row.fault("missing_field", "/response",
                     "has neither a response nor an error: not a line of OpenAI's output");
  const Object response(response_json);
  const std::optional<std::int64_t> status = response["status_code"].whole_number();
  if (!status) return row.fault("missing_field", "/response/status_code", "is required: the answer's HTTP status");
  const Json body_json = response["body"];
  const Object body(body_json);
  if (*status < 200 || *status > 299) {
    outcome.ending = rejects(*status) ? Ending::rejected : Ending::failed;
    outcome.code = code_of(dialect::read_error(body_json.text()));
    if (outcome.code == "other") outcome.code = "http_" + std::to_string(*status);
    return outcome;
  }
  if (!body_json.is_object())
    return row.fault("missing_field", "/response/body", "is required: the answer of the provider");
  outcome.ending = Ending::succeeded;
  outcome.operation = find(openai_objects, body["object"].string());
  outcome.model = body["model"].string();
  if (!outcome.occurred_at) outcome.occurred_at = first_time(body, {"created_at", "created"});
  outcome.body = body_json.text();
  return outcome;
}

RowResult<Outcome> read_anthropic(const Row& row, Outcome outcome) {
  const Json result_json = row["result"];
  if (!result_json.is_object())
    return row.fault("missing_field", "/result", "is required: not a line of Anthropic's results");
  const Object result(result_json);
  const std::string type = result["type"].string();
  outcome.operation = core::Operation::messages;
  if (type == "succeeded") {
    const Json message = result["message"];
    if (!message.is_object()) return row.fault("missing_field", "/result/message", "is required: the answer");
    outcome.ending = Ending::succeeded;
    outcome.model = Object(message)["model"].string();
    outcome.body = message.text();
  } else if (type == "errored") {
    const dialect::ProviderFault fault = dialect::read_error(result["error"].text());
    outcome.code = code_of(fault);
    outcome.ending =
        fault.type == "invalid_request_error" || fault.type == "not_found_error" || fault.type == "request_too_large"
            ? Ending::rejected
            : Ending::failed;
  } else if (type == "expired") {
    outcome.code = "expired";
    outcome.ending = Ending::failed;
  } else if (type == "canceled") {
    outcome.code = "canceled";
    outcome.ending = Ending::cancelled;
  } else {
    return row.fault("invalid_value", "/result/type", "must be succeeded, errored, canceled or expired");
  }
  return outcome;
}

}  // namespace

std::string_view to_string(Provider provider) {
  switch (provider) {
    case Provider::openai: return "openai";
    case Provider::anthropic: return "anthropic";
  }
  return "";
}

std::optional<Provider> provider_from_string(std::string_view text) {
  for (const Provider provider : {Provider::openai, Provider::anthropic}) {
    if (to_string(provider) == text) return provider;
  }
  return std::nullopt;
}

RowResult<Request> read_request(Provider provider, std::string_view json) {
  RowResult<Row> row = Row::parse(json);
  if (row.has_error()) return row.error();
  switch (provider) {
    case Provider::anthropic: return read_body(*row, core::Operation::messages, "params");
    case Provider::openai: break;
  }
  const std::string url = (*row)["url"].string();
  if (url.empty()) return row->fault("missing_field", "/url", "is required, such as /v1/responses");
  const std::optional<core::Operation> operation = find(openai_paths, url);
  if (!operation)
    return row->fault("operation_not_supported", "/url",
                      "must be /v1/responses, /v1/chat/completions or /v1/embeddings");
  return read_body(*row, *operation, "body");
}

RowResult<Outcome> read_outcome(Provider provider, std::string_view json) {
  RowResult<Row> row = Row::parse(json);
  if (row.has_error()) return row.error();
  Outcome outcome;
  outcome.custom_id = row->custom_id();
  const Json occurred_at = (*row)["occurred_at"];
  if (!occurred_at.is_null()) {
    outcome.occurred_at = time_of(occurred_at);
    if (!outcome.occurred_at)
      return row->fault("invalid_value", "/occurred_at", "must be a time as RFC 3339, or in Unix seconds");
  }
  switch (provider) {
    case Provider::openai: return read_openai(*row, std::move(outcome));
    case Provider::anthropic: return read_anthropic(*row, std::move(outcome));
  }
  return row->fault("invalid_value", "", "of no known provider");
}

core::Result<std::optional<core::Timestamp>> read_batch_time(Provider provider, std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return core::Error{compact.error().code, "'batch' must be a JSON object", "batch"};
  const Object batch{Json(*compact)};
  const bool expected =
      provider == Provider::openai ? batch["object"].equals("batch") : batch["type"].equals("message_batch");
  if (!expected)
    return core::Error{core::ErrorCode::invalid_request, "'batch' must be the batch object as the provider shows it",
                       "batch"};
  return first_time(batch, {"completed_at", "ended_at", "expired_at", "cancelled_at", "created_at"});
}

}  // namespace schemas::imports
