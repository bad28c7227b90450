#include "api/batch_events.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

#include "api/render_batch.h"

namespace api {

namespace {

using core::batch::Batch;

constexpr std::size_t streams_per_org_max = 32;
constexpr std::string_view begin = "retry: 2000\n\n";  // milliseconds until a client that was cut off comes back
constexpr std::string_view heartbeat = ":\n\n";

std::uint64_t items_done(const Batch& batch) {
  return std::uint64_t{batch.closed.tally.total()} + batch.open.tally.total();
}

}  // namespace

std::string to_string(const EventId& id) {
  return std::to_string(id.version) + "-" + std::to_string(id.items_done);
}

std::optional<EventId> event_id_from(std::string_view text) {
  EventId id;
  const char* const end = text.data() + text.size();
  const auto version = std::from_chars(text.data(), end, id.version);
  if (version.ec != std::errc() || version.ptr == end || *version.ptr != '-') return std::nullopt;
  const auto done = std::from_chars(version.ptr + 1, end, id.items_done);
  if (done.ec != std::errc() || done.ptr != end) return std::nullopt;
  return id;
}

std::unique_ptr<EventStreams::Place> EventStreams::enter(const core::OrgId& org) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = open_[org];
  if (count == streams_per_org_max) return nullptr;
  ++count;
  return std::make_unique<Place>(shared_from_this(), org);
}

void EventStreams::leave(const core::OrgId& org) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(org);
  if (--found->second == 0) open_.erase(found);
}

BatchEvents::BatchEvents(Read read, MayRead may_read, EventId after, std::unique_ptr<EventStreams::Place> place,
                         Timing timing)
    : read_(std::move(read)), may_read_(std::move(may_read)), place_(std::move(place)), timing_(timing), seen_(after) {}

http::awaitable<core::Result<std::string>> BatchEvents::next(std::size_t) {
  if (ended_) co_return std::string();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto heartbeat_at = std::chrono::steady_clock::now() + timing_.heartbeat;
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (now - checked_at_ >= timing_.heartbeat) {
      const core::Result<void> allowed = may_read_();
      if (allowed.has_error()) co_return allowed.error();
      checked_at_ = now;
    }
    const core::Result<Batch> batch = read_();
    if (batch.has_error()) co_return batch.error();
    std::string events = events_of(*batch);
    if (!std::exchange(begun_, true)) events.insert(0, begin);
    if (!events.empty()) co_return events;
    if (now >= heartbeat_at) co_return std::string(heartbeat);
    timer.expires_after(timing_.poll);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

std::string BatchEvents::events_of(const Batch& batch) {
  if (batch.version <= seen_.version) return {};
  const bool terminal = core::batch::terminal(batch.phase);
  // A unit that is tried anew may count again what it has; nobody is shown that.
  if (!terminal && items_done(batch) < seen_.items_done) return {};
  std::string data = render_batch_progress(batch);
  if (data == data_) return {};
  std::string name = "batch.progress";
  if (terminal)
    name = "batch." + std::string(core::batch::to_string(batch.phase));
  else if (phase_ != batch.phase)
    name = "batch.status";
  seen_ = {batch.version, items_done(batch)};
  phase_ = batch.phase;
  data_ = std::move(data);
  ended_ = terminal;
  return "id: " + to_string(seen_) + "\nevent: " + name + "\ndata: " + data_ + "\n\n";
}

}  // namespace api
