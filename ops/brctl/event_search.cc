#include "ops/brctl/event_search.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace ops::brctl {

namespace {

bool contains(std::string_view text, std::string_view part) {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool type_matches(const std::vector<std::string>& globs, const std::string& type) {
  return globs.empty() || std::ranges::any_of(globs, [&](const std::string& glob) {
           return ::fnmatch(glob.c_str(), type.c_str(), 0) == 0;
         });
}

// What every type that the glob matches begins with, as it stands in a record.
std::string literal_of(const std::string& glob) {
  return "\"type\":\"batchrouter." + glob.substr(0, glob.find_first_of("*?[\\"));
}

}  // namespace

bool Subject::is_named_in(std::string_view text) const {
  return std::ranges::any_of(ids_, [&](const std::string& id) { return contains(text, id); });
}

void Subject::learn(const core::Event& event) {
  if (const auto* accepted = std::get_if<core::batch::BatchAccepted>(&event)) {
    if (ids_.contains(accepted->batch.value())) add(accepted->quote.value());
  } else if (const auto* consumed = std::get_if<core::quote::QuoteConsumed>(&event)) {
    if (ids_.contains(consumed->quote.value())) add(consumed->batch.value());
  } else if (const auto* scheduled = std::get_if<core::webhook::DeliveryScheduled>(&event)) {
    if (ids_.contains(scheduled->batch.value())) add(scheduled->delivery.value());
  }
}

EventSearch::EventSearch(EventFilter filter) : filter_(std::move(filter)) {
  if (!filter_.batch.empty()) batch_.emplace(filter_.batch);
}

core::Result<std::vector<SeenEvent>> EventSearch::matches(core::Partition partition,
                                                          const processors::StoredRecord& stored) {
  if (!may_match(stored.record)) return std::vector<SeenEvent>{};
  auto events = events_of(partition, stored);
  if (!events) return events;
  std::vector<SeenEvent> found;
  for (SeenEvent& event : *events) {
    if (batch_) {
      if (!batch_->is_named_in(event.json)) continue;
      if (event.event) batch_->learn(*event.event);
    }
    if (matches(event)) found.push_back(std::move(event));
  }
  return found;
}

bool EventSearch::may_match(const processors::JournalRecord& record) const {
  if ((filter_.from && record.time < *filter_.from) || (filter_.to && record.time >= *filter_.to)) return false;
  if (!filter_.text.empty() && !contains(record.value, filter_.text)) return false;
  if (!filter_.org.empty() && !contains(record.value, filter_.org)) return false;
  if (batch_ && !batch_->is_named_in(record.value)) return false;
  return filter_.types.empty() || std::ranges::any_of(filter_.types, [&](const std::string& glob) {
           return contains(record.value, literal_of(glob));
         });
}

bool EventSearch::matches(const SeenEvent& event) const {
  return (filter_.text.empty() || contains(event.json, filter_.text)) &&
         (filter_.org.empty() || contains(event.json, filter_.org)) && type_matches(filter_.types, event.type);
}

core::Result<std::vector<SeenEvent>> events_about(Subject& subject, core::Partition partition,
                                                  const processors::StoredRecord& stored) {
  if (!subject.is_named_in(stored.record.value)) return std::vector<SeenEvent>{};
  auto events = events_of(partition, stored);
  if (!events) return events;
  std::vector<SeenEvent> found;
  for (auto begin = events->begin(); begin != events->end();) {
    const auto end =
        std::find_if(begin, events->end(), [&](const SeenEvent& event) { return event.cause != begin->cause; });
    const bool named = std::any_of(begin, end, [&](const SeenEvent& event) { return subject.is_named_in(event.json); });
    for (auto event = begin; named && event != end; ++event) {
      if (event->event) subject.learn(*event->event);
    }
    if (named) std::move(begin, end, std::back_inserter(found));
    begin = end;
  }
  return found;
}

}  // namespace ops::brctl
