// Events as the auditor reads them: by their names in JSON alone, and only the members that its rules need. On purpose
// not core's types nor schemas' codec: what is audited does not audit itself.
//
// Texts are views into the record's value (or into what was unescaped of it).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "schemas/json_cursor.h"

namespace processors::audit {

// One element of a record's value.
struct Event {
  std::string_view id;
  std::string_view source;
  std::string_view type;  // without "batchrouter." and ".v1": "batch.accepted"
  std::string_view subject;
  std::string_view time;
  std::string_view cause;
  std::string_view data;  // JSON
};

// Whether there is such a type, whatever it says.
bool known_type(std::string_view type);

struct PartitionOpened {
  std::int64_t epoch = 0;
  std::string_view instance;
};

struct Transfer {
  std::string_view id;
  std::string_view kind;
  std::string_view org;
  std::string_view debit;
  std::string_view credit;
  std::string_view batch;
  std::string_view reason;
  std::string_view ordered_by;
  std::int64_t amount = 0;
};

struct Route {
  std::string provider;  // of its best lane
  std::int64_t item_count = 0;
  std::int64_t total = 0;
  std::vector<std::uint64_t> lanes;  // fingerprints, see lane_print
};
std::uint64_t lane_print(std::string_view provider, std::string_view model, std::string_view mode);

struct Plan {
  std::int64_t item_count = 0;
  std::int64_t unit_count = 0;
  std::int64_t total = 0;
  std::vector<Route> routes;
};

struct QuoteLocked {
  std::string_view org;
  std::string_view quote;
  std::string_view basis;
  std::string_view terms;  // JSON
  std::string_view plan;   // JSON
  std::int64_t items_max = 0;
  std::int64_t item_ceiling = 0;
  core::Timestamp expires_at;
};

// Events of which no more is asked: whose, and what they are about.
struct About {
  std::string_view org;
  std::string_view quote;
  std::string_view batch;
};

struct BatchAccepted {
  std::string_view org;
  std::string_view batch;
  std::string_view quote;
  std::string_view terms;  // JSON
  std::string_view plan;   // JSON
  bool webhook = false;
  core::Timestamp deadline;
};

struct PlannedUnit {
  std::int64_t route = 0;
  std::int64_t item_count = 0;
  std::int64_t quoted = 0;
};
struct UnitsPlanned {
  std::string_view org;
  std::string_view batch;
  std::int64_t first = 0;
  std::vector<PlannedUnit> units;
};

// succeeded, failed, exhausted, cancelled, expired
using Tally = std::array<std::int64_t, 5>;
std::int64_t total_of(const Tally& tally);

struct Progress {
  Tally tally{};
  std::int64_t charged = 0;
  std::int64_t provider_cost = 0;
};

struct LaneShare {
  std::string_view provider;
  std::int64_t succeeded = 0;
  std::int64_t charged = 0;
  std::int64_t provider_cost = 0;
};

// What there is to say of a unit: unit_dispatched, handle_recorded, unit_progressed, attempt_ended, unit_closed.
struct UnitEvent {
  std::string_view org;
  std::string_view batch;
  std::int64_t unit = 0;
  std::int64_t attempt = 0;
  std::int64_t epoch = 0;  // 0: none
  std::string_view provider;
  std::string_view model;
  std::string_view mode;
  Progress progress;
  std::vector<LaneShare> shares;
};

struct StopRequested {
  std::string_view org;
  std::string_view batch;
  std::string_view reason;
};

struct BatchEnded {
  std::string_view org;
  std::string_view batch;
  std::string_view phase;
  Tally tally{};
  std::int64_t captured = 0;
  std::int64_t released = 0;
};

struct JobsFlushed {
  std::string_view org;
  std::string_view batch;
  std::int64_t jobs = 0;
};

// webhook.delivery_…
struct DeliveryEvent {
  std::string_view org;
  std::string_view delivery;
  std::string_view batch;
  std::string_view type;
  std::int64_t attempt = 0;
};

// billing.checkout_…, billing.dispute_moved
struct CheckoutEvent {
  std::string_view org;
  std::string_view checkout;
  std::string_view payment;
  std::string_view dispute;
  std::int64_t amount = 0;
  std::int64_t refunded = 0;
  std::int64_t recovered = 0;
  bool reinstated = false;
};

struct TimerFired {
  core::Timestamp due;
};

struct BusCommandTaken {
  std::int64_t offset = -1;
};

// Threading: one thread. Views stay valid until the next record is read.
class EventReader {
 public:
  // visit(event) for each event of a record's value; false when the value is no JSON array of events. What came before
  // the fault was visited.
  template <class Visit>
  bool read_group(std::string_view value, Visit visit) {
    unescaped_.clear();
    schemas::JsonCursor group(value, unescaped_);
    group.elements([&] {
      Event event;
      read_head(group, event);
      if (group.good()) visit(static_cast<const Event&>(event));
    });
    return group.at_end();
  }

  // The data of an event; false when it is not what its type says.
  bool read(std::string_view data, PartitionOpened& event);
  bool read(std::string_view data, Transfer& event);
  bool read(std::string_view data, QuoteLocked& event);
  bool read(std::string_view data, About& event);
  bool read(std::string_view data, BatchAccepted& event);
  bool read(std::string_view data, Plan& plan);
  bool read(std::string_view data, UnitsPlanned& event);
  bool read(std::string_view data, UnitEvent& event);
  bool read(std::string_view data, StopRequested& event);
  bool read(std::string_view data, BatchEnded& event);
  bool read(std::string_view data, JobsFlushed& event);
  bool read(std::string_view data, DeliveryEvent& event);
  bool read(std::string_view data, CheckoutEvent& event);
  bool read(std::string_view data, TimerFired& event);
  bool read(std::string_view data, BusCommandTaken& event);

 private:
  void read_head(schemas::JsonCursor& json, Event& event);
  template <class Visit>
  bool read_members(std::string_view data, Visit visit);

  schemas::UnescapedTexts unescaped_;
};

}  // namespace processors::audit
