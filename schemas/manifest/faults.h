// Everything wrong with a manifest, in the order in which it stands there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/manifest.h"

namespace schemas::manifest {

// Keeps the first core::manifest_faults_max of them and counts all.
class FaultList {
 public:
  void add(core::ManifestFault fault) {
    ++count_;
    if (!full()) listed_.push_back(std::move(fault));
  }
  // Whether further ones are only counted, so that no effort need go into their words.
  bool full() const { return listed_.size() == core::manifest_faults_max; }
  std::uint64_t count() const { return count_; }
  const std::vector<core::ManifestFault>& listed() const { return listed_; }

 private:
  std::vector<core::ManifestFault> listed_;
  std::uint64_t count_ = 0;
};

// Adds faults of one place, named by their pointers relative to it. Lifetime: `list` outlives this.
class FaultScope {
 public:
  FaultScope(FaultList& list, std::string pointer, std::string customer_item_id)
      : list_(list), pointer_(std::move(pointer)), customer_item_id_(std::move(customer_item_id)) {}

  bool full() const { return list_.full(); }
  void add(std::string_view code, std::string_view pointer, std::string message) const {
    list_.add({std::string(code), pointer_ + std::string(pointer), customer_item_id_, std::move(message)});
  }
  FaultScope inside(std::string_view pointer) const {
    return {list_, pointer_ + std::string(pointer), customer_item_id_};
  }

 private:
  FaultList& list_;
  std::string pointer_;
  std::string customer_item_id_;
};

}  // namespace schemas::manifest
