// What is known of the journal from outside of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "processors/audit/finding.h"
#include "processors/ports/signer.h"
#include "schemas/checkpoint_codec.h"

namespace processors::audit {

// Reads the files that a node's service wrote, in the order of their names. Every line must be signed, numbered one
// after the other, and know the line before; so a line that was changed, removed or put in shows, and so does a file
// that was removed from among others. What cannot show in them is that the newest lines were removed: keep copies
// elsewhere.
class CheckpointFiles {
 public:
  explicit CheckpointFiles(const Verifier& key) : key_(key) {}

  // The next file. `newest`: of its directory; only there a line may have no end, which is no finding, as a crash may
  // leave it.
  void take_file(std::string_view name, std::string_view text, bool newest);
  // Files of another directory follow.
  void next_directory();

  struct ByPartition {
    std::map<core::Partition, std::vector<schemas::Checkpoint>> good;  // by what they cover
    std::vector<Finding> findings;
    std::uint64_t lines = 0;
  };
  ByPartition finish() &&;

 private:
  void take_line(const std::string& place, std::string_view line);
  void report(Rule rule, const std::string& place, std::string_view what);

  const Verifier& key_;
  std::uint64_t number_ = 0;  // of the line before
  std::string before_;        // its digest; empty: not known
  ByPartition read_;
};

// The digest that the next line has as `before`.
std::string digest_of_line(std::string_view line);
extern const std::string no_line_before;

}  // namespace processors::audit
