#include <utility>

#include "adapters/providers/wire.h"
#include "schemas/dialect/json.h"
#include "schemas/digest.h"

namespace adapters::providers {
namespace {

using core::Operation;
using http_client::HttpRequest;
using schemas::dialect::Json;
using schemas::dialect::Object;
using schemas::dialect::quoted;

constexpr int results_kept_seconds = 7 * 86'400;  // then the provider deletes them
constexpr std::string_view list_limit = "100";
constexpr std::string_view intent_name = "br_intent";

std::string_view path_of(Operation dialect) {
  switch (dialect) {
    case Operation::responses: return "/responses";
    case Operation::chat_completions: return "/chat/completions";
    case Operation::messages: return "/messages";
    case Operation::embeddings: return "/embeddings";
  }
  return "";
}

core::Error unreadable(std::string what) {
  return {core::ErrorCode::invalid_request, "the provider sent " + std::move(what)};
}

// A file's id; none may be null, absent or an empty text.
std::string file_id(Json value) {
  std::string id = value.is_string() ? value.string() : "";
  return is_plain_id(id) ? id : "";
}

core::Timestamp seconds(Json value) {
  return core::Timestamp(std::chrono::seconds(value.whole_number().value_or(0)));
}

class OpenAiWire final : public Wire {
 public:
  explicit OpenAiWire(const ProviderSettings& settings)
      : settings_(settings),
        base_(settings.base_url + settings.path_prefix),
        compatible_(settings.protocol == core::Protocol::openai_compatible) {
    if (!settings_.dialects.empty()) return;
    settings_.dialects = {Operation::chat_completions, Operation::embeddings};
    if (!compatible_) settings_.dialects.push_back(Operation::responses);
  }

  Operation dialect_for(Operation operation) const override { return choose_dialect(operation, settings_.dialects); }

  schemas::dialect::OutputLimitField chat_limit() const override {
    return compatible_ ? schemas::dialect::OutputLimitField::max_tokens
                       : schemas::dialect::OutputLimitField::max_completion_tokens;
  }

  HttpRequest call(Operation dialect, std::string body) const override {
    HttpRequest call = request("POST", std::string(path_of(dialect)));
    call.headers.emplace_back("content-type", "application/json");
    call.body = std::move(body);
    call.total_timeout = settings_.call_timeout;
    return call;
  }

  bool creates_in_turn() const override { return false; }

  std::string batch_input(Operation dialect, const std::vector<BatchLine>& lines) const override {
    std::string input;
    for (const BatchLine& line : lines) {
      input += R"({"custom_id":)" + quoted(line.custom_id) + R"(,"method":"POST","url":"/v1)" +
               std::string(path_of(dialect)) + R"(","body":)" + line.body + "}\n";
    }
    return input;
  }

  std::optional<HttpRequest> upload(const std::string& input) const override {
    // No line of JSON holds a line break, so that none can be taken for the boundary.
    const std::string boundary = "batchrouter-" + schemas::sha256(input).value().substr(0, 32);
    HttpRequest upload = request("POST", "/files");
    upload.headers.emplace_back("content-type", "multipart/form-data; boundary=" + boundary);
    upload.body = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--" +
                  boundary + expiry(boundary) +
                  "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n"
                  "Content-Type: application/jsonl\r\n\r\n";
    upload.body += input;
    upload.body += "\r\n--" + boundary + "--\r\n";
    upload.total_timeout = settings_.transfer_timeout;
    return upload;
  }

  // Should nobody delete the file, it goes by itself. Compatible servers need not know how.
  std::string expiry(const std::string& boundary) const {
    if (compatible_) return "";
    const auto field = [&](const char* name, const char* value) {
      return std::string("\r\nContent-Disposition: form-data; name=\"") + name + "\"\r\n\r\n" + value + "\r\n--" +
             boundary;
    };
    return field("expires_after[anchor]", "created_at") + field("expires_after[seconds]", "604800");
  }

  core::Result<std::string> read_uploaded(std::string_view body) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(body);
    if (json.has_error()) return json.error();
    std::string id = file_id(Object(Json(*json))["id"]);
    if (id.empty()) return unreadable("a file without an id");
    return id;
  }

  HttpRequest create(Operation dialect, std::string input, const std::string& intent) const override {
    HttpRequest create = request("POST", "/batches");
    create.headers.emplace_back("content-type", "application/json");
    create.fresh_connection = true;
    create.body = R"({"input_file_id":)" + quoted(input) + R"(,"endpoint":"/v1)" + std::string(path_of(dialect)) +
                  R"(","completion_window":"24h","metadata":{")" + std::string(intent_name) + R"(":)" + quoted(intent) +
                  "}";
    // Compatible servers may refuse members that they do not know.
    if (!compatible_) {
      create.body +=
          R"(,"output_expires_after":{"anchor":"created_at","seconds":)" + std::to_string(results_kept_seconds) + "}";
    }
    create.body += "}";
    return create;
  }

  core::Result<BatchStatus> read_batch(std::string_view body) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(body);
    if (json.has_error()) return json.error();
    return batch_of(Object(Json(*json)));
  }

  HttpRequest list(const std::string& cursor) const override {
    return request("GET", "/batches?limit=" + std::string(list_limit) + (cursor.empty() ? "" : "&after=" + cursor));
  }

  core::Result<BatchPage> read_page(std::string_view body) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(body);
    if (json.has_error()) return json.error();
    const Object list{Json(*json)};
    if (!list["data"].is_array()) return unreadable("a list without data");
    BatchPage page;
    for (const Json entry : list["data"].elements()) {
      core::Result<BatchStatus> batch = batch_of(Object(entry));
      if (batch) page.batches.push_back(std::move(*batch));
    }
    if (!list["has_more"].is_true()) return page;
    page.next = file_id(list["last_id"]);
    if (page.next.empty() && !page.batches.empty()) page.next = page.batches.back().id;
    return page;
  }

  HttpRequest poll(const std::string& id) const override { return request("GET", "/batches/" + id); }
  HttpRequest cancel(const std::string& id) const override { return request("POST", "/batches/" + id + "/cancel"); }

  HttpRequest results(const std::string& url) const override {
    HttpRequest results = request("GET", "");
    results.url = url;
    results.total_timeout = settings_.transfer_timeout;
    return results;
  }

  core::Result<ResultLine> read_result(std::string_view line) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(line);
    if (json.has_error()) return json.error();
    const Object object{Json(*json)};
    if (!object["custom_id"].is_string()) return unreadable("a result without a custom_id");
    ResultLine result;
    result.custom_id = object["custom_id"].string();
    const Object response(object["response"]);
    if (object["response"].is_object()) {
      result.executed = true;
      // Compatible servers leave the status of a success out.
      result.status = static_cast<int>(response["status_code"].whole_number().value_or(200));
      result.body = response["body"].text();
      if (result.status >= 200 && result.status < 300) result.status = 200;
      if (object["error"].is_null()) return result;
    }
    // Not from HTTP: the window has passed, the batch was cancelled, or the item never came to be executed.
    const std::string code = Object(object["error"])["code"].string();
    if (code == "batch_expired" || code == "batch_cancelled" || code == "batch_canceled" || object["error"].is_null())
      return ResultLine{result.custom_id, false, 0, {}};
    if (result.executed && result.status != 200) return result;
    return ResultLine{result.custom_id, true, 500, R"({"error":)" + std::string(object["error"].text()) + "}"};
  }

  std::optional<HttpRequest> delete_input(const BatchStatus& batch) const override {
    if (batch.input_file.empty()) return std::nullopt;
    return request("DELETE", "/files/" + batch.input_file);
  }

 private:
  HttpRequest request(std::string method, const std::string& path) const {
    HttpRequest request;
    request.method = std::move(method);
    request.url = base_ + path;
    if (!settings_.api_key.reveal().empty())
      request.headers.emplace_back("authorization", "Bearer " + settings_.api_key.reveal());
    request.connect_timeout = settings_.connect_timeout;
    request.total_timeout = settings_.control_timeout;
    request.response_bytes_max = 32 << 20;
    return request;
  }

  core::Result<BatchStatus> batch_of(const Object& object) const {
    BatchStatus batch;
    batch.id = file_id(object["id"]);
    if (batch.id.empty()) return unreadable("a batch without an id");
    const std::string status = object["status"].string();
    if (status.empty()) return unreadable("a batch without a status");
    batch.cut_short = status == "expired" || status == "cancelled";
    if (status == "completed" || batch.cut_short) batch.state = BatchState::ended;
    if (status == "failed") batch.state = BatchState::failed;
    batch.created_at = seconds(object["created_at"]);
    for (const auto dialect : {Operation::responses, Operation::chat_completions, Operation::embeddings}) {
      if (object["endpoint"].string() == "/v1" + std::string(path_of(dialect))) batch.dialect = dialect;
    }
    batch.items = Object(object["request_counts"])["total"].whole_number();
    batch.intent = Object(object["metadata"])[intent_name].string();
    batch.input_file = file_id(object["input_file_id"]);
    for (const std::string_view name : {"output_file_id", "error_file_id"}) {
      const std::string file = file_id(object[name]);
      if (!file.empty()) batch.result_urls.push_back(base_ + "/files/" + file + "/content");
    }
    for (const Json fault : Object(object["errors"])["data"].elements()) {
      const Object inner(fault);
      const auto line = inner["line"].whole_number();
      batch.faults.push_back({inner["code"].string(), inner["message"].string(),
                              line && *line > 0 ? std::optional(static_cast<std::size_t>(*line)) : std::nullopt});
    }
    return batch;
  }

  ProviderSettings settings_;
  const std::string base_;
  const bool compatible_;
};

}  // namespace

std::unique_ptr<Wire> make_openai_wire(const ProviderSettings& settings) {
  return std::make_unique<OpenAiWire>(settings);
}

}  // namespace adapters::providers
