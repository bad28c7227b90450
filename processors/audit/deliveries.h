// Webhooks of one partition, followed a second time.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "processors/audit/batches.h"
#include "processors/audit/events.h"
#include "processors/audit/reporter.h"
#include "processors/audit/texts.h"

namespace processors::audit {

// One delivery for each ended batch that asked for one, told of in the same command; attempts in order, none after the
// end but those an operator ordered.
class Deliveries {
 public:
  explicit Deliveries(Reporter& reporter) : reporter_(reporter) {}

  void take_scheduled(const DeliveryEvent& event, const std::vector<Batches::Ending>& endings);
  // succeeded, failed, exhausted
  void take_tried(const DeliveryEvent& event, bool last);
  void take_retried(const DeliveryEvent& event);
  void take_replayed(const DeliveryEvent& event);

  void end_command(const std::vector<Batches::Ending>& endings);
  std::uint64_t scheduled() const { return scheduled_; }

 private:
  void disordered(const DeliveryEvent& event);

  Reporter& reporter_;
  ByText<std::int64_t> pending_;                           // attempts so far
  std::unordered_map<std::uint64_t, std::int64_t> ended_;  // the same, by fingerprint
  SeenIds told_;                                           // batch and type
  std::vector<std::string_view> batches_;                  // with a delivery scheduled in this command
  std::uint64_t scheduled_ = 0;
};

}  // namespace processors::audit
