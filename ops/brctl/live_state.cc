#include "ops/brctl/live_state.h"

#include <utility>

#include "adapters/rocksdb/state.h"

namespace ops::brctl {

namespace {

constexpr std::size_t records_per_write = 256;

// A fold that writes now and then, so that what it remembers stays small.
class Folding {
 public:
  Folding(processors::StateStore& store, core::Partition partition) : fold_(store, partition) {}

  core::Result<void> load() { return fold_.load(); }
  core::Offset next() const { return fold_.position().next; }

  core::Result<void> take(const processors::StoredRecord& record) {
    const core::Result<bool> taken = fold_.take(record);
    if (taken.has_error()) return taken.error();
    if (++unwritten_ < records_per_write) return {};
    unwritten_ = 0;
    return fold_.write();
  }
  core::Result<void> finish() { return unwritten_ == 0 ? core::Result<void>() : fold_.write(); }

 private:
  processors::Fold fold_;
  std::size_t unwritten_ = 0;
};

}  // namespace

LiveState::LiveState(std::unique_ptr<processors::StateStore> flushed, std::string missing, std::uint32_t partitions)
    : flushed_(std::move(flushed)), missing_(std::move(missing)), parts_(partitions) {}

core::Result<std::unique_ptr<LiveState>> LiveState::open(const Config& config, Source& source,
                                                         std::optional<core::Partition> only) {
  std::unique_ptr<processors::StateStore> flushed;
  std::string missing;
  auto opened = adapters::rocksdb::RocksdbState::open_secondary(state_directory_of(config), source.partitions(), {});
  if (opened.has_value())
    flushed = std::move(*opened);
  else
    missing = opened.error().detail;
  std::unique_ptr<LiveState> live(new LiveState(std::move(flushed), std::move(missing), source.partitions()));
  core::Result<void> folded;
  if (only) {
    folded = live->fold_tail(source.journal(), *only);
  } else if (!live->flushed_) {
    folded = live->fold_all(source);
  } else {
    for (std::uint32_t number = 0; number < source.partitions() && folded.has_value(); ++number)
      folded = live->fold_tail(source.journal(), core::Partition(number));
  }
  if (folded.has_error()) return folded.error();
  return live;
}

core::Result<void> LiveState::fold_tail(processors::JournalReader& journal, core::Partition partition) {
  Folding fold(*this, partition);
  if (const auto loaded = fold.load(); loaded.has_error()) return loaded;
  Standing& standing = parts_[partition.value()].standing;
  standing.flushed = fold.next();
  core::Result<void> taken;
  const auto read = journal.read(partition, fold.next(), [&](const processors::StoredRecord& record) {
    taken = fold.take(record);
    return taken.has_value();
  });
  if (taken.has_error()) return taken;
  if (read.has_error()) return read.error();
  standing.next = fold.next();
  return fold.finish();
}

// In one pass, where reading one partition after the other would take one each.
core::Result<void> LiveState::fold_all(Source& source) {
  std::vector<std::unique_ptr<Folding>> folds;
  for (std::uint32_t number = 0; number < source.partitions(); ++number) {
    folds.push_back(std::make_unique<Folding>(*this, core::Partition(number)));
    if (const auto loaded = folds.back()->load(); loaded.has_error()) return loaded;
  }
  core::Result<void> taken;
  const auto read = source.records()->read_on([&](core::Partition partition, const processors::StoredRecord& record) {
    taken = folds[partition.value()]->take(record);
    return taken.has_value();
  });
  if (taken.has_error()) return taken;
  if (read.has_error()) return read;
  for (std::uint32_t number = 0; number < source.partitions(); ++number) {
    parts_[number].standing.next = folds[number]->next();
    if (const auto written = folds[number]->finish(); written.has_error()) return written;
  }
  return {};
}

core::Result<std::optional<std::string>> LiveState::get(core::Partition partition, std::string_view key) const {
  const Rows& changed = parts_[partition.value()].changed;
  if (const auto found = changed.find(key); found != changed.end()) return found->second;
  if (!flushed_) return std::optional<std::string>();
  return flushed_->get(partition, key);
}

// What is in memory is merged into what is on disk, and wins.
core::Result<void> LiveState::scan(core::Partition partition, std::string_view from, std::string_view to,
                                   const Visit& visit) const {
  const Rows& changed = parts_[partition.value()].changed;
  auto next = changed.lower_bound(from);
  const auto end = changed.lower_bound(to);
  bool going_on = from < to;
  const auto visit_changed_before = [&](std::string_view key) {
    for (; going_on && next != end && (key.empty() || next->first < key); ++next) {
      if (next->second) going_on = visit(next->first, *next->second);
    }
  };
  if (flushed_ && going_on) {
    const auto scanned = flushed_->scan(partition, from, to, [&](std::string_view key, std::string_view value) {
      visit_changed_before(key);
      if (!going_on || (next != end && next->first == key)) return going_on;  // the newer one comes in its turn
      going_on = visit(key, value);
      return going_on;
    });
    if (scanned.has_error()) return scanned;
  }
  visit_changed_before({});
  return {};
}

core::Result<void> LiveState::scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                           const Visit& visit) const {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto scanned = scan(partition, from, to, [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  });
  if (scanned.has_error()) return scanned;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (!visit(row->first, row->second)) break;
  }
  return {};
}

core::Result<void> LiveState::write(core::Partition partition, const std::vector<processors::RowChange>& changes) {
  Rows& changed = parts_[partition.value()].changed;
  for (const processors::RowChange& change : changes) changed.insert_or_assign(change.key, change.value);
  return {};
}

core::Result<void> LiveState::wipe(core::Partition) {
  return core::Error{core::ErrorCode::internal, "the live state is for reading"};
}

}  // namespace ops::brctl
