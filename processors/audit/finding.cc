#include "processors/audit/finding.h"

#include <utility>

namespace processors::audit {

std::string_view to_string(Rule rule) {
  switch (rule) {
#define X(rule) \
  case Rule::rule: return #rule;
    AUDIT_RULES(X)
#undef X
  }
  return "";
}

std::string place_of(const Finding& finding) {
  if (!finding.partition) return "";
  std::string place = std::to_string(finding.partition->value());
  if (!finding.offset) return place;
  place += "/" + std::to_string(finding.offset->value());
  if (finding.last && *finding.last != *finding.offset) return place + "-" + std::to_string(finding.last->value());
  return finding.event ? place + "." + std::to_string(*finding.event) : place;
}

void Findings::add(Finding finding) {
  ++count_;
  if (kept_.size() < kept_max) kept_.push_back(std::move(finding));
}

}  // namespace processors::audit
