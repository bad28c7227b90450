#include "api/batch_events.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
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

BatchEvents::BatchEvents(Read read, MayRead may_read, std::uint64_t after, std::unique_ptr<EventStreams::Place> place,
                         Timing timing)
    : read_(std::move(read)),
      may_read_(std::move(may_read)),
      place_(std::move(place)),
      timing_(timing),
      version_(after) {}

http::awaitable<core::Result<std::string>> BatchEvents::next(std::size_t) {
  if (ended_) co_return std::string();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto heartbeat_at = std::chrono::steady_clock::now() + timing_.heartbeat;
  for (;;) {
    const core::Result<Batch> batch = read_();
    if (batch.has_error()) co_return batch.error();
    std::string events = events_of(*batch);
    if (!std::exchange(begun_, true)) events.insert(0, begin);
    if (!events.empty()) co_return events;
    if (std::chrono::steady_clock::now() >= heartbeat_at) {
      const core::Result<void> allowed = may_read_();
      if (allowed.has_error()) co_return allowed.error();
      co_return std::string(heartbeat);
    }
    timer.expires_after(timing_.poll);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

std::string BatchEvents::events_of(const Batch& batch) {
  if (batch.version <= version_) return {};
  const bool terminal = core::batch::terminal(batch.phase);
  // A unit that is tried anew may count again what it has; nobody is shown that.
  if (!terminal && items_done(batch) < done_) return {};
  std::string data = render_batch_progress(batch);
  if (data == data_) return {};
  std::string name = "batch.progress";
  if (terminal)
    name = "batch." + std::string(core::batch::to_string(batch.phase));
  else if (phase_ != batch.phase)
    name = "batch.status";
  version_ = batch.version;
  phase_ = batch.phase;
  done_ = items_done(batch);
  data_ = std::move(data);
  ended_ = terminal;
  return "id: " + std::to_string(version_) + "\nevent: " + name + "\ndata: " + data_ + "\n\n";
}

}  // namespace api
