// Fuzzes the reading of journal records: whatever the bytes, they are a group of events that can be written and read
// again as the same, or a fault that says where.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schemas/journal_codec.h"

namespace {

std::string written(const std::vector<schemas::RecordedEvent>& events) {
  schemas::GroupWriter writer(core::Partition(0), core::Timestamp{});
  for (const schemas::RecordedEvent& event : events) writer.add(event);
  return std::move(writer).finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto events = schemas::decode_group({reinterpret_cast<const char*>(data), size});
  if (events.has_error()) {
    if (events.error().code != core::ErrorCode::malformed_event || events.error().detail.empty()) std::abort();
    return 0;
  }
  const std::string once = written(*events);
  const auto again = schemas::decode_group(once);
  if (again.has_error() || written(*again) != once) std::abort();
  return 0;
}
