// What must hold of a batch's results as a whole before any of them counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "adapters/providers/marks.h"
#include "adapters/providers/wire.h"

namespace adapters::providers {

// Sees every line once, in any order; then says which items have an answer to be trusted.
class ResultsCheck {
 public:
  explicit ResultsCheck(const std::string& intent) : ids_(intent), nonce_(Canary(intent).nonce) {}

  void add(const ResultLine& line);

  // The answers are other items', or another batch's: none of them counts.
  bool mismatched() const { return nonce_elsewhere_ || (own_ == 0 && foreign_ > 0); }
  // Whether this line's answer stands: no other line has another one for the same item.
  bool stands(std::uint32_t number) const;
  std::uint64_t foreign() const { return foreign_; }          // lines under ids that are not ours
  std::uint64_t contradictory() const { return differing_; }  // lines that contradict another of the same item

 private:
  struct Seen {
    std::string digest;
    bool differs = false;
  };

  const CustomIds ids_;
  const std::string nonce_;
  std::map<std::uint32_t, Seen> seen_;
  std::uint64_t own_ = 0;
  std::uint64_t foreign_ = 0;
  std::uint64_t differing_ = 0;
  bool nonce_elsewhere_ = false;
};

}  // namespace adapters::providers
