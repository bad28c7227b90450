// First come, first served within an org; orgs take turns.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace processors {

template <class Owner, class Work>
class FairQueue {
 public:
  void push(const Owner& owner, Work work) {
    std::deque<Work>& own = works_[owner];
    if (own.empty()) turns_.push_back(owner);
    own.push_back(std::move(work));
    ++size_;
  }

  std::optional<Work> pop() {
    if (turns_.empty()) return std::nullopt;
    const auto own = works_.find(turns_.front());
    turns_.pop_front();
    Work work = std::move(own->second.front());
    own->second.pop_front();
    --size_;
    if (own->second.empty())
      works_.erase(own);
    else
      turns_.push_back(own->first);
    return work;
  }

  std::size_t size() const { return size_; }

 private:
  std::map<Owner, std::deque<Work>> works_;  // none empty
  std::deque<Owner> turns_;                  // each owner of works_ once
  std::size_t size_ = 0;
};

}  // namespace processors
