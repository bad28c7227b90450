// Fuzzes what providers send to lanes: batches, pages of them, result lines, answers, errors, headers that ask us to
// wait. Whatever the bytes, they are read or refused with a reason; ids and URLs that go back into requests cannot
// leave their place; waits are bounded; what a customer may see is short, whole UTF-8. The first byte chooses the
// protocol and what is read.
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/http_client/retry_after.h"
#include "adapters/providers/item_answer.h"
#include "adapters/providers/results_check.h"
#include "adapters/providers/sorting.h"
#include "adapters/providers/wait_hints.h"
#include "adapters/providers/wire.h"
#include "schemas/compact_json.h"
#include "schemas/dialect/json.h"
#include "tests/fuzz/input.h"

namespace {

using namespace adapters::providers;
using fuzz::require;

constexpr core::Timestamp now{std::chrono::hours(500'000)};
const std::string base_url = "https://provider.example";

std::unique_ptr<Wire> wire_of(core::Protocol protocol) {
  ProviderSettings settings;
  settings.provider = core::ProviderId("openai");
  settings.protocol = protocol;
  settings.base_url = base_url;
  settings.api_key = core::Secret("key");
  return make_wire(settings);
}

// The key goes with it, so it must go to the provider, and say nothing else on its way.
void check_url(const adapters::http_client::HttpRequest& request) {
  require(request.url.starts_with(base_url + "/"));
  for (const char c : request.url) require(c > ' ' && c < '\x7F');
  require(request.url.find("..") == std::string::npos || request.url.find("/../") == std::string::npos);
}

void check_refusal(const core::Error& error) {
  require(!error.detail.empty() && error.detail.size() < 1'000);
}

void check_batch(const Wire& wire, const BatchStatus& batch) {
  require(is_plain_id(batch.id));
  check_url(wire.poll(batch.id));
  check_url(wire.cancel(batch.id));
  for (const std::string& url : batch.result_urls) check_url(wire.results(url));
  if (const auto request = wire.delete_input(batch)) check_url(*request);
}

void check_message(const std::string& message) {
  require(message.size() <= 1'000 && schemas::dialect::valid_utf8(message) == message);
}

void check_answer(const processors::LaneAnswer& answer) {
  check_message(answer.error_message);
  require(schemas::dialect::valid_utf8(answer.text) == answer.text);
  require(answer.usage.input_tokens >= 0 && answer.usage.cached_tokens >= 0 && answer.usage.output_tokens >= 0);
  require(answer.usage.cached_tokens <= answer.usage.input_tokens);
  if (answer.verdict != processors::Verdict::succeeded) require(!answer.error_code.empty());
}

void check_lines(const Wire& wire, fuzz::Input input) {
  ResultsCheck check("bat_1/0/1");
  while (!input.done()) {
    const auto line = wire.read_result(input.until('\n'));
    if (line.has_error()) {
      check_refusal(line.error());
      continue;
    }
    require(line->body.empty() || schemas::dialect::compact_json(line->body).has_value());
    check.add(*line);
    const processors::LaneItem item{0, core::Operation::responses, R"({"input":"Hi"})", 100};
    if (line->executed && line->status == 200) check_answer(read_item_answer(item, item.operation, line->body).answer);
  }
  check.stands(0);
  require(!check.mismatched() || check.foreign() > 0 || check.contradictory() <= 1'000'000);
}

void check_waits(fuzz::Input input) {
  using std::chrono::hours;
  adapters::http_client::Headers headers;
  const std::string_view wait = input.until('\n');
  if (const auto parsed = parse_go_duration(wait)) require(parsed->count() >= 0 && *parsed <= hours(24));
  if (const auto parsed = adapters::http_client::parse_retry_after(wait, now))
    require(parsed->count() >= 0 && *parsed <= adapters::http_client::retry_after_max);
  headers.emplace_back("retry-after", wait);
  headers.emplace_back("retry-after-ms", input.until('\n'));
  headers.emplace_back("x-ratelimit-remaining-requests", input.until('\n'));
  headers.emplace_back("x-ratelimit-reset-requests", input.until('\n'));
  headers.emplace_back("anthropic-ratelimit-tokens-remaining", input.until('\n'));
  headers.emplace_back("anthropic-ratelimit-tokens-reset", input.until('\n'));
  for (const auto& parsed : {retry_after(headers, now), exhausted_for(headers, now)})
    require(!parsed || (parsed->count() >= 0 && *parsed <= hours(24)));
  for (const int status : {400, 401, 403, 404, 408, 409, 413, 429, 500, 503, 529}) {
    const Sorted sorted = sort_response(status, headers, input.rest(), now);
    check_message(sorted.error_message);
    require(!sorted.error_code.empty());
    require(!sorted.retry_after || (sorted.retry_after->count() >= 0 && *sorted.retry_after <= hours(24)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto wire = wire_of(static_cast<core::Protocol>(input.choice(3)));
  switch (input.choice(6)) {
    case 0: {
      const auto id = wire->read_uploaded(input.rest());
      if (id.has_error())
        check_refusal(id.error());
      else
        require(is_plain_id(*id));
      break;
    }
    case 1: {
      const auto batch = wire->read_batch(input.rest());
      if (batch.has_error())
        check_refusal(batch.error());
      else
        check_batch(*wire, *batch);
      break;
    }
    case 2: {
      const auto page = wire->read_page(input.rest());
      if (page.has_error()) {
        check_refusal(page.error());
        break;
      }
      for (const BatchStatus& batch : page->batches) check_batch(*wire, batch);
      check_url(wire->list(page->next));
      break;
    }
    case 3: check_lines(*wire, input); break;
    case 4: check_waits(input); break;
    default: {
      const auto operation = static_cast<core::Operation>(input.choice(4));
      const processors::LaneItem item{0, operation, std::string(input.until('\n')), 100};
      check_answer(read_item_answer(item, wire->dialect_for(operation), std::string(input.rest())).answer);
      break;
    }
  }
  return 0;
}
