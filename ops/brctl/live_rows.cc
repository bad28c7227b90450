#include "ops/brctl/live_rows.h"

#include <utility>

#include "ops/brctl/output.h"

namespace ops::brctl {

LiveRows::LiveRows(Config config, std::unique_ptr<Source> source, std::unique_ptr<LiveState> state)
    : config_(std::move(config)),
      source_(std::move(source)),
      state_(std::move(state)),
      reader_(*state_, source_->partitions()) {}

std::unique_ptr<LiveRows> LiveRows::open(Console& console, const ConfigFlags& flags,
                                         const std::optional<core::OrgId>& org) {
  std::optional<Config> config = config_of(console, flags);
  if (!config) return nullptr;
  auto source = Source::open(*config);
  if (source.has_error()) {
    fail(console, source.error());
    return nullptr;
  }
  auto rows = open(*config, std::move(*source), org);
  if (rows.has_value()) return std::move(*rows);
  fail(console, rows.error());
  return nullptr;
}

core::Result<std::unique_ptr<LiveRows>> LiveRows::open(const Config& config, std::unique_ptr<Source> source,
                                                       const std::optional<core::OrgId>& org) {
  std::optional<core::Partition> only;
  if (org) only = core::partition_of(core::aggregate_of(*org), source->partitions());
  auto state = LiveState::open(config, *source, only);
  if (state.has_error()) return state.error();
  return std::unique_ptr<LiveRows>(new LiveRows(config, std::move(source), std::move(*state)));
}

}  // namespace ops::brctl
