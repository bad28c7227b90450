#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "adapters/providers/batch_lines.h"
#include "adapters/providers/calls.h"
#include "adapters/providers/item_answer.h"
#include "adapters/providers/marks.h"
#include "adapters/providers/results_check.h"
#include "adapters/providers/run.h"
#include "adapters/providers/sorting.h"
#include "adapters/providers/spool.h"

namespace adapters::providers {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using http_client::HttpRequest;
using http_client::HttpResponse;
using processors::AttemptEnd;
using processors::LaneEnd;
using processors::LaneItem;
using processors::Trouble;
using processors::Verdict;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t creations_max = 3;
constexpr std::uint32_t looks_max = 3;    // for a batch whose creation was not answered: it may show late
constexpr std::uint32_t pages_max = 100;  // of the list of batches
constexpr auto clock_difference_max = std::chrono::minutes(5);
constexpr std::uint32_t refusals_max = 4;  // in a row, of polls: 401, 403, 404; then they are believed
constexpr std::uint32_t fetches_max = 6;   // of a batch's results
constexpr std::uint32_t cancels_max = 4;
constexpr std::size_t error_bytes_max = 64 << 10;
constexpr std::size_t results_bytes_max = std::size_t{4} << 30;
constexpr std::size_t lines_per_turn = 64;              // then others may use the thread, and a stop is noticed
constexpr auto quota_wait = std::chrono::seconds(900);  // for the provider's queue of a model to shrink

// A call's answer: the body of a 2xx, or what stood in the way.
struct Reply {
  bool good = false;
  int status = 0;  // 0: no answer
  std::string body;
  Sorted trouble;
};

AttemptEnd failure(std::string reason, Trouble trouble, std::optional<milliseconds> retry_after = {}) {
  return {LaneEnd::failed, std::move(reason), trouble, in_seconds(retry_after)};
}
AttemptEnd failure(const Reply& reply) {
  const Trouble trouble = reply.trouble.trouble == Trouble::none ? Trouble::down : reply.trouble.trouble;
  return failure(reply.trouble.error_code, trouble, reply.trouble.retry_after);
}

// One provider batch: found or made, waited for, and read once it has ended. A coroutine on the strand does it;
// cancel() and leave() wake it.
class BatchRun final : public Run, public std::enable_shared_from_this<BatchRun> {
 public:
  BatchRun(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
           std::shared_ptr<processors::AttemptObserver> observer)
      : lane_(std::move(lane)),
        attempt_(std::move(attempt)),
        observer_(std::move(observer)),
        intent_(intent_of(attempt_)),
        ids_(intent_),
        strand_(asio::make_strand(lane_->executor)),
        wake_(strand_),
        calls_(std::make_shared<Calls>(lane_->http, strand_)) {}

  const core::BatchId& batch() const override { return attempt_.batch; }
  void start() override {
    calls_->post([self = shared_from_this()] { asio::co_spawn(self->strand_, run(self), asio::detached); });
  }
  void cancel() override {
    calls_->post([self = shared_from_this()] {
      self->cancelled_ = true;
      self->wake_.cancel();
    });
  }
  void leave() override {
    calls_->post([self = shared_from_this()] {
      self->left_ = true;
      self->end({LaneEnd::stopped, "left"});
      self->wake_.cancel();
    });
  }

 private:
  using MaybeEnd = std::optional<AttemptEnd>;  // none: go on

  static awaitable<void> run(std::shared_ptr<BatchRun> self) {
    AttemptEnd how = co_await self->carry_out();
    self->give_turn_back();
    self->end(std::move(how));
    self->calls_->abandon();
    self->lane_->runs.remove(*self);
  }

  awaitable<AttemptEnd> carry_out() {
    if (left_) co_return stopped();
    handle_ = attempt_.handle;
    if (handle_.empty()) {
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
      const Fetched fetched = co_await fetch();
      if (left_) co_return stopped();
      if (fetched == Fetched::all) break;
      // A batch that had ended may be under way again, or its results not be there yet.
      if (fetches + 1 == fetches_max) co_return fetch_failure_;
      poll_wait_ = std::max(poll_wait_, backoff(lane_->settings.backoff_first, fetches));
    }
    delete_input();
    co_return co_await report();
  }

  AttemptEnd stopped() const { return {LaneEnd::stopped, left_ ? "left" : "cancelled"}; }

  // --- The batch: found or made -----------------------------------------------------------------------------------

  awaitable<MaybeEnd> obtain() {
    lines_ = write_batch_lines(attempt_, *lane_->wire, lane_->settings.canary_items_min);
    for (processors::LaneAnswer& answer : lines_.refused) {
      answered_.insert(answer.number);
      observer_->on_answer(std::move(answer));
    }
    lines_.refused.clear();
    if (lines_.lines.empty()) co_return AttemptEnd{};
    if (lane_->wire->creates_in_turn()) co_await take_turn();

    bool in_doubt = attempt_.resumed;
    std::string input;
    const auto since = Clock::now();
    for (std::uint32_t creations = 0; creations < creations_max;) {
      if (in_doubt) {
        MaybeEnd ended = co_await look_for_lost();
        if (ended) co_return ended;
        if (!handle_.empty()) break;
        in_doubt = false;
      }
      if (left_ || cancelled_) co_return stopped();

      Reply reply;
      if (input.empty()) {
        reply = co_await prepare_input(input);
      }
      if (!input.empty()) {
        if (left_ || cancelled_) co_return stopped();
        reply = co_await create(input);
        if (reply.good) break;
        // Anything but a refusal may have left a batch behind.
        in_doubt = reply.trouble.verdict == Verdict::unknown || reply.status >= 500 || reply.status / 100 == 2;
      }
      if (left_) co_return stopped();
      MaybeEnd ended = co_await after_refusal(reply, creations, since);
      if (ended && !in_doubt) co_return ended;
      ++creations;
    }
    if (handle_.empty() && in_doubt) {
      MaybeEnd ended = co_await look_for_lost();
      if (ended) co_return ended;
    }
    if (handle_.empty()) co_return failure("batch_not_created", Trouble::down);
    lines_.lines = {};
    co_return co_await make_durable();
  }

  // Uploaded, or as it will be sent; empty when that failed.
  awaitable<Reply> prepare_input(std::string& input) {
    std::string text = lane_->wire->batch_input(lines_.dialect, lines_.lines);
    std::optional<HttpRequest> upload = lane_->wire->upload(text);
    if (!upload) {
      input = std::move(text);
      co_return Reply{};
    }
    text = {};
    Reply reply = co_await call(std::move(*upload));
    if (reply.good) {
      const core::Result<std::string> id = lane_->wire->read_uploaded(reply.body);
      if (id) input = *id;
      if (id.has_error()) reply.good = false;
    }
    co_return reply;
  }

  awaitable<Reply> create(std::string input) {
    Reply reply = co_await call(lane_->wire->create(lines_.dialect, std::move(input), intent_));
    if (reply.good) {
      core::Result<BatchStatus> created = lane_->wire->read_batch(reply.body);
      reply.good = created.has_value();
      if (created) handle_ = created->id;
      poll_wait_ = lane_->settings.poll_first;
    }
    co_return reply;
  }

  // Waits, where trying again may help.
  awaitable<MaybeEnd> after_refusal(Reply reply, std::uint32_t creations, Clock::time_point since) {
    const Sorted& trouble = reply.trouble;
    switch (trouble.verdict) {
      case Verdict::lane_fault: co_return failure(reply);
      case Verdict::succeeded:
      case Verdict::item_fault:
        // The batch as a whole was refused: no one item is at fault, and this model takes no batch like it.
        co_return failure("batch_refused", Trouble::blocked_model);
      case Verdict::transient:
      case Verdict::unknown: break;
    }
    const milliseconds wait =
        std::max(trouble.retry_after.value_or(milliseconds(0)), backoff(lane_->settings.backoff_first, creations));
    const auto waited = std::chrono::ceil<milliseconds>(Clock::now() - since);
    if (waited + wait > lane_->settings.busy_wait_max) co_return failure(reply);
    if (creations + 1 == creations_max) co_return failure(reply);
    co_await sleep(wait);
    co_return std::nullopt;
  }

  // Sets the handle when there is a batch of this intent.
  awaitable<MaybeEnd> look_for_lost() {
    for (std::uint32_t looks = 0; looks < looks_max; ++looks) {
      if (looks > 0) co_await sleep_through_cancel(lane_->settings.lookup_wait);
      if (left_) co_return stopped();
      MaybeEnd ended = co_await look_through_list();
      if (ended || !handle_.empty()) co_return ended;
    }
    co_return std::nullopt;
  }

  awaitable<MaybeEnd> look_through_list() {
    const core::Timestamp oldest = attempt_.intended_at - clock_difference_max;
    core::Duration nearest{};
    std::string cursor;
    std::uint32_t tries = 0;
    for (std::uint32_t pages = 0; pages < pages_max;) {
      Reply reply = co_await call(lane_->wire->list(cursor));
      if (left_) co_return stopped();
      core::Result<BatchPage> page = core::Error{core::ErrorCode::network_failed, ""};
      if (reply.good) page = lane_->wire->read_page(reply.body);
      if (page.has_error()) {
        // Without having looked no other batch may be made.
        if (reply.trouble.verdict == Verdict::lane_fault || ++tries == creations_max) co_return failure(reply);
        co_await sleep_through_cancel(backoff(lane_->settings.backoff_first, tries));
        continue;
      }
      ++pages;
      bool older = page->batches.empty();
      for (const BatchStatus& found : page->batches) {
        older |= found.created_at < oldest;
        if (found.created_at < oldest || !is_lost_one(found)) continue;
        const core::Duration away = std::chrono::abs(found.created_at - attempt_.intended_at);
        if (!handle_.empty() && away >= nearest) continue;
        handle_ = found.id;
        nearest = away;
      }
      const bool sure = !handle_.empty() && !lane_->wire->creates_in_turn();
      if (sure || older || page->next.empty()) break;
      cursor = page->next;
    }
    if (!handle_.empty()) {
      info(lane_->log, "provider_batch_found_again",
           {{"provider", attempt_.provider.value()}, {"intent", intent_}, {"handle", handle_}});
    }
    co_return std::nullopt;
  }

  bool is_lost_one(const BatchStatus& found) const {
    if (!lane_->wire->creates_in_turn()) return found.intent == intent_;
    return found.items == static_cast<std::int64_t>(lines_.lines.size()) && !lane_->is_known_handle(found.id);
  }

  awaitable<MaybeEnd> make_durable() {
    if (left_) co_return stopped();  // it will be found again
    observer_->on_handle(handle_, [weak = weak_from_this(), calls = calls_] {
      calls->post([weak] {
        const std::shared_ptr<BatchRun> self = weak.lock();
        if (!self) return;
        self->durable_ = true;
        self->wake_.cancel();
      });
    });
    while (!durable_ && !left_) co_await wait_until(Clock::time_point::max());
    if (left_) co_return stopped();
    give_turn_back();
    co_return std::nullopt;
  }

  awaitable<void> take_turn() {
    lane_->creation.take([weak = weak_from_this(), calls = calls_] {
      return calls->post([weak] {
        const std::shared_ptr<BatchRun> self = weak.lock();
        if (!self) return;
        self->has_turn_ = true;
        self->wake_.cancel();
      });
    });
    // To the end even when left: the turn may be on its way, and must be given back.
    while (!has_turn_) co_await wait_until(Clock::time_point::max());
  }

  void give_turn_back() {
    if (std::exchange(has_turn_, false)) lane_->creation.give_back();
  }

  // --- Until it has ended ------------------------------------------------------------------------------------------

  awaitable<MaybeEnd> wait_for_end() {
    std::uint32_t failures = 0;
    std::uint32_t refusals = 0;
    for (;;) {
      co_await sleep_until_due(poll_wait_);
      if (left_) co_return stopped();
      const bool wanted = cancelled_ || lane_->now() >= give_up_at();
      if (wanted && !ending_until_) co_await end_batch();
      Reply reply = co_await call(lane_->wire->poll(handle_));
      if (left_) co_return stopped();
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
        if (refused && ++refusals >= refusals_max) {
          if (reply.status == 404) co_return failure("batch_gone", Trouble::down);
          co_return failure(reply);
        }
        poll_wait_ = std::max(backoff(lane_->settings.backoff_first, failures),
                              reply.trouble.retry_after.value_or(milliseconds(0)));
      }
      if (ending_until_ && Clock::now() >= *ending_until_) co_return given_up();
    }
  }

  AttemptEnd given_up() const { return cancelled_ ? stopped() : failure("gave_up", Trouble::slow); }

  core::Timestamp give_up_at() const {
    return attempt_.give_up_at ? std::min(*attempt_.give_up_at, attempt_.deadline) : attempt_.deadline;
  }

  void grow_poll_wait() {
    const milliseconds grown = poll_wait_ + poll_wait_ / 2;
    poll_wait_ = ending_until_ ? lane_->settings.poll_first
                               : std::clamp(grown, lane_->settings.poll_first, lane_->settings.poll_max);
  }

  // Asks the provider to end it. What it has finished by then will be read.
  awaitable<void> end_batch() {
    ending_until_ = Clock::now() + lane_->settings.cancel_wait;
    poll_wait_ = lane_->settings.poll_first;
    for (std::uint32_t tries = 0; tries < cancels_max; ++tries) {
      const Reply reply = co_await call(lane_->wire->cancel(handle_));
      // A refusal mostly means that it has just ended.
      const bool again = !reply.good && reply.trouble.verdict != Verdict::item_fault &&
                         reply.trouble.verdict != Verdict::lane_fault && reply.status != 409;
      if (left_ || !again) co_return;
      co_await sleep_through_cancel(backoff(lane_->settings.backoff_first, tries));
    }
  }

  // --- Its results -------------------------------------------------------------------------------------------------

  enum class Fetched { all, not_all };

  awaitable<Fetched> fetch() {
    spool_ = std::make_shared<Spool>();
    fetch_failure_ = failure("results_missing", Trouble::down);
    // A batch that ended without a file: nothing was executed, or it is not there yet.
    if (batch_.result_urls.empty()) co_return batch_.cut_short ? Fetched::all : Fetched::not_all;
    for (const std::string& url : batch_.result_urls) {
      HttpRequest request = lane_->wire->results(url);
      request.response_bytes_max = results_bytes_max;
      const auto error_body = std::make_shared<std::string>();
      request.on_body_chunk = [spool = spool_, error_body](int status, std::string_view chunk) {
        if (status == 200) {
          spool->append(chunk);
          return spool->intact() ? http_client::BodyFlow::more : http_client::BodyFlow::enough;
        }
        error_body->append(chunk.substr(0, error_bytes_max - std::min(error_bytes_max, error_body->size())));
        return error_body->size() < error_bytes_max ? http_client::BodyFlow::more : http_client::BodyFlow::enough;
      };
      const Reply reply = co_await call(std::move(request));
      if (left_) co_return Fetched::not_all;
      spool_->append("\n");  // between two files
      if (reply.status == 200 && spool_->intact()) continue;
      if (!spool_->intact())
        error(lane_->log, "no_room_for_provider_results",
              {{"provider", attempt_.provider.value()}, {"handle", handle_}});
      else if (!reply.good && reply.status != 404)
        fetch_failure_ = failure(reply);
      co_return Fetched::not_all;
    }
    co_return Fetched::all;
  }

  awaitable<AttemptEnd> report() {
    ResultsCheck check(intent_);
    std::size_t lines = 0;
    std::uint64_t broken = 0;
    spool_->rewind();
    while (const auto line = spool_->next_line()) {
      const core::Result<ResultLine> result = lane_->wire->read_result(*line);
      if (result) check.add(*result);
      if (result.has_error()) ++broken;
      if (++lines % lines_per_turn == 0) co_await asio::post(strand_, asio::use_awaitable);
    }
    if (broken + check.foreign() + check.contradictory() > 0) {
      warn(lane_->log, "strange_provider_results",
           {{"provider", attempt_.provider.value()},
            {"handle", handle_},
            {"broken", broken},
            {"foreign", check.foreign()},
            {"contradictory", check.contradictory()}});
    }
    if (check.mismatched()) {
      error(lane_->log, "provider_results_mixed_up",
            {{"provider", attempt_.provider.value()}, {"handle", handle_}, {"intent", intent_}});
      co_return failure("results_mixed_up", Trouble::mismatched);
    }

    if (left_) co_return stopped();

    std::unordered_map<std::uint32_t, const LaneItem*> open;
    for (const LaneItem& item : attempt_.items) {
      if (!answered_.contains(item.number)) open.emplace(item.number, &item);
    }
    const core::Operation dialect = batch_.dialect.value_or(batch_dialect(attempt_, *lane_->wire));
    MaybeEnd blocked;
    spool_->rewind();
    while (const auto line = spool_->next_line()) {
      if (++lines % lines_per_turn == 0) co_await asio::post(strand_, asio::use_awaitable);
      if (left_) co_return stopped();
      core::Result<ResultLine> result = lane_->wire->read_result(*line);
      if (result.has_error() || !result->executed) continue;
      const auto number = ids_.number(result->custom_id);
      if (!number) continue;
      const auto item = open.find(*number);
      if (item == open.end() || !check.stands(*number)) continue;
      processors::LaneAnswer answer = answer_of(*item->second, dialect, std::move(*result), blocked);
      if (answer.verdict == Verdict::lane_fault) continue;  // the account's, so the item may be asked elsewhere
      observer_->on_answer(std::move(answer));
      open.erase(item);
    }
    if (blocked) co_return *blocked;
    if (cancelled_) co_return stopped();
    if (open.empty()) co_return AttemptEnd{};
    if (ending_until_) co_return given_up();
    if (batch_.cut_short) co_return failure("batch_cut_short", Trouble::slow);
    co_return failure("results_missing", Trouble::none);
  }

  static processors::LaneAnswer answer_of(const LaneItem& item, core::Operation dialect, ResultLine result,
                                          MaybeEnd& blocked) {
    ItemAnswer read;
    if (result.status == 200) {
      read = read_item_answer(item, dialect, std::move(result.body));
    } else {
      read.sorted = sort_fault(result.status, schemas::dialect::read_error(result.body));
      read.answer = fault_answer(item.number, read.sorted, std::move(result.body));
    }
    if (read.answer.verdict == Verdict::lane_fault) blocked = failure(read.sorted.error_code, read.sorted.trouble);
    return std::move(read.answer);
  }

  // The provider took none of the batch.
  AttemptEnd report_refusal() {
    if (lines_.lines.empty()) lines_ = write_batch_lines(attempt_, *lane_->wire, lane_->settings.canary_items_min);
    MaybeEnd ended;
    for (const BatchFault& fault : batch_.faults) {
      if (fault.code == "token_limit_exceeded") {
        return failure(fault.code, Trouble::busy, quota_wait);
      }
      Sorted sorted = sort_fault(400, {"invalid_request_error", fault.code, fault.message});
      const bool of_item = sorted.verdict == Verdict::item_fault && fault.line && *fault.line <= lines_.lines.size();
      if (!of_item) {
        ended = sorted.verdict == Verdict::lane_fault ? failure(sorted.error_code, sorted.trouble)
                                                      : failure("batch_refused", Trouble::blocked_model);
        continue;
      }
      const auto number = ids_.number(lines_.lines[*fault.line - 1].custom_id);
      if (!number || !answered_.insert(*number).second) continue;
      observer_->on_answer(fault_answer(*number, sorted, {}));
    }
    if (ended) return *ended;
    if (answered_.empty()) return failure("batch_refused", Trouble::blocked_model);
    return failure("batch_invalid", Trouble::none);
  }

  // Best effort: it expires of itself. The results are left to theirs, as nobody says here that they are durable.
  void delete_input() {
    std::optional<HttpRequest> request = lane_->wire->delete_input(batch_);
    if (request) lane_->http.send(std::move(*request), [](auto) {});
  }

  // --- Waiting -----------------------------------------------------------------------------------------------------

  awaitable<Reply> call(HttpRequest request) {
    const auto slot = std::make_shared<std::optional<core::Result<HttpResponse>>>();
    calls_->send(std::move(request), [weak = weak_from_this(), slot](auto response) {
      *slot = std::move(response);
      if (const std::shared_ptr<BatchRun> self = weak.lock()) self->wake_.cancel();
    });
    while (!*slot && !left_) co_await wait_until(Clock::time_point::max());
    Reply reply;
    if (!*slot) co_return reply;
    core::Result<HttpResponse>& response = **slot;
    lane_->count_request(response);
    if (response.has_error()) {
      reply.trouble = sort_failure(response.error());
      co_return reply;
    }
    reply.status = response->status;
    reply.good = reply.status >= 200 && reply.status < 300;
    if (!reply.good)
      reply.trouble = sort_response(reply.status, response->headers, response->body, lane_->now());
    else
      reply.trouble = sort_fault(200, {std::string(schemas::dialect::malformed_answer), {}, {}});  // should it be
    reply.body = std::move(response->body);
    co_return reply;
  }

  // Also until somebody wakes it.
  awaitable<void> wait_until(Clock::time_point time) {
    wake_.expires_at(time);
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  awaitable<void> sleep_through_cancel(milliseconds time) {
    const auto until = Clock::now() + time;
    while (!left_ && Clock::now() < until) co_await wait_until(until);
  }

  awaitable<void> sleep(milliseconds time) {
    const auto until = Clock::now() + time;
    while (!left_ && !cancelled_ && Clock::now() < until) co_await wait_until(until);
  }

  // Until the next poll is due, or the batch is to be ended.
  awaitable<void> sleep_until_due(milliseconds time) {
    auto until = Clock::now() + time;
    if (ending_until_) {
      until = std::min(until, std::max(*ending_until_, Clock::now()));
    } else {
      const core::Duration left = std::max(core::Duration(0), give_up_at() - lane_->now());
      if (left < time) until = Clock::now() + left;
    }
    while (!left_ && !(cancelled_ && !ending_until_) && Clock::now() < until) co_await wait_until(until);
  }

  void end(AttemptEnd how) {
    if (std::exchange(ended_, true)) return;
    const std::shared_ptr<processors::AttemptObserver> observer = observer_;
    observer->on_end(std::move(how));
  }

  const std::shared_ptr<LaneContext> lane_;
  const processors::Attempt attempt_;
  const std::shared_ptr<processors::AttemptObserver> observer_;
  const std::string intent_;
  const CustomIds ids_;
  const asio::strand<asio::any_io_executor> strand_;
  asio::steady_timer wake_;
  const std::shared_ptr<Calls> calls_;

  BatchLines lines_;  // until the batch is durable
  std::string handle_;
  bool durable_ = false;
  bool has_turn_ = false;

  BatchStatus batch_;
  milliseconds poll_wait_{0};
  std::optional<Clock::time_point> ending_until_;  // once it was asked to end
  AttemptEnd fetch_failure_;
  std::shared_ptr<Spool> spool_;      // shared with the call that fills it
  std::set<std::uint32_t> answered_;  // for other reasons than a result

  bool cancelled_ = false;
  bool left_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Run> make_batch_run(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
                                    std::shared_ptr<processors::AttemptObserver> observer) {
  return std::make_shared<BatchRun>(std::move(lane), std::move(attempt), std::move(observer));
}

}  // namespace adapters::providers
