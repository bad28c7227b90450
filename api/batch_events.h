// The life of a batch as server-sent events (the WHATWG's HTML Standard, §9.2).
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/app.h"
#include "api/http/response.h"
#include "core/batch/state.h"

namespace api {

// How many streams each org has open, so that none can take all connections.
//
// Threading: any thread. Lifetime: shared by the streams it counts.
class EventStreams : public std::enable_shared_from_this<EventStreams> {
 public:
  // One stream, until it is destroyed.
  class Place {
   public:
    Place(std::shared_ptr<EventStreams> streams, core::OrgId org)
        : streams_(std::move(streams)), org_(std::move(org)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { streams_->leave(org_); }

   private:
    const std::shared_ptr<EventStreams> streams_;
    const core::OrgId org_;
  };

  // Null: the org has as many as it may.
  std::unique_ptr<Place> enter(const core::OrgId& org);

 private:
  void leave(const core::OrgId& org);

  std::mutex mutex_;
  std::map<core::OrgId, std::size_t> open_;  // guarded by mutex_; above zero
};

// What a client has seen, by the id of its last event: "<version of the batch's row>-<items done>".
struct EventId {
  std::uint64_t version = 0;  // 0: nothing
  std::uint64_t items_done = 0;
};
std::string to_string(const EventId& id);
// nullopt: no event can have it.
std::optional<EventId> event_id_from(std::string_view text);

// The changes of one batch from an event on, until it has ended. Each event is the batch as it is then. Versions only
// rise and items done never fall, so who resumes after an event sees nothing twice and nothing go back. What changes
// faster than the row is looked at is seen once.
//
// An error (the batch's partition went to another node, the reader may not read it any more) ends the stream: its
// client resumes where it is to be found now.
class BatchEvents final : public http::BodySource {
 public:
  struct Timing {
    std::chrono::steady_clock::duration poll = std::chrono::milliseconds(250);
    std::chrono::steady_clock::duration heartbeat = std::chrono::seconds(15);  // when nothing else was sent
  };

  using Read = std::function<core::Result<core::batch::Batch>()>;
  using MayRead = std::function<core::Result<void>()>;  // asked as often as a heartbeat is due

  // `place` is held as long as the stream lives. Requires: the reader may read now.
  BatchEvents(Read read, MayRead may_read, EventId after, std::unique_ptr<EventStreams::Place> place, Timing timing);
  BatchEvents(Read read, MayRead may_read, EventId after, std::unique_ptr<EventStreams::Place> place)
      : BatchEvents(std::move(read), std::move(may_read), after, std::move(place), Timing{}) {}

  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  http::awaitable<core::Result<std::string>> next(std::size_t bytes_max) override;

 private:
  // What there is to send of the batch as it is now; empty: nothing new.
  std::string events_of(const core::batch::Batch& batch);

  const Read read_;
  const MayRead may_read_;
  const std::unique_ptr<EventStreams::Place> place_;
  const Timing timing_;
  EventId seen_;                                                                         // by the client
  std::optional<core::batch::Phase> phase_;                                              // of the last event sent here
  std::string data_;                                                                     // of it
  std::chrono::steady_clock::time_point checked_at_ = std::chrono::steady_clock::now();  // when it might be read
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace api
