#include <utility>

#include "adapters/providers/wire.h"
#include "schemas/dialect/json.h"
#include "schemas/rfc3339.h"

namespace adapters::providers {
namespace {

using core::Operation;
using http_client::HttpRequest;
using schemas::dialect::Json;
using schemas::dialect::Object;
using schemas::dialect::quoted;

constexpr std::string_view api_version = "2023-06-01";
constexpr std::string_view list_limit = "100";
constexpr std::string_view batches_path = "/messages/batches";

core::Error unreadable(std::string what) {
  return {core::ErrorCode::invalid_request, "the provider sent " + std::move(what)};
}

std::string plain_id(Json value) {
  std::string id = value.is_string() ? value.string() : "";
  return is_plain_id(id) ? id : "";
}

// HTTP statuses of the error types, as result lines have the type only.
int status_of(std::string_view type) {
  static constexpr std::pair<std::string_view, int> statuses[] = {
      {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
      {"permission_error", 403},      {"not_found_error", 404},      {"conflict_error", 409},
      {"request_too_large", 413},     {"rate_limit_error", 429},     {"timeout_error", 500},
      {"overloaded_error", 529}};
  for (const auto& [name, status] : statuses) {
    if (name == type) return status;
  }
  return 500;
}

class AnthropicWire final : public Wire {
 public:
  explicit AnthropicWire(const ProviderSettings& settings)
      : settings_(settings), base_(settings.base_url + settings.path_prefix) {
    const std::string_view base = settings_.base_url;
    const std::size_t host = base.find("://");
    origin_ = base.substr(0, host == base.npos ? 0 : base.find('/', host + 3));
    if (settings_.dialects.empty()) settings_.dialects = {Operation::messages};
  }

  Operation dialect_for(Operation operation) const override { return choose_dialect(operation, settings_.dialects); }

  schemas::dialect::OutputLimitField chat_limit() const override {
    return schemas::dialect::OutputLimitField::max_completion_tokens;
  }

  HttpRequest call(Operation, std::string body) const override {
    HttpRequest call = request("POST", "/messages");
    call.headers.emplace_back("content-type", "application/json");
    call.body = std::move(body);
    call.total_timeout = settings_.call_timeout;
    return call;
  }

  bool creates_in_turn() const override { return true; }

  std::string batch_input(Operation, const std::vector<BatchLine>& lines) const override {
    std::string input = R"({"requests":[)";
    for (const BatchLine& line : lines) {
      if (&line != &lines.front()) input += ',';
      input += R"({"custom_id":)" + quoted(line.custom_id) + R"(,"params":)" + line.body + "}";
    }
    return input + "]}";
  }

  std::optional<HttpRequest> upload(const std::string&) const override { return std::nullopt; }
  core::Result<std::string> read_uploaded(std::string_view) const override {
    return unreadable("a file, which none of its batches has");
  }

  HttpRequest create(Operation, std::string input, const std::string&) const override {
    HttpRequest create = request("POST", std::string(batches_path));
    create.headers.emplace_back("content-type", "application/json");
    create.fresh_connection = true;
    create.body = std::move(input);
    create.total_timeout = settings_.transfer_timeout;
    return create;
  }

  core::Result<BatchStatus> read_batch(std::string_view body) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(body);
    if (json.has_error()) return json.error();
    return batch_of(Object(Json(*json)));
  }

  HttpRequest list(const std::string& cursor) const override {
    return request("GET", std::string(batches_path) + "?limit=" + std::string(list_limit) +
                              (cursor.empty() ? "" : "&after_id=" + cursor));
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
    if (list["has_more"].is_true()) page.next = plain_id(list["last_id"]);
    return page;
  }

  HttpRequest poll(const std::string& id) const override {
    return request("GET", std::string(batches_path) + "/" + id);
  }
  HttpRequest cancel(const std::string& id) const override {
    return request("POST", std::string(batches_path) + "/" + id + "/cancel");
  }

  HttpRequest results(const std::string& url) const override {
    HttpRequest results = request("GET", "");
    results.url = url;
    results.headers.emplace_back("accept", "application/binary");
    results.total_timeout = settings_.transfer_timeout;
    return results;
  }

  core::Result<ResultLine> read_result(std::string_view line) const override {
    const core::Result<std::string> json = schemas::dialect::compact_json(line);
    if (json.has_error()) return json.error();
    const Object object{Json(*json)};
    if (!object["custom_id"].is_string()) return unreadable("a result without a custom_id");
    const Object result(object["result"]);
    const std::string type = result["type"].string();
    const std::string id = object["custom_id"].string();
    if (type == "succeeded") return ResultLine{id, true, 200, std::string(result["message"].text())};
    if (type == "expired" || type == "canceled") return ResultLine{id, false, 0, {}};
    if (type != "errored") return unreadable("a result of no known type");
    const Object error(result["error"]);
    const Object inner(error["error"].is_object() ? error["error"] : result["error"]);
    return ResultLine{id, true, status_of(inner["type"].string()), std::string(result["error"].text())};
  }

  std::optional<HttpRequest> delete_input(const BatchStatus&) const override { return std::nullopt; }

 private:
  HttpRequest request(std::string method, const std::string& path) const {
    HttpRequest request;
    request.method = std::move(method);
    request.url = base_ + path;
    if (!settings_.api_key.reveal().empty()) request.headers.emplace_back("x-api-key", settings_.api_key.reveal());
    request.headers.emplace_back("anthropic-version", api_version);
    request.connect_timeout = settings_.connect_timeout;
    request.total_timeout = settings_.control_timeout;
    request.response_bytes_max = 32 << 20;
    return request;
  }

  core::Result<BatchStatus> batch_of(const Object& object) const {
    BatchStatus batch;
    batch.id = plain_id(object["id"]);
    if (batch.id.empty()) return unreadable("a batch without an id");
    const std::string status = object["processing_status"].string();
    if (status.empty()) return unreadable("a batch without a processing_status");
    if (status == "ended") batch.state = BatchState::ended;
    const core::Result<core::Timestamp> created = schemas::parse_rfc3339(object["created_at"].string());
    if (created) batch.created_at = *created;
    const Object counts(object["request_counts"]);
    std::int64_t items = 0;
    for (const std::string_view name : {"processing", "succeeded", "errored", "canceled", "expired"}) {
      const std::int64_t count = counts[name].whole_number().value_or(0);
      if (count < 0 || count > INT32_MAX) return unreadable("a batch with impossible counts");
      items += count;
      if (name == "canceled" || name == "expired") batch.cut_short |= count > 0;
    }
    if (items > 0) batch.items = items;
    if (batch.state == BatchState::ended && !object["results_url"].string().empty()) {
      // The key goes to nobody but the provider, whatever the answer says.
      const std::string url = object["results_url"].string();
      const bool own = !origin_.empty() && url.starts_with(origin_ + "/");
      batch.result_urls.push_back(own ? url : base_ + std::string(batches_path) + "/" + batch.id + "/results");
    }
    return batch;
  }

  ProviderSettings settings_;
  const std::string base_;
  std::string origin_;  // https://host:port
};

}  // namespace

std::unique_ptr<Wire> make_anthropic_wire(const ProviderSettings& settings) {
  return std::make_unique<AnthropicWire>(settings);
}

}  // namespace adapters::providers
