// Quotes and batches of one partition, followed a second time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "processors/audit/events.h"
#include "processors/audit/ledger.h"
#include "processors/audit/reporter.h"
#include "processors/audit/texts.h"

namespace processors::audit {

// What a batch that has ended brought and cost.
struct BatchOutcome {
  std::string org;
  std::string batch;
  std::int64_t captured = 0;
  std::int64_t provider_cost = 0;
  core::Offset offset;  // of its end
  std::string place;    // the same, once it is told whose partition

  std::int64_t margin() const { return captured - provider_cost; }
};

struct BatchFigures {
  static constexpr std::size_t losses_kept_max = 20;

  std::uint64_t quotes = 0;
  std::uint64_t accepted = 0;
  std::map<std::string, std::uint64_t> ended;  // by phase
  std::uint64_t items = 0;                     // of the batches that have ended
  std::int64_t captured = 0;
  std::int64_t provider_cost = 0;
  std::uint64_t at_a_loss = 0;       // batches that cost more than they brought
  std::vector<BatchOutcome> losses;  // the largest of those, the worst first

  void add(BatchOutcome outcome);
  void add(const BatchFigures& other);
};

// Holds what is open; of what is over only that it was there. Checks whole commands: a batch is accepted with its quote
// consumed and its credit reserved, and ends with its credit settled and its providers' work booked, or not at all.
class Batches {
 public:
  Batches(Reporter& reporter, Ledger& ledger) : reporter_(reporter), ledger_(ledger) {}

  void take(const QuoteLocked& event, const Plan& plan);
  void take_quote_consumed(const About& event);
  void take_quote_expired(const About& event);
  void take(const BatchAccepted& event, EventReader& reader);
  void take_queued(const About& event);
  void take(const UnitsPlanned& event);
  void take_dispatched(const UnitEvent& event);
  void take_handle(const UnitEvent& event);
  void take_progress(const UnitEvent& event);
  void take_attempt_ended(const UnitEvent& event);
  void take_closed(const UnitEvent& event);
  void take(const StopRequested& event);
  void take(const BatchEnded& event);
  void take_feedback(const About& event);
  void take(const JobsFlushed& event);

  // What the command ended: phase and whether a webhook must be told of it.
  struct Ending {
    std::string batch;
    std::string phase;
    bool webhook;
  };
  const std::vector<Ending>& endings() const { return endings_; }
  void end_command();

  const BatchFigures& figures() const { return figures_; }
  std::uint64_t open_batches() const { return batches_.size(); }
  std::uint64_t open_quotes() const { return quotes_.size(); }

 private:
  struct Quote {
    std::string org;
    Plan plan;
    bool estimate = false;
    std::int64_t items_max = 0;
    std::int64_t item_ceiling = 0;
    std::uint64_t terms = 0;  // fingerprint
    std::uint64_t plan_text = 0;
    core::Timestamp expires_at;
  };
  enum class UnitPhase : std::uint8_t { planned, dispatched, closed };
  struct Unit {
    UnitPhase phase = UnitPhase::planned;
    std::uint32_t route = 0;
    std::int64_t item_count = 0;
    std::int64_t quoted = 0;
    std::int64_t attempt = 0;
    std::int64_t epoch = 0;
    Progress progress;
  };
  struct Batch {
    std::string org;
    Plan plan;
    core::Timestamp deadline;
    bool webhook = false;
    bool queued = false;
    std::string stop;  // its reason; empty: none
    std::vector<Unit> units;
    std::int64_t units_closed = 0;
    Tally tally{};  // of the units that are closed
    std::int64_t charged = 0;
    std::map<std::string, std::int64_t, std::less<>> costs;  // by provider
  };
  // Of the command that is being read.
  struct Consumed {
    std::string quote;
    std::string org;
    std::string batch;
    Quote terms;
    std::uint32_t event;
    bool used = false;
  };
  struct Closed {
    std::string batch;
    std::uint32_t event;
  };

  Batch* find_batch(std::string_view org, std::string_view id);
  struct Open {
    Batch* batch = nullptr;
    Unit* unit = nullptr;
  };
  Open find_unit(const UnitEvent& event);
  bool is_current(const Open& open, const UnitEvent& event);
  void check_progress(Unit& unit, const UnitEvent& event);
  void add_costs(Batch& batch, const Unit& unit, const UnitEvent& event);
  void check_units(const std::string& id, const Batch& batch);
  void check_end(const std::string& id, const Batch& batch, const BatchEnded& event);
  void settle(const std::string& id, const Batch& batch, const BatchEnded& event);

  Reporter& reporter_;
  Ledger& ledger_;
  ByText<Quote> quotes_;   // that are locked
  SeenIds spent_;          // quotes that are not any more
  ByText<Batch> batches_;  // that have not ended
  SeenIds over_;           // batches that have
  std::vector<Consumed> consumed_;
  std::vector<Closed> last_units_;  // of batches that must end in this command
  std::vector<std::string> accepted_;
  std::vector<Ending> endings_;
  BatchFigures figures_;
};

}  // namespace processors::audit
