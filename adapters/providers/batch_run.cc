#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <set>
#include <utility>

#include "adapters/providers/batch_channel.h"
#include "adapters/providers/batch_creation.h"
#include "adapters/providers/batch_lines.h"
#include "adapters/providers/batch_results.h"
#include "adapters/providers/item_answer.h"
#include "adapters/providers/marks.h"
#include "adapters/providers/run.h"
#include "processors/fault_point.h"

namespace adapters::providers {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using processors::AttemptEnd;
using processors::Trouble;
using processors::Verdict;
using std::chrono::milliseconds;
using Clock = BatchChannel::Clock;

constexpr std::uint32_t refusals_max = 4;  // in a row, of polls: then a 404 is believed
constexpr std::uint32_t fetches_max = 6;   // of a batch's results
constexpr std::uint32_t cancels_max = 4;
constexpr milliseconds retry_after_max = std::chrono::minutes(10);  // that polls honour
constexpr auto quota_wait = std::chrono::seconds(900);              // for the provider's queue of a model to shrink

// One provider batch: found or made, waited for, and read once it has ended. A coroutine on the channel's strand does
// it; cancel() and leave() wake it.
class BatchRun final : public Run, public std::enable_shared_from_this<BatchRun> {
 public:
  BatchRun(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
           std::shared_ptr<processors::AttemptObserver> observer)
      : lane_(std::move(lane)),
        attempt_(std::move(attempt)),
        observer_(std::move(observer)),
        channel_(std::make_shared<BatchChannel>(lane_)),
        results_(lane_, channel_, attempt_) {}

  const core::BatchId& batch() const override { return attempt_.batch; }
  void start() override {
    channel_->post(
        [self = shared_from_this()] { asio::co_spawn(self->channel_->strand(), run(self), asio::detached); });
  }
  void cancel() override {
    channel_->post([self = shared_from_this()] { self->channel_->cancel(); });
  }
  void leave() override {
    channel_->post([self = shared_from_this()] {
      self->channel_->leave();
      self->end(self->channel_->stopped());
    });
  }

 private:
  static awaitable<void> run(std::shared_ptr<BatchRun> self) {
    AttemptEnd how = co_await self->carry_out();
    if (self->creation_) self->creation_->give_turn_back();
    self->end(std::move(how));
    self->channel_->close();
    self->lane_->runs.remove(*self);
  }

  awaitable<AttemptEnd> carry_out() {
    if (channel_->left()) co_return channel_->stopped();
    handle_ = attempt_.handle;
    if (handle_.empty() || handle_ == processors::handle_in_making) {
      MaybeEnd ended = co_await obtain();
      if (ended) co_return *ended;
    } else if (!is_plain_id(handle_)) {
      co_return failure("handle_unreadable", Trouble::none);
    }
    for (std::uint32_t fetches = 0;; ++fetches) {
      MaybeEnd ended = co_await wait_for_end();
      if (ended) co_return *ended;
      if (batch_.state == BatchState::failed) {
        delete_input();
        co_return report_refusal();
      }
      MaybeEnd failed = co_await results_.fetch(batch_);
      if (channel_->left()) co_return channel_->stopped();
      if (!failed) break;
      // A batch that had ended may be under way again, or its results not be there yet.
      if (fetches + 1 == fetches_max) co_return *failed;
      poll_wait_ = std::max(poll_wait_, backoff(lane_->settings.backoff_first, fetches));
    }
    delete_input();
    FAULT_POINT(F12);
    MaybeEnd ended = co_await results_.report(batch_, *observer_, answered_);
    if (ended) co_return *ended;
    if (channel_->cancelled()) co_return channel_->stopped();
    if (answered_.size() == attempt_.items.size()) co_return AttemptEnd{};
    if (ending_until_) co_return given_up();
    if (batch_.cut_short) co_return failure("batch_cut_short", Trouble::slow);
    co_return failure("results_missing", Trouble::none);
  }

  // The provider batch, and its handle durable.
  awaitable<MaybeEnd> obtain() {
    lines_ = write_batch_lines(attempt_, *lane_->wire, lane_->settings.canary_items_min);
    for (processors::LaneAnswer& answer : lines_.refused) {
      answered_.insert(answer.number);
      observer_->on_answer(std::move(answer));
    }
    lines_.refused.clear();
    if (lines_.lines.empty()) co_return AttemptEnd{};

    creation_ = std::make_shared<BatchCreation>(lane_, channel_, attempt_, lines_);
    if (lane_->wire->creates_in_turn()) {
      co_await creation_->take_turn();
      if (channel_->left()) co_return channel_->stopped();
      if (handle_.empty()) co_await make_durable(std::string(processors::handle_in_making));
      if (channel_->left()) co_return channel_->stopped();
    }
    MaybeEnd ended = co_await creation_->obtain();
    if (ended) co_return ended;
    handle_ = creation_->handle();
    poll_wait_ = lane_->settings.poll_first;
    forget_inputs();
    FAULT_POINT(F11);
    co_await make_durable(handle_);
    if (channel_->left()) co_return channel_->stopped();
    creation_->give_turn_back();
    co_return std::nullopt;
  }

  awaitable<void> make_durable(std::string handle) {
    durable_ = false;
    observer_->on_handle(std::move(handle), [weak = weak_from_this(), channel = channel_] {
      channel->post([weak] {
        const std::shared_ptr<BatchRun> self = weak.lock();
        if (!self) return;
        self->durable_ = true;
        self->channel_->wake();
      });
    });
    while (!durable_ && !channel_->left()) co_await channel_->wait_until(Clock::time_point::max());
  }

  // The batch may take hours, in which nobody needs them; the ids of its lines stay.
  void forget_inputs() {
    for (BatchLine& line : lines_.lines) line.body = {};
    for (processors::LaneItem& item : attempt_.items) item.input = {};
  }

  awaitable<MaybeEnd> wait_for_end() {
    std::uint32_t failures = 0;
    std::uint32_t refusals = 0;
    for (;;) {
      co_await sleep_until_due(poll_wait_);
      if (channel_->left()) co_return channel_->stopped();
      const bool wanted = channel_->cancelled() || lane_->now() >= give_up_at();
      if (wanted && !ending_until_) co_await end_batch();
      Reply reply = co_await channel_->call(lane_->wire->poll(handle_));
      if (channel_->left()) co_return channel_->stopped();
      core::Result<BatchStatus> status = core::Error{core::ErrorCode::network_failed, ""};
      if (reply.good) status = lane_->wire->read_batch(reply.body);
      if (status) {
        failures = refusals = 0;
        batch_ = std::move(*status);
        if (batch_.state != BatchState::running) co_return std::nullopt;
        grow_poll_wait();
      } else {
        ++failures;
        const bool refused = reply.trouble.verdict == Verdict::lane_fault;
        if (refused && ++refusals >= refusals_max && reply.status == 404)
          co_return failure("batch_gone", Trouble::down);
        poll_wait_ = std::max(backoff(lane_->settings.backoff_first, failures),
                              std::min(reply.trouble.retry_after.value_or(milliseconds(0)), retry_after_max));
        // The batch goes on, whatever has become of our account: what it costs is to be read once that is mended.
        if (refused && refusals >= refusals_max) poll_wait_ = std::max(poll_wait_, lane_->settings.poll_max);
      }
      if (ending_until_ && Clock::now() >= *ending_until_) co_return given_up();
    }
  }

  AttemptEnd given_up() const {
    return channel_->cancelled() ? channel_->stopped() : failure("gave_up", Trouble::slow);
  }

  core::Timestamp give_up_at() const {
    return attempt_.give_up_at ? std::min(*attempt_.give_up_at, attempt_.deadline) : attempt_.deadline;
  }

  void grow_poll_wait() {
    const milliseconds grown = poll_wait_ + poll_wait_ / 2;
    poll_wait_ = ending_until_ ? lane_->settings.poll_first
                               : std::clamp(grown, lane_->settings.poll_first, lane_->settings.poll_max);
  }

  // Until the next poll is due, or the batch is to be ended.
  awaitable<void> sleep_until_due(milliseconds time) {
    auto until = Clock::now() + time;
    if (ending_until_) {
      until = std::min(until, *ending_until_);
    } else {
      const core::Duration left = std::max(core::Duration(0), give_up_at() - lane_->now());
      if (left < time) until = Clock::now() + left;
    }
    while (!channel_->left() && !(channel_->cancelled() && !ending_until_) && Clock::now() < until)
      co_await channel_->wait_until(until);
  }

  // Asks the provider to end it. What it has finished by then will be read.
  awaitable<void> end_batch() {
    ending_until_ = Clock::now() + lane_->settings.cancel_wait;
    poll_wait_ = lane_->settings.poll_first;
    for (std::uint32_t tries = 0; tries < cancels_max; ++tries) {
      const Reply reply = co_await channel_->call(lane_->wire->cancel(handle_));
      // A refusal mostly means that it has just ended.
      const bool again = !reply.good && reply.trouble.verdict != Verdict::item_fault &&
                         reply.trouble.verdict != Verdict::lane_fault && reply.status != 409;
      if (channel_->left() || !again) co_return;
      co_await channel_->sleep_through_cancel(backoff(lane_->settings.backoff_first, tries));
    }
  }

  // The provider took none of the batch.
  AttemptEnd report_refusal() {
    if (lines_.lines.empty()) lines_ = write_batch_lines(attempt_, *lane_->wire, lane_->settings.canary_items_min);
    const CustomIds ids(intent_of(attempt_));
    MaybeEnd of_all;
    bool of_items = false;
    for (const BatchFault& fault : batch_.faults) {
      if (fault.code == "token_limit_exceeded") return failure(fault.code, Trouble::busy, quota_wait);
      const Sorted sorted = sort_fault(400, {"invalid_request_error", fault.code, fault.message});
      const bool has_line = fault.line && *fault.line <= lines_.lines.size();
      const auto number = has_line ? ids.number(lines_.lines[*fault.line - 1].custom_id) : std::nullopt;
      if (sorted.verdict == Verdict::lane_fault) {
        of_all = failure(sorted.error_code, sorted.trouble);
      } else if (sorted.verdict == Verdict::item_fault && number) {
        of_items = true;
        if (answered_.insert(*number).second) observer_->on_answer(fault_answer(*number, sorted, {}));
      }
    }
    if (of_all) return *of_all;
    if (of_items) return failure("batch_invalid", Trouble::none);
    return failure("batch_refused", Trouble::blocked_model);
  }

  // Best effort: it expires of itself. The results are left to theirs, as nobody says here that they are durable.
  void delete_input() {
    std::optional<http_client::HttpRequest> request = lane_->wire->delete_input(batch_);
    if (request) lane_->http.send(std::move(*request), [](auto) {});
  }

  void end(AttemptEnd how) {
    if (!std::exchange(ended_, true)) observer_->on_end(std::move(how));
  }

  const std::shared_ptr<LaneContext> lane_;
  processors::Attempt attempt_;
  const std::shared_ptr<processors::AttemptObserver> observer_;
  const std::shared_ptr<BatchChannel> channel_;

  BatchLines lines_;                         // until the batch has been made
  std::shared_ptr<BatchCreation> creation_;  // shared with whoever gives it its turn
  std::string handle_;
  bool durable_ = false;

  BatchStatus batch_;
  milliseconds poll_wait_{0};
  std::optional<Clock::time_point> ending_until_;  // once it was asked to end
  BatchResults results_;
  std::set<std::uint32_t> answered_;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Run> make_batch_run(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
                                    std::shared_ptr<processors::AttemptObserver> observer) {
  return std::make_shared<BatchRun>(std::move(lane), std::move(attempt), std::move(observer));
}

}  // namespace adapters::providers
