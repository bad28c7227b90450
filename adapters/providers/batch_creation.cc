#include "adapters/providers/batch_creation.h"

#include <algorithm>
#include <utility>

#include "adapters/providers/marks.h"

namespace adapters::providers {

using boost::asio::awaitable;
using http_client::HttpRequest;
using processors::Trouble;
using processors::Verdict;
using std::chrono::milliseconds;
using Clock = BatchChannel::Clock;

namespace {

constexpr std::uint32_t creations_max = 3;
constexpr std::uint32_t pages_max = 100;  // of the list of batches
constexpr auto clock_difference_max = std::chrono::minutes(5);

}  // namespace

BatchCreation::BatchCreation(std::shared_ptr<LaneContext> lane, std::shared_ptr<BatchChannel> channel,
                             const processors::Attempt& attempt, const BatchLines& lines)
    : lane_(std::move(lane)),
      channel_(std::move(channel)),
      attempt_(attempt),
      lines_(lines),
      intent_(intent_of(attempt)) {}

awaitable<MaybeEnd> BatchCreation::obtain() {
  bool in_doubt = lane_->wire->creates_in_turn() ? attempt_.handle == processors::handle_in_making : attempt_.resumed;
  std::string input;
  const auto since = Clock::now();
  for (std::uint32_t creations = 0; creations < creations_max;) {
    if (in_doubt) {
      MaybeEnd ended = co_await look_for_lost();
      if (ended) co_return ended;
      if (!handle_.empty()) break;
      in_doubt = false;
    }
    if (channel_->left() || channel_->cancelled()) co_return channel_->stopped();

    Reply reply;
    if (input.empty()) reply = co_await prepare_input(input);
    if (!input.empty()) {
      if (channel_->left() || channel_->cancelled()) co_return channel_->stopped();
      reply = co_await create(input);
      if (reply.good) break;
      // Anything but a refusal may have left a batch behind.
      in_doubt = reply.trouble.verdict == Verdict::unknown || reply.status >= 500 || reply.status / 100 == 2;
    }
    if (channel_->left()) co_return channel_->stopped();
    MaybeEnd ended = co_await after_refusal(reply, creations, since);
    if (ended && !in_doubt) co_return ended;
    if (reply.trouble.trouble != Trouble::busy) ++creations;  // which are waited for, as long as it makes sense
  }
  if (handle_.empty() && in_doubt) {
    MaybeEnd ended = co_await look_for_lost();
    if (ended) co_return ended;
  }
  if (handle_.empty()) co_return failure("batch_not_created", Trouble::down);
  if (channel_->left()) co_return channel_->stopped();  // it will be found again
  co_return std::nullopt;
}

// Uploaded, or as it will be sent; empty when that failed.
awaitable<Reply> BatchCreation::prepare_input(std::string& input) {
  std::string text = lane_->wire->batch_input(lines_.dialect, lines_.lines);
  std::optional<HttpRequest> upload = lane_->wire->upload(text);
  if (!upload) {
    input = std::move(text);
    co_return Reply{};
  }
  text = {};
  Reply reply = co_await channel_->call(std::move(*upload));
  if (reply.good) {
    const core::Result<std::string> id = lane_->wire->read_uploaded(reply.body);
    if (id) input = *id;
    if (id.has_error()) reply.good = false;
  }
  co_return reply;
}

awaitable<Reply> BatchCreation::create(std::string input) {
  Reply reply = co_await channel_->call(lane_->wire->create(lines_.dialect, std::move(input), intent_));
  if (reply.good) {
    core::Result<BatchStatus> created = lane_->wire->read_batch(reply.body);
    reply.good = created.has_value();
    if (created) handle_ = created->id;
  }
  co_return reply;
}

// Waits, where trying again may help.
awaitable<MaybeEnd> BatchCreation::after_refusal(Reply reply, std::uint32_t creations, Clock::time_point since) {
  const Sorted& trouble = reply.trouble;
  switch (trouble.verdict) {
    case Verdict::lane_fault: co_return failure(reply);
    case Verdict::succeeded:
    case Verdict::item_fault:
      // The batch as a whole was refused: no one item is at fault, and this model takes no batch like it.
      if (reply.status == 413) co_return failure("batch_too_large", Trouble::slow);
      co_return failure("batch_refused", Trouble::blocked_model);
    case Verdict::transient:
    case Verdict::unknown: break;
  }
  const milliseconds wait =
      std::max(trouble.retry_after.value_or(milliseconds(0)), backoff(lane_->settings.backoff_first, creations));
  const auto waited = std::chrono::ceil<milliseconds>(Clock::now() - since);
  if (waited + wait > lane_->settings.busy_wait_max) co_return failure(reply);
  if (creations + 1 == creations_max && trouble.trouble != Trouble::busy) co_return failure(reply);
  co_await channel_->sleep(wait);
  co_return std::nullopt;
}

// Sets the handle when there is a batch of this intent.
awaitable<MaybeEnd> BatchCreation::look_for_lost() {
  const auto until = Clock::now() + lane_->settings.lookup_for;
  for (;;) {
    MaybeEnd ended = co_await look_through_list();
    if (ended || !handle_.empty()) co_return ended;
    if (Clock::now() >= until) co_return std::nullopt;
    co_await channel_->sleep_through_cancel(lane_->settings.lookup_wait);
    if (channel_->left()) co_return channel_->stopped();
  }
}

awaitable<MaybeEnd> BatchCreation::look_through_list() {
  const core::Timestamp oldest = attempt_.intended_at - clock_difference_max;
  core::Duration nearest{};
  std::string cursor;
  std::uint32_t tries = 0;
  for (std::uint32_t pages = 0; pages < pages_max;) {
    Reply reply = co_await channel_->call(lane_->wire->list(cursor));
    if (channel_->left()) co_return channel_->stopped();
    core::Result<BatchPage> page = core::Error{core::ErrorCode::network_failed, ""};
    if (reply.good) page = lane_->wire->read_page(reply.body);
    if (page.has_error()) {
      // Without having looked no other batch may be made, in this attempt or in a later one.
      if (channel_->cancelled()) co_return channel_->stopped();
      if (lane_->now() >= attempt_.deadline) co_return failure(reply);
      co_await channel_->sleep_through_cancel(backoff(lane_->settings.backoff_first, tries++));
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

bool BatchCreation::is_lost_one(const BatchStatus& found) const {
  if (!lane_->wire->creates_in_turn()) return found.intent == intent_;
  return found.items == static_cast<std::int64_t>(lines_.lines.size()) && !lane_->is_known_handle(found.id);
}

awaitable<void> BatchCreation::take_turn() {
  lane_->creation.take([weak = weak_from_this(), channel = channel_] {
    return channel->post([weak] {
      const std::shared_ptr<BatchCreation> self = weak.lock();
      if (!self) return;
      self->has_turn_ = true;
      self->channel_->wake();
    });
  });
  // To the end even when left: the turn may be on its way, and must be given back.
  while (!has_turn_) co_await channel_->wait_until(Clock::time_point::max());
}

void BatchCreation::give_turn_back() {
  if (std::exchange(has_turn_, false)) lane_->creation.give_back();
}

}  // namespace adapters::providers
