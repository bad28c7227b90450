#include "processors/imports/manifest_writer.h"

#include <algorithm>
#include <utility>

#include "core/imports/vendor_model.h"
#include "schemas/dialect/json.h"
#include "schemas/manifest/faults.h"
#include "schemas/manifest/fields.h"
#include "schemas/manifest/splitter.h"

namespace processors {

namespace {

using schemas::dialect::quoted;

constexpr std::string_view header = R"({"sla_tier":"standard","routing_mode":"cheapest"})";
constexpr std::string_view input_member = R"(,"input":)";
constexpr std::size_t write_bytes = 256u << 10;

// Of compact JSON; a manifest has bounds on both.
struct Extent {
  int depth = 0;
  std::uint64_t values = 1;
};
Extent extent_of(std::string_view json) {
  Extent extent;
  int depth = 0;
  bool quoted_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char character = json[i];
    if (quoted_text) {
      if (character == '\\') ++i;
      if (character == '"') quoted_text = false;
      continue;
    }
    if (character == '"') quoted_text = true;
    if (character == '{' || character == '[') extent.depth = std::max(extent.depth, ++depth);
    if (character == '}' || character == ']') --depth;
    if (character == ',' || character == '{' || character == '[') ++extent.values;
  }
  return extent;
}

}  // namespace

core::Result<ManifestWriter::Written> ManifestWriter::add(const schemas::imports::Request& request,
                                                          std::string_view body) {
  schemas::manifest::FaultList list;
  const schemas::manifest::FaultScope faults(list, "", request.custom_id);
  constexpr int item_depth = 3;  // of the body, in a manifest
  if (request.custom_id.size() > core::customer_item_id_bytes_max)
    faults.add("too_long", "/custom_id", "is longer than the 128 bytes that an item's id may have");
  if (schemas::manifest::has_control_character(request.custom_id))
    faults.add("invalid_value", "/custom_id", "must not have control characters, such as line breaks");
  const Extent extent = extent_of(request.input);
  if (extent.depth + item_depth > schemas::manifest::json_depth_max)
    faults.add("json_too_deep", body, "brackets are nested deeper than a manifest may have them");
  if (extent.values > schemas::manifest::item_values_max)
    faults.add("too_many", body, "has more JSON values than an item may have");
  if (list.count() == 0) inputs_.read(request.operation, request.input, faults.inside(body));

  Written written;
  written.faults = list.listed();
  const core::Model* model = core::imports::vendor_model(catalog_, request.model);
  if (list.count() > 0 || model == nullptr || item_count_ == core::manifest_items_max ||
      std::find(model->operations.begin(), model->operations.end(), request.operation) == model->operations.end())
    return written;

  if (!writer_) {
    core::Result<std::unique_ptr<BlobWriter>> writer = blobs_.create(owner_);
    if (writer.has_error()) return writer.error();
    writer_ = std::move(*writer);
    if (const auto appended = append(header); appended.has_error()) return appended.error();
  }
  std::string line = R"({"customer_item_id":)" + quoted(request.custom_id) + R"(,"operation":")" +
                     std::string(core::to_string(request.operation)) + R"(","model":)" + quoted(model->slug.value());
  line += input_member;
  line += request.input;
  line += '}';
  written.place = Place{offset_, static_cast<std::uint32_t>(line.size())};
  ++item_count_;
  if (const auto appended = append(line); appended.has_error()) return appended.error();
  return written;
}

core::Result<void> ManifestWriter::append(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
  offset_ += line.size() + 1;
  if (buffer_.size() < write_bytes) return {};
  const core::Result<void> appended = writer_->append(buffer_);
  buffer_.clear();
  return appended;
}

core::Result<core::Digest> ManifestWriter::finish() {
  if (!writer_) return core::Digest();
  if (const auto appended = writer_->append(buffer_); appended.has_error()) return appended.error();
  return writer_->finish();
}

std::string_view input_of(std::string_view line) {
  // The members before it are short and hold no quote that is not escaped, so the first one is it.
  const std::size_t begin = line.find(input_member);
  if (begin == line.npos) return "{}";
  line.remove_prefix(begin + input_member.size());
  return line.substr(0, line.size() - 1);
}

}  // namespace processors
