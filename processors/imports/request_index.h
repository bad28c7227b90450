// The rows of an import by their custom_id, each in about 70 bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/catalog.h"
#include "schemas/digest.h"

namespace processors {

// Threading: one thread.
class RequestIndex {
 public:
  // What requests have in common.
  struct Kind {
    std::string model;  // the vendor's name
    core::Operation operation = core::Operation::responses;
    friend auto operator<=>(const Kind&, const Kind&) = default;
  };
  struct Entry {
    std::uint64_t offset = 0;  // of the request's line in the manifest
    std::uint32_t bytes = 0;   // 0: not there
    std::uint16_t kind = 0;
    bool requested = false;
    bool answered = false;
    bool output_bound = false;  // it asked for JSON
  };

  // The row of this id, made on the first asking. Stays valid.
  Entry& operator[](std::string_view custom_id) {
    const std::string digest = schemas::sha256_raw(custom_id);
    Id id{};
    std::memcpy(id.data(), digest.data(), id.size());
    return entries_[id];
  }
  std::size_t size() const { return entries_.size(); }

  // nullopt: more kinds than can be told apart.
  std::optional<std::uint16_t> kind(const Kind& kind) {
    const auto known = numbers_.find(kind);
    if (known != numbers_.end()) return known->second;
    if (kinds_.size() == kinds_max) return std::nullopt;
    const auto number = static_cast<std::uint16_t>(kinds_.size());
    numbers_.emplace(kind, number);
    kinds_.push_back(kind);
    return number;
  }
  const Kind& kind(const Entry& entry) const { return kinds_[entry.kind]; }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, entry] : entries_) visit(entry);
  }

 private:
  static constexpr std::size_t kinds_max = 1'000;

  using Id = std::array<std::uint8_t, 16>;
  struct Hash {  // ids are digests: any of their bytes do
    std::size_t operator()(const Id& id) const {
      std::size_t hash = 0;
      std::memcpy(&hash, id.data(), sizeof hash);
      return hash;
    }
  };

  std::unordered_map<Id, Entry, Hash> entries_;
  std::vector<Kind> kinds_;
  std::map<Kind, std::uint16_t> numbers_;  // of them
};

}  // namespace processors
