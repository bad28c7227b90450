// Fuzzes the readers of imported history: whatever the bytes, they answer a row or a fault, and what a fault says is
// short. The first byte chooses the provider.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schemas/imports/lines.h"
#include "schemas/imports/row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schemas::imports;
  if (size == 0) return 0;
  const Provider provider = data[0] % 2 == 0 ? Provider::openai : Provider::anthropic;
  schemas::manifest::TextSource source({reinterpret_cast<const char*>(data + 1), size - 1}, 7);
  Lines lines(source);
  for (;;) {
    const auto line = lines.next();
    if (!line || !*line) return 0;
    if (const auto request = read_request(provider, (*line)->text); !request && request.error().message.size() > 400)
      std::abort();
    const auto outcome = read_outcome(provider, (*line)->text);
    if (outcome && outcome->operation) schemas::dialect::read_answer(*outcome->operation, outcome->body);
    read_batch_time(provider, (*line)->text);
  }
}
