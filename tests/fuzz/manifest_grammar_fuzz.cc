// Fuzzes intake with manifests made by a grammar: verdict, number of items and digest are those of a slow reader of the
// same text, whatever the form (JSON, NDJSON, spaces, escapes) and however the bytes come; the forms of a good manifest
// become one plan at one price; what is refused is refused with a place inside the text.
#include <cstdint>
#include <optional>
#include <string>

#include "core/catalog.h"
#include "processors/intake/intake.h"
#include "processors/testing/fake_blobs.h"
#include "schemas/catalog.h"
#include "tests/fuzz/manifest_maker.h"
#include "tests/fuzz/manifest_reference.h"

namespace {

using fuzz::require;
using schemas::manifest::Format;
using Received = core::Result<processors::ReceivedManifest>;

// Of one input.
struct Service {
  static const core::Catalog& catalog() {
    static const core::Catalog built_in = schemas::built_in_catalog();
    return built_in;
  }
  processors::testing::FakeBlobs blobs;
  const processors::Intake intake{blobs,
                                  catalog(),
                                  {{core::ProviderId("openai"), core::Mode::sync},
                                   {core::ProviderId("openai"), core::Mode::batch},
                                   {core::ProviderId("anthropic"), core::Mode::batch}},
                                  {.items_per_unit = 2}};

  Received receive(const std::string& text, Format format) {
    const auto body = blobs.create_spool();
    require((*body)->append(text).has_value());
    return intake.receive(**body, format);
  }
};

class NoItems final : public schemas::manifest::ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem&, std::string_view) override { return {}; }
};

void check_refusal(const core::Error& error, std::string_view text) {
  require(!error.detail.empty());
  const std::size_t at = error.detail.find("at byte ");
  if (at == std::string::npos) return;
  require(std::strtoull(error.detail.c_str() + at + 8, nullptr, 10) <= text.size());
}

void check_same(const Received& left, const Received& right) {
  require(left.has_value() && right.has_value());
  require(left->summary.item_count == right->summary.item_count);
  require((left->summary.fault_count == 0) == (right->summary.fault_count == 0));
  require(left->summary.fault_count != 0 || left->summary.digest == right->summary.digest);
}

// The bytes one by one, too.
void check_in_pieces(const Received& whole, const std::string& text, Format format, std::size_t piece) {
  schemas::manifest::TextSource source(text, piece);
  NoItems sink;
  const auto read = schemas::manifest::read_manifest(source, format, sink);
  require(read.has_value() == whole.has_value());
  if (!read) return require(read.error().code == whole.error().code && read.error().detail == whole.error().detail);
  require(read->digest == whole->summary.digest && read->fault_count == whole->summary.fault_count);
  require(read->item_count == whole->summary.item_count);
}

// What the slow reader says; nothing where it knows that ours may say otherwise.
void check_verdict(const Received& received, const std::string& text) {
  fuzz::JsonText reader(text);
  const std::optional<fuzz::Json> json = reader.read();
  if (reader.huge_number()) return;
  const bool is_manifest = json && json->is(fuzz::Json::Kind::object) && reader.depth() <= 64;
  require(received.has_value() == is_manifest);
  if (!is_manifest) {
    check_refusal(received.error(), text);
    if (json && json->is(fuzz::Json::Kind::object)) require(received.error().code == core::ErrorCode::json_too_deep);
    return;
  }
  const fuzz::ManifestReference reference(*json);
  require(received->summary.item_count == reference.count);
  require((received->summary.fault_count == 0) == reference.good);
  for (const core::ManifestFault& fault : received->summary.faults)
    require(!fault.code.empty() && !fault.message.empty() && (fault.pointer.empty() || fault.pointer.starts_with('/')));
  if (reference.good) require(received->summary.digest.value() == reference.digest());
}

void check_plans(Service& service, const Received& left, const Received& right) {
  const core::Timestamp now = *schemas::parse_rfc3339("2026-11-22T00:00:00Z");
  const auto plan = service.intake.plan(*left, now);
  const auto other = service.intake.plan(*right, now);
  require(plan.has_value() && other.has_value() && plan->fault_count == other->fault_count);
  if (plan->fault_count > 0) return;
  require(plan->plan.total == other->plan.total && plan->plan.blob == other->plan.blob);
  core::Money sum;
  for (const core::quote::Route& route : plan->plan.routes) sum = sum + route.total;
  require(sum == plan->plan.total && plan->plan.item_count == left->summary.item_count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t items_at = input.choice(6);
  const bool damaged = input.choice(3) == 0;
  fuzz::ManifestMaker maker(input);
  const fuzz::MadeManifest made = maker.make();
  std::string document = maker.document(made, items_at);
  const std::string lines = maker.lines(made);
  if (damaged) maker.damage(document);

  Service service;
  const Received received = service.receive(document, Format::json);
  check_in_pieces(received, document, Format::json, 1 + input.choice(7));
  check_verdict(received, document);
  const Received of_lines = service.receive(lines, Format::ndjson);
  check_in_pieces(of_lines, lines, Format::ndjson, 1 + input.choice(7));
  if (damaged || !received || !of_lines) return 0;
  check_same(received, of_lines);
  if (received->summary.fault_count > 0) return 0;
  // The slow reader's own text of it.
  const Received plain = service.receive(fuzz::written(*fuzz::JsonText(document).read()), Format::json);
  check_same(received, plain);
  check_plans(service, received, of_lines);
  check_plans(service, received, plain);
  return 0;
}
