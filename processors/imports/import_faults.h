// What could not be taken of the files that a customer brought, in the order in which it was found.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace processors {

struct ImportFault {
  std::string file;         // input, output, error
  std::uint64_t place = 0;  // the line, from 1; of a document its request, from 1
  std::string pointer;      // JSON pointer into the line
  std::string custom_id;    // empty when unknown
  std::string code;         // stable word
  std::string message;      // what is wrong and what to do
};

// Keeps the first `listed_max` and counts all.
class ImportFaults {
 public:
  static constexpr std::size_t listed_max = 100;

  void add(ImportFault fault) {
    ++count_;
    if (listed_.size() < listed_max) listed_.push_back(std::move(fault));
  }
  std::uint64_t count() const { return count_; }
  const std::vector<ImportFault>& listed() const { return listed_; }

 private:
  std::vector<ImportFault> listed_;
  std::uint64_t count_ = 0;
};

}  // namespace processors
