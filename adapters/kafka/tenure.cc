#include "adapters/kafka/tenure.h"

#include <algorithm>
#include <utility>

namespace adapters::kafka {

namespace {

using core::ErrorCode;

core::Error fenced_by(const Origin& origin, core::Offset offset) {
  return {ErrorCode::fenced, "instance " + origin.instance + " owns the partition since epoch " +
                                 std::to_string(origin.epoch.value()) + ", offset " + std::to_string(offset.value())};
}

}  // namespace

void Tenure::appended(Append append) {
  own_epoch_ = append.epoch;
  pending_bytes_ += append.bytes;
  pending_.push_back(std::move(append));
}

void Tenure::begin(core::Offset end) {
  begun_ = end;
  next_ = end;
}

Tenure::ReadBack Tenure::read(core::Offset offset, const Origin& origin) {
  ReadBack result;
  if (next_ && offset != *next_) {
    result.lost = core::Error{ErrorCode::unavailable,
                              "the journal went on at offset " + std::to_string(offset.value()) + " instead of " +
                                  std::to_string(next_->value()) + "; open the partition again"};
    return result;
  }
  next_ = core::Offset(offset.value() + 1);

  const core::Epoch newest = newest_;
  newest_ = std::max(newest_, origin.epoch);
  const bool ours = !pending_.empty() && pending_.front().sequence == origin.sequence &&
                    pending_.front().instance == origin.instance && pending_.front().epoch == origin.epoch;
  if (ours) {
    Append append = std::move(pending_.front());
    pending_.pop_front();
    pending_bytes_ -= append.bytes;
    if (origin.epoch < newest) {
      result.calls.push_back([confirmed = std::move(append.confirmed), newest] {
        confirmed(
            core::Error{ErrorCode::fenced, "a record of epoch " + std::to_string(newest.value()) + " came first"});
      });
    } else {
      result.calls.push_back([confirmed = append.confirmed, offset] { confirmed(offset); });
      result.confirmed = std::move(append);
    }
  } else if (own_epoch_ && origin.epoch > *own_epoch_) {
    result.lost = fenced_by(origin, offset);
  }
  return result;
}

void Tenure::lose(const core::Error& error, Calls& calls) {
  if (loss_) return;
  loss_ = error;
  end(error, calls);
  if (begun_) calls.push_back([lost = lost_, error] { lost(error); });
}

void Tenure::end(const core::Error& error, Calls& calls) {
  for (Append& append : std::exchange(pending_, {})) {
    calls.push_back([confirmed = std::move(append.confirmed), error] { confirmed(error); });
  }
  pending_bytes_ = 0;
}

std::optional<Tenure::Clock::time_point> Tenure::waiting_since() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().at;
}

}  // namespace adapters::kafka
