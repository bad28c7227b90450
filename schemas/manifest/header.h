// Reads the members of a manifest beside its items, one at a time as they come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/manifest.h"
#include "schemas/manifest/faults.h"

namespace schemas::manifest {

// Whatever is wrong becomes a fault; what is not given, or is wrong, keeps its default.
// Threading: one thread. Lifetime: `faults` outlives this.
class HeaderReader {
 public:
  explicit HeaderReader(FaultList& faults);

  // Any member but `items`; `json` is compact.
  void read(std::string_view name, std::string_view json);

  const core::ManifestHeader& header() const { return header_; }
  // Names the quote that a batch is made from; no part of the content.
  const std::optional<std::string>& quote_id() const { return quote_id_; }
  // Whether nothing else was given.
  bool only_quote_id() const { return quote_id_ && members_ == 1; }

 private:
  struct Field;
  static const Field fields[];

  void read_sla_tier(std::string_view json);
  void read_routing_mode(std::string_view json);
  void read_privacy_tier(std::string_view json);
  void read_allowed_regions(std::string_view json);
  void read_webhook(std::string_view json);
  void read_webhook_url(std::string_view json);
  void read_metadata(std::string_view json);
  void read_dedupe(std::string_view json);
  void read_priority(std::string_view json);
  void read_run_after(std::string_view json);
  void read_deadline(std::string_view json);
  void read_quote_id(std::string_view json);

  std::optional<std::string> read_url(std::string_view pointer, std::string_view json);
  std::optional<std::string> read_secret(std::string_view pointer, std::string_view json);
  std::optional<core::Timestamp> read_time(std::string_view pointer, std::string_view json);
  void refuse_second_webhook(std::string_view pointer);
  void check_order(std::string_view pointer);

  const FaultScope faults_;
  core::ManifestHeader header_;
  std::optional<std::string> quote_id_;
  std::uint64_t members_ = 0;
  std::uint32_t seen_ = 0;  // a bit for each of `fields`
  bool webhook_given_ = false;
};

// One line that says what of the header matters to price and execution: not the webhook, not the metadata. Equal
// headers give equal lines, whatever the order in which members and regions were given.
std::string header_content(const core::ManifestHeader& header);

}  // namespace schemas::manifest
