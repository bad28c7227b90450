#include "ops/brctl/journal_part.h"

#include <algorithm>

#include "ops/brctl/arguments.h"
#include "ops/clock.h"

namespace ops::brctl {

core::Result<JournalPart> journal_part(const std::vector<std::uint32_t>& partitions, const std::string& until,
                                       std::uint32_t count) {
  std::vector<std::uint32_t> named = partitions;
  const std::optional<LogPlace> place = parse_place(until);
  if (place) named.push_back(place->partition.value());
  for (const std::uint32_t partition : named) {
    if (partition >= count)
      return core::Error{core::ErrorCode::invalid_request, "there is no partition " + std::to_string(partition) +
                                                               "; the last one is " + std::to_string(count - 1)};
  }
  JournalPart part;
  part.all = named.empty();
  if (place) {
    part.partitions = {place->partition};
    part.end = core::Offset(place->offset.value() + 1);
    return part;
  }
  for (std::uint32_t number = 0; number < count; ++number) {
    if (part.all || std::find(named.begin(), named.end(), number) != named.end()) part.partitions.emplace_back(number);
  }
  if (until.empty()) return part;
  const core::Result<core::Timestamp> time = parse_time(until, now());
  if (time.has_error()) return time.error();
  part.until = *time;
  return part;
}

}  // namespace ops::brctl
