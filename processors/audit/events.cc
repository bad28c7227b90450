#include "processors/audit/events.h"

#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>

#include "core/event.h"
#include "processors/audit/texts.h"
#include "schemas/journal_codec.h"
#include "schemas/rfc3339.h"

namespace processors::audit {

namespace {

constexpr std::string_view type_prefix = "batchrouter.";
constexpr std::string_view type_version = ".v1";

// "batchrouter.batch.accepted.v1" -> "batch.accepted"; empty when it is none of ours.
std::string_view short_type(std::string_view type) {
  if (!type.starts_with(type_prefix) || !type.ends_with(type_version)) return {};
  type.remove_prefix(type_prefix.size());
  if (type.size() < type_version.size()) return {};
  type.remove_suffix(type_version.size());
  return type;
}

using Types = std::unordered_set<std::string, TextHash, std::equal_to<>>;

template <std::size_t... Index>
Types all_types(std::index_sequence<Index...>) {
  return {std::string(short_type(schemas::event_type(core::Event(std::in_place_index<Index>))))...};
}

bool read_time(schemas::JsonCursor& json, core::Timestamp& time) {
  const core::Result<core::Timestamp> parsed = schemas::parse_rfc3339(json.text());
  if (parsed.has_value()) time = *parsed;
  return parsed.has_value();
}

void read_tally(schemas::JsonCursor& json, Tally& tally) {
  json.members([&](std::string_view name) {
    static constexpr std::array<std::string_view, 5> names{"succeeded", "failed", "exhausted", "cancelled", "expired"};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (name != names[i]) continue;
      tally[i] = json.count();
      return;
    }
    json.skip();
  });
}

void read_progress(schemas::JsonCursor& json, Progress& progress) {
  json.members([&](std::string_view name) {
    if (name == "tally")
      read_tally(json, progress.tally);
    else if (name == "charged")
      progress.charged = json.integer();
    else if (name == "provider_cost")
      progress.provider_cost = json.integer();
    else
      json.skip();
  });
}

void read_share(schemas::JsonCursor& json, LaneShare& share) {
  json.members([&](std::string_view name) {
    if (name == "provider")
      share.provider = json.text();
    else if (name == "succeeded")
      share.succeeded = json.count();
    else if (name == "charged")
      share.charged = json.integer();
    else if (name == "provider_cost")
      share.provider_cost = json.integer();
    else
      json.skip();
  });
}

struct Lane {
  std::string_view provider, model, mode;
  std::uint64_t print() const { return lane_print(provider, model, mode); }
  bool take(schemas::JsonCursor& json, std::string_view name) {
    if (name == "provider")
      provider = json.text();
    else if (name == "model")
      model = json.text();
    else if (name == "mode")
      mode = json.text();
    else
      return false;
    return true;
  }
};

// The lanes of a route are its own provider, model and mode where it does not list any.
void read_route(schemas::JsonCursor& json, Route& route) {
  Lane best;
  json.members([&](std::string_view name) {
    if (best.take(json, name)) return;
    if (name == "item_count") {
      route.item_count = json.count();
    } else if (name == "total") {
      route.total = json.integer();
    } else if (name == "lanes") {
      json.elements([&] {
        Lane lane;
        json.members([&](std::string_view member) {
          if (!lane.take(json, member)) json.skip();
        });
        route.lanes.push_back(lane.print());
      });
    } else {
      json.skip();
    }
  });
  route.provider = best.provider;
  if (route.lanes.empty()) route.lanes.push_back(best.print());
}

}  // namespace

bool known_type(std::string_view type) {
  static const Types types = all_types(std::make_index_sequence<std::variant_size_v<core::Event>>{});
  return types.contains(type);
}

std::uint64_t lane_print(std::string_view provider, std::string_view model, std::string_view mode) {
  return fingerprint(provider) ^ (3 * fingerprint(model)) ^ (5 * fingerprint(mode));
}

std::int64_t total_of(const Tally& tally) {
  return std::accumulate(tally.begin(), tally.end(), std::int64_t{0});
}

void EventReader::read_head(schemas::JsonCursor& json, Event& event) {
  json.members([&](std::string_view name) {
    if (name == "id")
      event.id = json.text();
    else if (name == "source")
      event.source = json.text();
    else if (name == "type")
      event.type = short_type(json.text());
    else if (name == "subject")
      event.subject = json.text();
    else if (name == "time")
      event.time = json.text();
    else if (name == "causationid")
      event.cause = json.text();
    else if (name == "data")
      event.data = json.raw();
    else
      json.skip();
  });
}

template <class Visit>
bool EventReader::read_members(std::string_view data, Visit visit) {
  schemas::JsonCursor json(data, unescaped_);
  json.members([&](std::string_view name) {
    if (!visit(json, name)) json.skip();
  });
  return json.at_end();
}

bool EventReader::read(std::string_view data, PartitionOpened& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "epoch") return event.epoch = json.integer(), true;
    if (name == "instance") return event.instance = json.text(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, Transfer& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "transfer") return event.id = json.text(), true;
    if (name == "kind") return event.kind = json.text(), true;
    if (name == "org") return event.org = json.text(), true;
    if (name == "debit") return event.debit = json.text(), true;
    if (name == "credit") return event.credit = json.text(), true;
    if (name == "amount") return event.amount = json.integer(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "reason") return event.reason = json.text(), true;
    if (name == "ordered_by") return event.ordered_by = json.text(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, QuoteLocked& event) {
  bool good = true;
  const bool read = read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "quote") return event.quote = json.text(), true;
    if (name == "basis") return event.basis = json.text(), true;
    if (name == "terms") return event.terms = json.raw(), true;
    if (name == "plan") return event.plan = json.raw(), true;
    if (name == "expires_at") return good = read_time(json, event.expires_at) && good, true;
    if (name != "estimate") return false;
    json.members([&](std::string_view member) {
      if (member == "items_max")
        event.items_max = json.count();
      else if (member == "item_ceiling")
        event.item_ceiling = json.integer();
      else
        json.skip();
    });
    return true;
  });
  return read && good;
}

bool EventReader::read(std::string_view data, About& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "quote") return event.quote = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, BatchAccepted& event) {
  bool good = true;
  const bool read = read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "quote") return event.quote = json.text(), true;
    if (name == "terms") return event.terms = json.raw(), true;
    if (name == "plan") return event.plan = json.raw(), true;
    if (name == "webhook") return event.webhook = json.raw() != "null", true;
    if (name == "deadline") return good = read_time(json, event.deadline) && good, true;
    return false;
  });
  return read && good;
}

bool EventReader::read(std::string_view data, Plan& plan) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "item_count") return plan.item_count = json.count(), true;
    if (name == "unit_count") return plan.unit_count = json.count(), true;
    if (name == "total") return plan.total = json.integer(), true;
    if (name != "routes") return false;
    json.elements([&] { read_route(json, plan.routes.emplace_back()); });
    return true;
  });
}

bool EventReader::read(std::string_view data, UnitsPlanned& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "first") return event.first = json.count(), true;
    if (name != "units") return false;
    json.elements([&] {
      PlannedUnit& unit = event.units.emplace_back();
      json.members([&](std::string_view member) {
        if (member == "route")
          unit.route = json.count();
        else if (member == "item_count")
          unit.item_count = json.count();
        else if (member == "quoted")
          unit.quoted = json.integer();
        else
          json.skip();
      });
    });
    return true;
  });
}

bool EventReader::read(std::string_view data, UnitEvent& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "unit") return event.unit = json.count(), true;
    if (name == "attempt") return event.attempt = json.count(), true;
    if (name == "epoch") return event.epoch = json.integer(), true;
    if (name == "provider") return event.provider = json.text(), true;
    if (name == "model") return event.model = json.text(), true;
    if (name == "mode") return event.mode = json.text(), true;
    if (name == "progress") return read_progress(json, event.progress), true;
    if (name != "shares") return false;
    json.elements([&] { read_share(json, event.shares.emplace_back()); });
    return true;
  });
}

bool EventReader::read(std::string_view data, StopRequested& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "reason") return event.reason = json.text(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, BatchEnded& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "phase") return event.phase = json.text(), true;
    if (name == "tally") return read_tally(json, event.tally), true;
    if (name == "captured") return event.captured = json.integer(), true;
    if (name == "released") return event.released = json.integer(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, JobsFlushed& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name != "jobs") return false;
    json.elements([&] {
      json.skip();
      ++event.jobs;
    });
    return true;
  });
}

bool EventReader::read(std::string_view data, DeliveryEvent& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "delivery") return event.delivery = json.text(), true;
    if (name == "batch") return event.batch = json.text(), true;
    if (name == "type") return event.type = json.text(), true;
    if (name == "attempt") return event.attempt = json.count(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, CheckoutEvent& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    if (name == "org") return event.org = json.text(), true;
    if (name == "checkout") return event.checkout = json.text(), true;
    if (name == "payment") return event.payment = json.text(), true;
    if (name == "dispute") return event.dispute = json.text(), true;
    if (name == "amount") return event.amount = json.integer(), true;
    if (name == "refunded") return event.refunded = json.integer(), true;
    if (name == "recovered") return event.recovered = json.integer(), true;
    if (name == "reinstated") return event.reinstated = json.boolean(), true;
    return false;
  });
}

bool EventReader::read(std::string_view data, TimerFired& event) {
  bool good = true;
  const bool read = read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    return name == "due" ? (good = read_time(json, event.due), true) : false;
  });
  return read && good;
}

bool EventReader::read(std::string_view data, BusCommandTaken& event) {
  return read_members(data, [&](schemas::JsonCursor& json, std::string_view name) {
    return name == "offset" ? (event.offset = json.count(), true) : false;
  });
}

}  // namespace processors::audit
