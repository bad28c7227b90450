// The reference model: what a customer may believe of the service, as maps, from the product's description and the
// events of the log. No cleverness, and nothing of core's rules: where the two differ, one of them is wrong.
//
// It keeps each thing as a customer sees it at every record, so that an answer can be held against what was true at one
// of the moments between the question and the answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "schemas/journal_codec.h"

namespace simulation {

// One event of a record that counts.
struct Seen {
  core::Partition partition;
  core::Offset offset;
  core::Timestamp time;
  core::Epoch epoch;
  const core::Event& event;
};

class Model {
 public:
  struct Org {
    core::Money captured, granted, topped_up, refunded, owed;
    bool verified = false;
    bool erased = false;
  };
  struct Quote {
    core::OrgId org;
    core::quote::QuoteLocked locked;
    core::quote::Phase phase = core::quote::Phase::locked;
    core::BatchId batch;
  };
  struct Unit {
    std::uint32_t items = 0;
    core::Money quoted;
    bool closed = false;
    bool out = false;  // an attempt runs
    core::AttemptNumber attempt;
    std::uint32_t excused = 0;
    core::Epoch epoch;
    core::batch::Progress progress;
    core::ProviderId provider;
    core::ModelSlug model;
    core::Mode mode = core::Mode::sync;
    std::map<core::AttemptNumber, core::Offset> ended;
  };
  struct Batch {
    core::OrgId org;
    core::batch::BatchAccepted accepted;
    core::batch::Phase phase = core::batch::Phase::pending;
    core::batch::StopReason stop = core::batch::StopReason::none;
    std::vector<Unit> units;
    core::Money reserved, captured, released;
    core::Timestamp accepted_at;
    std::optional<core::Timestamp> ended_at;

    core::batch::Progress progress() const;
    bool over() const { return ended_at.has_value(); }
  };
  struct Checkout {
    core::OrgId org;
    core::Money amount;
    core::billing::CheckoutPhase phase = core::billing::CheckoutPhase::open;
    core::Money refunded;
  };
  struct Delivery {
    core::OrgId org;
    core::BatchId batch;
    std::string type;
    bool pending = true;
    core::AttemptNumber attempt;
  };

  void take(const Seen& seen);

  core::Money balance(const core::AccountId& account) const;
  // Of an org's batches that have not ended.
  core::Money held(const core::OrgId& org) const;

  std::map<core::OrgId, Org> orgs;
  std::map<core::AccountId, core::Money> balances;
  std::set<core::TransferId> transfers;
  std::map<core::QuoteId, Quote> quotes;
  std::map<core::BatchId, Batch> batches;
  std::map<std::pair<core::OrgId, core::Digest>, core::BatchId> keys;  // Idempotency-Keys of batches
  std::map<core::CheckoutId, Checkout> checkouts;
  std::map<core::DeliveryId, Delivery> deliveries;

  // What customers see of a thing, at each record of its partition: `credits/<org>`, or its id.
  struct View {
    core::Offset next;  // from here on
    std::string text;
  };
  // Those that held at some record from `from` to `until`; an empty one: there was no such thing.
  std::vector<std::string> views(const std::string& thing, core::Offset from, core::Offset until) const;

  std::string view(const Batch& batch) const;
  std::string view(const Quote& quote) const;
  std::string view(const Checkout& checkout) const;
  std::string view(const core::OrgId& org) const;

 private:
  struct Taker;

  void show(const Seen& seen, const std::string& thing, std::string text);

  std::map<std::string, std::vector<View>> views_;
};

}  // namespace simulation
