#include "schemas/manifest/reader.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/invariant.h"
#include "schemas/manifest/canonical_line.h"
#include "schemas/manifest/digest_set.h"
#include "schemas/manifest/faults.h"
#include "schemas/manifest/header.h"
#include "schemas/manifest/item.h"
#include "schemas/manifest/splitter.h"

namespace schemas::manifest {
namespace {

class Sha256 {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    INVARIANT(context_ != nullptr);
    INVARIANT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }

  void update(std::string_view bytes) { INVARIANT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }

  // Answers the digest and starts over.
  Bytes finish() {
    Bytes bytes{};
    INVARIANT(EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr) == 1);
    INVARIANT(EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1);
    return bytes;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string hex(const Sha256::Bytes& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

class ManifestReader final : public SplitSink {
 public:
  ManifestReader(Format format, ItemSink& sink) : format_(format), sink_(sink) {}

  core::Result<Summary> read(ByteSource& source) {
    const core::Result<void> split =
        format_ == Format::json ? split_document(source, *this) : split_lines(source, *this);
    if (!split && !too_many_items_) return split.error();
    if (item_count_ == 0) add("items_required", "/items", "a manifest has 1 to 1,000,000 items");

    Summary summary;
    summary.header = header_.header();
    summary.quote_id = header_.quote_id();
    summary.only_quote_id = header_.only_quote_id() && !items_given_;
    summary.item_count = item_count_;
    summary.faults = faults_.listed();
    summary.fault_count = faults_.count();
    summary.digest = content_digest();
    return summary;
  }

 private:
  core::Result<void> on_header_member(std::string_view name, std::string_view json) override {
    if (name == "items") {
      items_given_ = true;
      add("invalid_type", "/items", "must be an array of items");
    } else {
      header_.read(name, json);
    }
    return {};
  }

  core::Result<void> on_items() override {
    if (format_ == Format::ndjson) {
      add("field_not_allowed", "/items", "the first line of NDJSON has no items: put one on each of the next lines");
    } else if (items_given_) {
      add("duplicate_field", "/items", "\"items\" stands here twice: keep one of them");
    }
    items_given_ = true;
    return {};
  }

  core::Result<void> on_item(std::string_view json) override {
    if (core::Result<void> counted = count_item(); !counted) return counted;
    const std::uint32_t number = item_count_ - 1;
    const std::optional<core::ManifestItem> item = items_.read(number, json, id_);
    if (!id_.empty() && !ids_.insert(short_digest(id_))) {
      faults_.add({"duplicate_customer_item_id", "/items/" + std::to_string(number) + "/customer_item_id", id_,
                   "an item before this one has the same id: each must be unique in its manifest"});
      return {};
    }
    if (!item) return {};
    const std::size_t content_bytes = write_canonical_line(*item, line_);
    items_hash_.update(std::string_view(line_).substr(0, content_bytes));
    items_hash_.update("\n");
    return sink_.on_item(*item, line_);
  }

  core::Result<void> on_broken_item(const core::Error& error) override {
    if (core::Result<void> counted = count_item(); !counted) return counted;
    add(core::to_string(error.code), "/items/" + std::to_string(item_count_ - 1), error.detail);
    return {};
  }

  core::Result<void> count_item() {
    items_given_ = true;
    if (item_count_ < core::manifest_items_max) {
      ++item_count_;
      return {};
    }
    too_many_items_ = true;
    add("too_many_items", "/items/" + std::to_string(item_count_),
        "a manifest has at most 1,000,000 items: split it into several batches");
    return core::Error{core::ErrorCode::invalid_manifest, "too many items"};
  }

  void add(std::string_view code, std::string pointer, std::string message) {
    faults_.add({std::string(code), std::move(pointer), "", std::move(message)});
  }

  Digest128 short_digest(std::string_view id) {
    id_hash_.update(id);
    const Sha256::Bytes bytes = id_hash_.finish();
    Digest128 digest{};
    std::copy_n(bytes.begin(), digest.size(), digest.begin());
    return digest;
  }

  // The header may come after the items, so they are hashed on their own.
  core::Digest content_digest() {
    Sha256 hash;
    hash.update("batchrouter manifest 1\n");
    hash.update(header_content(header_.header()));
    hash.update("\n");
    hash.update(hex(items_hash_.finish()));
    return core::Digest{hex(hash.finish())};
  }

  const Format format_;
  ItemSink& sink_;
  FaultList faults_;
  HeaderReader header_{faults_};
  ItemReader items_{faults_};
  std::uint32_t item_count_ = 0;
  bool items_given_ = false;
  bool too_many_items_ = false;
  std::string id_;  // of the item at hand
  DigestSet ids_;
  Sha256 id_hash_;
  Sha256 items_hash_;
  std::string line_;
};

}  // namespace

core::Result<Summary> read_manifest(ByteSource& source, Format format, ItemSink& sink) {
  return ManifestReader(format, sink).read(source);
}

}  // namespace schemas::manifest
