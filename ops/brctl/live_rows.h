// For subcommands that read rows: the journal, the live state over it, and a reader of its rows.
#pragma once

#include <memory>
#include <optional>

#include "ops/brctl/live_state.h"
#include "ops/brctl/run.h"
#include "ops/brctl/source.h"
#include "ops/config_load.h"
#include "processors/state_reader.h"

namespace ops::brctl {

class LiveRows {
 public:
  // `org`: whose rows alone will be read; else everybody's. Says what is wrong, where something is, and answers null.
  static std::unique_ptr<LiveRows> open(Console& console, const ConfigFlags& flags,
                                        const std::optional<core::OrgId>& org = std::nullopt);

  // Of all partitions. Errors: those of LiveState::open().
  static core::Result<std::unique_ptr<LiveRows>> open(const Config& config, std::unique_ptr<Source> source,
                                                      const std::optional<core::OrgId>& org = std::nullopt);

  const Config& config() const { return config_; }
  const LiveState& state() const { return *state_; }
  const processors::StateReader& reader() const { return reader_; }

  // The rows of a kind: of all partitions, or of `org` alone.
  template <class Row, class Visit>
  core::Result<void> each(const std::optional<core::OrgId>& org, Visit visit) const {
    if (org) {
      const core::AggregateKey aggregate = core::aggregate_of(*org);
      return reader_.list<Row>(aggregate, schemas::row_prefix<Row>(*org), "", processors::Order::oldest_first,
                               [&](Row row) {
                                 visit(std::move(row));
                                 return true;
                               });
    }
    const auto listed = reader_.list_served<Row>(schemas::row_prefix<Row>(), [&](Row row) { visit(std::move(row)); });
    if (listed.has_error()) return listed.error();
    return {};
  }

 private:
  LiveRows(Config config, std::unique_ptr<Source> source, std::unique_ptr<LiveState> state);

  const Config config_;
  const std::unique_ptr<Source> source_;
  const std::unique_ptr<LiveState> state_;
  const processors::StateReader reader_;
};

}  // namespace ops::brctl
