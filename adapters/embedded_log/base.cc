#include "adapters/embedded_log/base.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "processors/crc32c.h"

namespace adapters::embedded_log {
namespace {

//   batchrouter-log-base 1
//   segment 4711
//   partition 3 first 1234 epoch 7
//   …
//   crc32c 0badcafe        of all lines before it
constexpr std::string_view heading = "batchrouter-log-base 1";
constexpr std::string_view checksum_word = "crc32c ";

std::filesystem::path path_of(const std::filesystem::path& directory) {
  return directory / "base";
}

core::Error unreadable(const std::filesystem::path& path) {
  return {core::ErrorCode::log_corrupt,
          path.string() + " does not hold: it says where the log begins. Restore it from a backup"};
}

// The next word of a line, up to a space or its end.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// "<name> <number>" from the front of a line.
template <class Number>
bool take(std::string_view& line, std::string_view name, Number& number) {
  if (take_word(line) != name) return false;
  const std::string_view digits = take_word(line);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

bool read_line(std::string_view line, Base& base) {
  if (line.starts_with("segment ")) return take(line, "segment", base.segment) && line.empty();
  std::uint32_t partition = 0;
  std::int64_t first = 0;
  std::int64_t epoch = 0;
  if (!take(line, "partition", partition) || !take(line, "first", first) || !take(line, "epoch", epoch)) return false;
  const Base::Before before{core::Offset(first), core::Epoch(epoch)};
  return line.empty() && first > 0 && epoch >= 0 && base.partitions.emplace(core::Partition(partition), before).second;
}

}  // namespace

core::Result<Base> read_base(Disk& disk, const std::filesystem::path& directory) {
  const std::filesystem::path path = path_of(directory);
  if (!disk.exists(path)) return Base{};
  const auto text = files::read_whole(disk, path);
  if (!text) return text.error();
  const std::size_t checksum = text->rfind(checksum_word);
  if (checksum == std::string::npos) return unreadable(path);
  const std::string_view lines = std::string_view(*text).substr(0, checksum);
  if (text->substr(checksum) != fmt::format("{}{:08x}\n", checksum_word, processors::crc32c(lines))) {
    return unreadable(path);
  }
  Base base;
  std::string_view rest = lines;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (first ? line != heading : !read_line(line, base)) return unreadable(path);
  }
  return base;
}

core::Result<std::vector<FirstSequence>> list_kept_segments(Disk& disk, const std::filesystem::path& directory) {
  auto segments = list_segments(disk, directory);
  if (!segments) return segments;
  // After the listing: what it began with meanwhile is listed all the same.
  const auto base = read_base(disk, directory);
  if (!base) return base.error();
  std::erase_if(*segments, [&](FirstSequence segment) { return segment < base->segment; });
  return segments;
}

core::Result<void> write_base(Disk& disk, const std::filesystem::path& directory, const Base& base) {
  std::string text = fmt::format("{}\nsegment {}\n", heading, base.segment);
  for (const auto& [partition, before] : base.partitions) {
    text +=
        fmt::format("partition {} first {} epoch {}\n", partition.value(), before.first.value(), before.newest.value());
  }
  text += fmt::format("{}{:08x}\n", checksum_word, processors::crc32c(text));
  return files::write_durably(disk, path_of(directory), text);
}

}  // namespace adapters::embedded_log
