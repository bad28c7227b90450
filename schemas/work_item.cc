#include "schemas/work_item.h"

#include <charconv>

#include "schemas/manifest/canonical_line.h"

namespace schemas {

namespace {

template <class Number>
bool take_number(std::string_view& line, Number& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return true;
}

}  // namespace

void append_work_item(std::string& lines, std::uint32_t number, core::Money ceiling, std::int64_t output_tokens_max,
                      std::string_view canonical_line) {
  lines +=
      std::to_string(number) + " " + std::to_string(ceiling.nanos()) + " " + std::to_string(output_tokens_max) + " ";
  lines += canonical_line;
  lines.push_back('\n');
}

void append_equal_item(std::string& lines, std::uint32_t same_as, std::uint32_t number,
                       std::string_view canonical_line) {
  lines += "=" + std::to_string(same_as) + " " + std::to_string(number) + " ";
  lines += canonical_line;
  lines.push_back('\n');
}

core::Result<WorkItem> parse_work_item(std::string_view line) {
  WorkItem work;
  std::uint32_t number = 0;
  std::int64_t ceiling = 0;
  if (line.starts_with('=')) {
    line.remove_prefix(1);
    std::uint32_t original = 0;
    if (!take_number(line, original) || !take_number(line, number))
      return core::Error{core::ErrorCode::blob_corrupt, "a line of a work unit does not say what it equals"};
    work.same_as = original;
  } else if (!take_number(line, number) || !take_number(line, ceiling) || !take_number(line, work.output_tokens_max))
    return core::Error{core::ErrorCode::blob_corrupt, "a line of a work unit has no number, ceiling and tokens"};
  core::Result<core::ManifestItem> item = manifest::parse_canonical_line(line);
  if (item.has_error()) return item.error();
  work.item = std::move(*item);
  work.item.number = number;
  work.ceiling = core::Money::from_nanos(ceiling);
  return work;
}

}  // namespace schemas
