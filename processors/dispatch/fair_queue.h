// The most urgent first and, among those, first come, first served within an owner; owners take turns.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace processors {

template <class Owner, class Work>
class FairQueue {
 public:
  // A higher priority is more urgent.
  void push(const Owner& owner, int priority, Work work) {
    auto& own = works_[owner];
    if (own.empty()) turns_.push_back(owner);
    own[priority].push_back(std::move(work));
    ++size_;
  }

  void push(const Owner& owner, Work work) { push(owner, 0, std::move(work)); }

  // The next work of the first owner whose turn it is and who may have one now.
  template <class May>
  std::optional<Work> pop(May may) {
    for (std::size_t i = 0; i < turns_.size(); ++i) {
      if (!may(turns_[i])) continue;
      const auto own = works_.find(turns_[i]);
      turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(i));
      const auto urgent = own->second.begin();
      Work work = std::move(urgent->second.front());
      urgent->second.pop_front();
      --size_;
      if (urgent->second.empty()) own->second.erase(urgent);
      if (own->second.empty())
        works_.erase(own);
      else
        turns_.push_back(own->first);
      return work;
    }
    return std::nullopt;
  }

  std::optional<Work> pop() {
    return pop([](const Owner&) { return true; });
  }

  std::size_t size() const { return size_; }
  const std::deque<Owner>& owners() const { return turns_; }

 private:
  std::map<Owner, std::map<int, std::deque<Work>, std::greater<>>> works_;  // none empty
  std::deque<Owner> turns_;                                                 // each owner of works_ once
  std::size_t size_ = 0;
};

}  // namespace processors
