#include "processors/intake/intake.h"

#include <algorithm>
#include <utility>

#include "processors/blob_source.h"
#include "processors/intake/equal_items.h"
#include "processors/intake/planning.h"
#include "processors/line_reader.h"
#include "schemas/digest.h"
#include "schemas/manifest/canonical_line.h"

namespace processors {

namespace {

constexpr std::size_t spool_write_bytes = 256u << 10;

// Keeps the canonical lines of valid items, each after its number.
class SpoolSink final : public schemas::manifest::ItemSink {
 public:
  explicit SpoolSink(Spool& spool) : spool_(spool) {}

  core::Result<void> on_item(const core::ManifestItem& item, std::string_view canonical_line) override {
    lines_ += std::to_string(item.number);
    lines_.push_back(' ');
    lines_ += canonical_line;
    lines_.push_back('\n');
    return lines_.size() >= spool_write_bytes ? flush() : core::Result<void>{};
  }
  core::Result<void> flush() {
    const core::Result<void> appended = spool_.append(lines_);
    lines_.clear();
    return appended;
  }

 private:
  Spool& spool_;
  std::string lines_;
};

struct NumberedLine {
  std::uint32_t number = 0;
  std::string_view canonical;
};

// "<number> <canonical line>"
NumberedLine numbered(std::string_view line) {
  const std::size_t space = line.find(' ');
  return {static_cast<std::uint32_t>(std::stoul(std::string(line.substr(0, space)))), line.substr(space + 1)};
}

// Visits each item with its canonical line and its place in the spool.
template <class Visit>
core::Result<void> for_each_item(const Spool& spool, Visit visit) {
  LineReader lines(spool);
  for (;;) {
    const std::uint64_t offset = lines.offset();
    const auto line = lines.next();
    if (line.has_error()) return line.error();
    if (!*line) return {};
    const NumberedLine one = numbered(**line);
    core::Result<core::ManifestItem> item = schemas::manifest::parse_canonical_line(one.canonical);
    if (item.has_error()) return item.error();
    item->number = one.number;
    const EqualItems::Place place{one.number, static_cast<std::uint32_t>((*line)->size()), offset};
    if (const core::Result<void> visited = visit(std::move(*item), one.canonical, place); visited.has_error())
      return visited;
  }
}

core::Result<EqualItems> find_equal_items(const Spool& spool) {
  EqualItems equal;
  const auto added = for_each_item(spool, [&](const core::ManifestItem& item, std::string_view, const auto& place) {
    equal.add(item, place);
    return core::Result<void>{};
  });
  if (added.has_error()) return added.error();
  equal.finish();
  return equal;
}

}  // namespace

Intake::Intake(BlobStore& blobs, const core::Catalog& catalog, std::vector<core::ConfiguredLane> lanes,
               Settings settings)
    : blobs_(blobs), catalog_(catalog), lanes_(std::move(lanes)), settings_(settings) {}

core::Result<ReceivedManifest> Intake::receive(const BlobReader& body, schemas::manifest::Format format) const {
  core::Result<std::unique_ptr<Spool>> spool = blobs_.create_spool();
  if (spool.has_error()) return spool.error();
  BlobSource source(body);
  SpoolSink sink(**spool);
  core::Result<schemas::manifest::Summary> summary = schemas::manifest::read_manifest(source, format, sink);
  if (summary.has_error()) return summary.error();
  if (const auto flushed = sink.flush(); flushed.has_error()) return flushed.error();
  return ReceivedManifest{std::move(*summary), std::move(*spool)};
}

core::Result<void> Intake::add_items(Planning& planning, const Spool& items, bool dedupe) const {
  EqualItems equal;
  if (dedupe) {
    core::Result<EqualItems> found = find_equal_items(items);
    if (found.has_error()) return found.error();
    equal = std::move(*found);
  }
  return for_each_item(items, [&](core::ManifestItem item, std::string_view line, const auto&) -> core::Result<void> {
    const std::uint32_t number = item.number;
    if (equal.equals_earlier(number)) return {};
    if (const auto added = planning.add(std::move(item), line); added.has_error()) return added;
    for (const EqualItems::Place& place : equal.equals_of(number)) {
      const core::Result<std::string> text = items.read(place.offset, place.bytes);
      if (text.has_error()) return text.error();
      if (const auto added = planning.add_equal(place.number, numbered(*text).canonical); added.has_error())
        return added;
    }
    return {};
  });
}

core::Result<PlannedManifest> Intake::plan(const ReceivedManifest& manifest, core::Timestamp now,
                                           const core::learning::Scores& scores) const {
  const core::quote::Terms terms = core::quote::terms_of(manifest.summary.header);
  Planning planning(*this, terms, now, scores);
  const auto added = add_items(planning, *manifest.items, terms.dedupe);
  if (added.has_error()) return added.error();
  return planning.finish(manifest.summary.digest, manifest.summary.header.metadata);
}

core::Result<PlannedManifest> Intake::plan(const ReplannedItems& items, core::Timestamp now,
                                           const core::learning::Scores& scores) const {
  Planning planning(*this, items.terms, now, scores);
  schemas::Sha256 content;
  const auto hashed = for_each_item(*items.items, [&](const core::ManifestItem&, std::string_view line, const auto&) {
    content.update(line);
    content.update("\n");
    return core::Result<void>{};
  });
  if (hashed.has_error()) return hashed.error();
  const auto added = add_items(planning, *items.items, items.terms.dedupe);
  if (added.has_error()) return added.error();
  return planning.finish(content.finish(), items.metadata);
}

core::Duration slack_of(const core::quote::Terms& terms, core::Timestamp now) {
  const core::Duration window = core::sla_window(terms.sla_tier);
  if (!terms.deadline) return window;
  const core::Timestamp begin = terms.run_after ? std::max(now, *terms.run_after) : now;
  return std::min<core::Duration>(window, *terms.deadline - begin);
}

}  // namespace processors
