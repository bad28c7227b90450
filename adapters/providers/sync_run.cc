#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "adapters/providers/calls.h"
#include "adapters/providers/item_answer.h"
#include "adapters/providers/run.h"
#include "adapters/providers/sorting.h"
#include "adapters/providers/wait_hints.h"
#include "schemas/dialect/request.h"

namespace adapters::providers {
namespace {

using http_client::HttpResponse;
using processors::AttemptEnd;
using processors::LaneEnd;
using processors::LaneItem;
using processors::Trouble;
using processors::Verdict;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t retries_max = 2;                 // of an item that failed, within the attempt
constexpr std::uint32_t limited_max = 20;                // rate limits of one item, while others get through
constexpr std::size_t failing_items_min = 2;             // with fewer, the item may be the reason
constexpr std::uint32_t failures_max = 10;               // in a row, then the provider counts as down
constexpr auto look_interval = std::chrono::seconds(1);  // at what others may have found out, and at the clock

CallOutcome outcome_of(const core::Result<HttpResponse>& response) {
  if (response.has_error()) return CallOutcome::failed;
  if (response->status == 429) return CallOutcome::rate_limited;
  return response->status >= 500 ? CallOutcome::failed : CallOutcome::answered;
}

std::optional<Milliseconds> pause_of(const core::Result<HttpResponse>& response, core::Timestamp now) {
  if (response.has_error()) return std::nullopt;
  const auto exhausted = exhausted_for(response->headers, now);
  const bool refused = response->status == 429 || response->status >= 500;
  const auto asked = refused ? retry_after(response->headers, now) : std::nullopt;
  if (!asked) return exhausted;
  return std::max(*asked, exhausted.value_or(Milliseconds(0)));
}

// Each item is one call. Rate limits are waited for, failures asked again a little later; an unknown outcome is not,
// since asking again may be paid twice, which is not for the lane to decide.
//
// Everything but the constructor, start(), cancel(), leave() and batch() runs on the strand.
class SyncRun final : public Run, public std::enable_shared_from_this<SyncRun> {
 public:
  SyncRun(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
          std::shared_ptr<processors::AttemptObserver> observer)
      : lane_(std::move(lane)),
        attempt_(std::move(attempt)),
        observer_(std::move(observer)),
        gate_(lane_->gates.of(attempt_.provider_model)),
        strand_(boost::asio::make_strand(lane_->executor)),
        timer_(strand_),
        calls_(std::make_shared<Calls>(lane_->http, strand_)) {}

  const core::BatchId& batch() const override { return attempt_.batch; }
  void start() override {
    calls_->post([self = shared_from_this()] {
      self->look();
      self->go_on();
    });
  }
  void cancel() override {
    calls_->post([self = shared_from_this()] {
      self->give_up_at_ = Clock::now() + self->lane_->settings.cancel_wait;
      self->close({LaneEnd::stopped, "cancelled"});
      self->go_on();
    });
  }
  void leave() override {
    calls_->post([self = shared_from_this()] { self->end({LaneEnd::stopped, "left"}); });
  }

 private:
  struct Ask {
    std::size_t item = 0;  // index into attempt_.items
    std::uint32_t retries = 0;
    std::uint32_t limited = 0;
  };

  void go_on() {
    if (ended_) return;
    const auto kept_back = gate_->kept_back();
    if (kept_back > lane_->settings.busy_wait_max)
      close({LaneEnd::failed, "rate_limited", Trouble::busy, in_seconds(kept_back)});
    if (closing_) {
      if (under_way_ == 0) end(std::move(*closing_));
      return;
    }
    const std::size_t left = attempt_.items.size() - next_ + again_.size();
    if (left == 0 && under_way_ == 0 && later_.empty()) return end({});
    while (at_gate_ < std::min(left, lane_->settings.concurrency_max)) enter();
  }

  void enter() {
    ++at_gate_;
    gate_->enter(attempt_.org,
                 [weak = weak_from_this(), gate = gate_, calls = calls_, since = Clock::now()](auto call) {
                   const bool posted = calls->post([weak, gate, call, since] {
                     if (const std::shared_ptr<SyncRun> self = weak.lock())
                       return self->admitted(call, Clock::now() - since);
                     gate->leave(call, CallOutcome::abandoned, std::nullopt);
                   });
                   if (!posted) gate->leave(call, CallOutcome::abandoned, std::nullopt);
                 });
  }

  void admitted(std::uint64_t call, std::chrono::duration<double> waited) {
    --at_gate_;
    const std::optional<Ask> ask = ended_ || closing_ ? std::nullopt : take();
    if (!ask) {
      gate_->leave(call, CallOutcome::abandoned, std::nullopt);
      return go_on();
    }
    lane_->metrics.observe_seconds("batchrouter_lane_wait_seconds", {{"provider", attempt_.provider.value()}},
                                   waited.count());
    const LaneItem& item = attempt_.items[ask->item];
    const core::Operation dialect = lane_->wire->dialect_for(item.operation);
    const core::Result<std::string> body = schemas::dialect::write_request(
        item.operation, item.input,
        {dialect, attempt_.provider_model, item.output_tokens_max, lane_->wire->chat_limit()});
    if (body.has_error()) {
      gate_->leave(call, CallOutcome::abandoned, std::nullopt);
      observer_->on_answer(untranslatable_answer(item.number, body.error()));
      return go_on();
    }
    ++under_way_;
    // Given back on the client's thread, since the run may have ended by then.
    lane_->http.send(lane_->wire->call(dialect, *body), [weak = weak_from_this(), lane = lane_, gate = gate_,
                                                         calls = calls_, call, ask = *ask](auto response) mutable {
      lane->count_request(response);
      gate->leave(call, outcome_of(response), pause_of(response, lane->now()));
      calls->post([weak, ask, response = std::move(response)]() mutable {
        if (const std::shared_ptr<SyncRun> self = weak.lock()) self->answered(ask, std::move(response));
      });
    });
  }

  std::optional<Ask> take() {
    if (!again_.empty()) {
      const Ask ask = again_.front();
      again_.pop_front();
      return ask;
    }
    if (next_ == attempt_.items.size()) return std::nullopt;
    return Ask{next_++};
  }

  void answered(const Ask& ask, core::Result<HttpResponse> response) {
    if (ended_) return;
    --under_way_;
    const LaneItem& item = attempt_.items[ask.item];
    if (response.has_error()) {
      failed(ask, sort_failure(response.error()), {}, Blame::provider);
    } else if (response->status < 200 || response->status > 299) {
      const Sorted sorted = sort_response(response->status, response->headers, response->body, lane_->now());
      const Blame blame = response->status == 500 ? Blame::either : Blame::provider;
      failed(ask, sorted, std::move(response->body), blame);
    } else {
      ItemAnswer read = read_item_answer(item, lane_->wire->dialect_for(item.operation), std::move(response->body));
      if (read.answer.verdict == Verdict::succeeded) {
        heard_from();
        observer_->on_answer(std::move(read.answer));
      } else {
        failed(ask, read.sorted, std::move(read.answer.provider_body), Blame::either);
      }
    }
    go_on();
  }

  void heard_from() {
    failures_in_a_row_ = 0;
    failing_.clear();
    works_ = true;
  }

  // Whether a failure may come of the item itself: one item that always fails must not close a lane for all.
  enum class Blame { provider, either };

  bool down(std::size_t item, Blame blame) {
    if (blame == Blame::provider) return true;
    failing_.insert(item);
    return failing_.size() >= failing_items_min;
  }

  void failed(Ask ask, const Sorted& sorted, std::string body, Blame blame) {
    const std::uint32_t number = attempt_.items[ask.item].number;
    const auto answer = [&] { observer_->on_answer(fault_answer(number, sorted, std::move(body))); };
    switch (sorted.verdict) {
      case Verdict::lane_fault:
        // Where others are answered, the model is there, and this item met something of its own.
        if (sorted.trouble == Trouble::blocked_model && works_)
          return observer_->on_answer(fault_answer(number, refused_for_now(sorted), {}));
        return close({LaneEnd::failed, sorted.error_code, sorted.trouble, in_seconds(sorted.retry_after)});
      case Verdict::succeeded:
      case Verdict::item_fault: heard_from(); return answer();
      case Verdict::unknown:
      case Verdict::transient: break;
    }
    if (sorted.trouble == Trouble::busy) {
      // Its turn comes when the others have had theirs.
      if (!sorted.try_again || ++ask.limited > limited_max)
        return close({LaneEnd::failed, "rate_limited", Trouble::busy, in_seconds(sorted.retry_after)});
      return again_.push_back(ask);
    }
    const AttemptEnd down{LaneEnd::failed, sorted.error_code, Trouble::down, in_seconds(sorted.retry_after)};
    const bool may_be_down = sorted.trouble == Trouble::down && this->down(ask.item, blame);
    if (may_be_down && ++failures_in_a_row_ >= failures_max) close(down);
    if (sorted.verdict == Verdict::unknown) return answer();
    if (sorted.try_again && ask.retries < retries_max && !closing_) {
      later_.emplace(Clock::now() + backoff(lane_->settings.backoff_first, ask.retries),
                     Ask{ask.item, ask.retries + 1});
      return look();
    }
    // Without a single answer the provider is to blame, and no item.
    if (may_be_down && !works_) return close(down);
    if (!closing_) answer();
  }

  static Sorted refused_for_now(Sorted sorted) {
    sorted.verdict = Verdict::transient;
    sorted.trouble = Trouble::none;
    return sorted;
  }

  static processors::LaneAnswer untranslatable_answer(std::uint32_t number, const core::Error& error) {
    return fault_answer(number,
                        {Verdict::item_fault, Trouble::none, "unsupported_request",
                         "This model's provider cannot be asked this: " + error.detail},
                        {});
  }

  // What is due is asked again; then the timer is set anew.
  void look() {
    if (ended_) return;
    const auto now = Clock::now();
    while (!later_.empty() && later_.begin()->first <= now) {
      again_.push_back(later_.begin()->second);
      later_.erase(later_.begin());
    }
    if (closing_ && give_up_at_ <= now) return end(std::move(*closing_));
    auto next = now + look_interval;
    if (!later_.empty()) next = std::min(next, later_.begin()->first);
    timer_.expires_at(std::min(next, give_up_at_));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
      const std::shared_ptr<SyncRun> self = failure ? nullptr : weak.lock();
      if (!self) return;
      self->look();
      self->go_on();
    });
  }

  // No more is asked; what is under way is waited for.
  void close(AttemptEnd how) {
    if (closing_ || ended_) return;
    closing_ = std::move(how);
    later_.clear();
    again_.clear();
    look();
  }

  void end(AttemptEnd how) {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    calls_->abandon();
    const std::shared_ptr<processors::AttemptObserver> observer = std::move(observer_);
    observer->on_end(std::move(how));
    lane_->runs.remove(*this);
  }

  const std::shared_ptr<LaneContext> lane_;
  const processors::Attempt attempt_;
  std::shared_ptr<processors::AttemptObserver> observer_;
  const std::shared_ptr<Gate> gate_;
  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;
  const std::shared_ptr<Calls> calls_;

  std::size_t next_ = 0;                         // index of the first item that was not asked
  std::deque<Ask> again_;                        // to be asked again now
  std::multimap<Clock::time_point, Ask> later_;  // and later
  std::size_t at_gate_ = 0;
  std::size_t under_way_ = 0;
  std::uint32_t failures_in_a_row_ = 0;
  std::set<std::size_t> failing_;  // items that have failed since one was answered
  bool works_ = false;
  std::optional<AttemptEnd> closing_;
  Clock::time_point give_up_at_ = Clock::time_point::max();  // on what is under way
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Run> make_sync_run(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
                                   std::shared_ptr<processors::AttemptObserver> observer) {
  return std::make_shared<SyncRun>(std::move(lane), std::move(attempt), std::move(observer));
}

}  // namespace adapters::providers
