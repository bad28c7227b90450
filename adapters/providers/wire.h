// What differs between the vendors' protocols: pure functions from what is wanted to requests, and from answers to what
// they say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http_client/http_client.h"
#include "adapters/providers/settings.h"
#include "core/catalog.h"
#include "core/result.h"
#include "core/time.h"
#include "schemas/dialect/request.h"

namespace adapters::providers {

struct BatchLine {
  std::string custom_id;
  std::string body;  // JSON object
};

// What is wrong with a batch as a whole, or with a line of its input.
struct BatchFault {
  std::string code;
  std::string message;
  std::optional<std::size_t> line;  // from 1
};

enum class BatchState { running, ended, failed };  // failed: it was refused, and nothing of it was executed

struct BatchStatus {
  std::string id;
  BatchState state = BatchState::running;
  bool cut_short = false;  // expired or cancelled: what was executed by then has results, and is paid
  core::Timestamp created_at{};
  std::optional<core::Operation> dialect;  // of all its items, where the protocol says so
  std::optional<std::int64_t> items;       // as created
  std::string intent;                      // that it was created with, where the protocol keeps one
  std::string input_file;                  // id; empty: none
  std::vector<std::string> result_urls;
  std::vector<BatchFault> faults;
};

struct BatchPage {
  std::vector<BatchStatus> batches;  // newest first
  std::string next;                  // cursor; empty: the last page
};

struct ResultLine {
  std::string custom_id;
  bool executed = false;  // false: expired or cancelled before it was
  int status = 0;         // of the HTTP answer that the item got; 200 is a success
  std::string body;       // JSON: the answer, or the error
};

// Errors of everything that reads: malformed_json, json_too_deep, invalid_request.
class Wire {
 public:
  virtual ~Wire() = default;

  // The dialect in which an item of `operation` is asked.
  virtual core::Operation dialect_for(core::Operation operation) const = 0;
  virtual schemas::dialect::OutputLimitField chat_limit() const = 0;
  virtual http_client::HttpRequest call(core::Operation dialect, std::string body) const = 0;

  // Whether a lost answer of `create` can be told apart from others' batches by time and count only, so that no two
  // creations may be in doubt at once.
  virtual bool creates_in_turn() const = 0;
  // Lines to what is uploaded, or, where nothing is, to the body of `create`.
  virtual std::string batch_input(core::Operation dialect, const std::vector<BatchLine>& lines) const = 0;
  virtual std::optional<http_client::HttpRequest> upload(const std::string& input) const = 0;
  virtual core::Result<std::string> read_uploaded(std::string_view body) const = 0;  // the file's id
  // `input`: the id of what was uploaded, or the input itself.
  virtual http_client::HttpRequest create(core::Operation dialect, std::string input,
                                          const std::string& intent) const = 0;
  virtual core::Result<BatchStatus> read_batch(std::string_view body) const = 0;
  virtual http_client::HttpRequest list(const std::string& cursor) const = 0;
  virtual core::Result<BatchPage> read_page(std::string_view body) const = 0;
  virtual http_client::HttpRequest poll(const std::string& id) const = 0;
  virtual http_client::HttpRequest cancel(const std::string& id) const = 0;
  virtual http_client::HttpRequest results(const std::string& url) const = 0;
  virtual core::Result<ResultLine> read_result(std::string_view line) const = 0;
  virtual std::optional<http_client::HttpRequest> delete_input(const BatchStatus& batch) const = 0;
};

std::unique_ptr<Wire> make_openai_wire(const ProviderSettings& settings);  // openai_compatible as well
std::unique_ptr<Wire> make_anthropic_wire(const ProviderSettings& settings);
std::unique_ptr<Wire> make_wire(const ProviderSettings& settings);

// Of `dialects`, that in which to ask: the item's own, else Chat Completions, else the first of them that chats.
core::Operation choose_dialect(core::Operation operation, const std::vector<core::Operation>& dialects);

// Ids that come from outside and go into URLs and the journal.
bool is_plain_id(std::string_view id);

}  // namespace adapters::providers
