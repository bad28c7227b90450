// Fuzzes what customers, models and providers send through the dialects: whatever the bytes, nothing breaks, what is
// sent on is JSON and says the same when it is read again, what is kept is UTF-8. The first byte chooses the
// operation.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schemas/dialect/answer.h"
#include "schemas/dialect/json.h"
#include "schemas/dialect/output_check.h"
#include "schemas/dialect/request.h"

namespace {

using namespace schemas::dialect;

constexpr std::array operations = {core::Operation::responses, core::Operation::chat_completions,
                                   core::Operation::messages, core::Operation::embeddings};

void require(bool condition) {
  if (!condition) std::abort();
}

void check_requests(core::Operation operation, std::string_view input) {
  for (const core::Operation dialect : operations) {
    const Target target{dialect, "m", 100};
    const core::Result<std::string> body = write_request(operation, input, target);
    require(body.has_value() == can_write(operation, input, dialect).has_value());
    if (!body) continue;
    require(compact_json(*body).has_value() && *compact_json(*body) == *body);
    const core::Result<std::string> again = write_request(dialect, *body, target);
    require(again.has_value() && *again == *body);
  }
}

void check_fault(const ProviderFault& fault) {
  require(fault.message.size() <= provider_message_bytes_max && valid_utf8(fault.message) == fault.message);
  require(fault.message.find('\n') == std::string::npos);
}

void check_answers(core::Operation dialect, std::string_view body) {
  const AnswerResult answer = read_answer(dialect, body);
  if (!answer) return check_fault(answer.error());
  require(valid_utf8(answer->text) == answer->text);
  require(answer->tool_calls.empty() || compact_json(answer->tool_calls).has_value());
  require(answer->usage.input_tokens.value_or(0) >= 0);
}

}  // namespace

// The first byte chooses the operation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const core::Operation operation = operations.at(data[0] % operations.size());
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  check_requests(operation, text);
  check_answers(operation, text);
  check_fault(read_error(text));
  const std::size_t cut = std::min(text.find('\n'), text.size());
  check_output(OutputContract{std::string(text.substr(0, cut))}, text.substr(cut));
  if (const auto contract = output_contract(operation, text)) check_output(*contract, contract->json_schema);
  return 0;
}
