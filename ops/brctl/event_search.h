// Which events of the journal are asked for. Records are looked at as bytes first, and read only where they may have
// one, so that a search costs what reading the disk costs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "ops/brctl/seen_event.h"
#include "processors/ports/journal.h"

namespace ops::brctl {

// Everything that is said of one thing, and of what belongs to it: of a batch its webhook deliveries and, where that
// was said before, its quote; of a quote the batch that consumed it.
class Subject {
 public:
  explicit Subject(std::string id) : ids_{std::move(id)} {}

  void add(std::string id) { ids_.insert(std::move(id)); }
  bool is_named_in(std::string_view text) const;
  // Takes up what the event, which names the subject, says of what belongs to it.
  void learn(const core::Event& event);

 private:
  std::set<std::string> ids_;
};

struct EventFilter {
  std::string org;                 // empty: any
  std::string batch;               // the same
  std::vector<std::string> types;  // globs such as batch.*; none: any
  std::string text;                // somewhere in the event's JSON
  std::optional<core::Timestamp> from;
  std::optional<core::Timestamp> to;  // before it
};

// Threading: one thread. Of each partition the records come in order.
class EventSearch {
 public:
  explicit EventSearch(EventFilter filter);

  // Those of a record that match. Errors: malformed_event.
  core::Result<std::vector<SeenEvent>> matches(core::Partition partition, const processors::StoredRecord& stored);

 private:
  bool may_match(const processors::JournalRecord& record) const;
  bool matches(const SeenEvent& event) const;

  const EventFilter filter_;
  std::optional<Subject> batch_;
};

// The commands of a record that have an event naming the subject, whole. Errors: malformed_event.
core::Result<std::vector<SeenEvent>> events_about(Subject& subject, core::Partition partition,
                                                  const processors::StoredRecord& stored);

}  // namespace ops::brctl
