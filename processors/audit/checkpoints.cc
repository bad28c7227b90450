#include "processors/audit/checkpoints.h"

#include <algorithm>
#include <utility>

#include "schemas/digest.h"

namespace processors::audit {

const std::string no_line_before(64, '0');

std::string digest_of_line(std::string_view line) {
  return schemas::sha256(line).value();
}

void CheckpointFiles::report(Rule rule, const std::string& place, std::string_view what) {
  read_.findings.push_back(
      {rule, std::nullopt, std::nullopt, std::nullopt, std::nullopt, place + " " + std::string(what)});
}

void CheckpointFiles::next_directory() {
  number_ = 0;
  before_ = no_line_before;
}

void CheckpointFiles::take_file(std::string_view name, std::string_view text, bool newest) {
  if (number_ == 0 && before_.empty()) before_ = no_line_before;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = text.find('\n');
    const std::string place = std::string(name) + ", line " + std::to_string(line_number) + ":";
    if (end == std::string_view::npos) {
      if (!newest) report(Rule::checkpoint_unreadable, place, "the line has no end");
      return;
    }
    take_line(place, text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

void CheckpointFiles::take_line(const std::string& place, std::string_view line) {
  ++read_.lines;
  const std::string before = std::exchange(before_, digest_of_line(line));
  core::Result<schemas::Checkpoint> checkpoint = schemas::decode_checkpoint(line);
  if (checkpoint.has_error()) {
    ++number_;
    return report(Rule::checkpoint_unreadable, place, checkpoint.error().detail);
  }
  const std::uint64_t expected = std::exchange(number_, checkpoint->number) + 1;
  if (checkpoint->key != key_.key_id() || !key_.verify(schemas::checkpoint_text(*checkpoint), checkpoint->signature))
    return report(Rule::checkpoint_forged, place,
                  checkpoint->key == key_.key_id() ? "the signature does not hold: it was not written by the service"
                                                   : "it was signed with another key than the one given");
  if (checkpoint->number != expected || checkpoint->before != before)
    report(Rule::checkpoint_removed, place,
           "it follows checkpoint " + std::to_string(checkpoint->number - 1) +
               ", which is not the line before: lines were removed, changed or put in");
  read_.good[checkpoint->partition].push_back(std::move(*checkpoint));
}

CheckpointFiles::ByPartition CheckpointFiles::finish() && {
  for (auto& [partition, checkpoints] : read_.good)
    std::stable_sort(checkpoints.begin(), checkpoints.end(), [](const auto& left, const auto& right) {
      return std::pair(left.next, left.at) < std::pair(right.next, right.at);
    });
  return std::move(read_);
}

}  // namespace processors::audit
