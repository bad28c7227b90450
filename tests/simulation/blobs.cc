#include "tests/simulation/blobs.h"

#include <algorithm>

#include "schemas/digest.h"

namespace simulation {

namespace {

using StatePointer = std::shared_ptr<Blobs::State>;

std::string part_of(const std::string& text, std::uint64_t offset, std::size_t length) {
  return text.substr(std::min<std::size_t>(offset, text.size()), length);
}

class Reader final : public processors::BlobReader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const override { return text_.size(); }
  core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return part_of(text_, offset, length);
  }

 private:
  const std::string text_;
};

class Writer final : public processors::BlobWriter {
 public:
  Writer(StatePointer state, std::optional<core::OrgId> owner) : state_(std::move(state)), owner_(std::move(owner)) {}
  core::Result<void> append(std::string_view bytes) override {
    if (const auto may = state_->may_write(); may.has_error()) return may;
    text_ += bytes;
    return {};
  }
  core::Result<core::Digest> finish() override {
    if (const auto may = state_->may_write(); may.has_error()) return may.error();
    const core::Digest digest = schemas::sha256(text_);
    if (!owner_)
      state_->shelf.blobs[digest] = text_;
    else if (!state_->shelf.erased.contains(*owner_))
      state_->shelf.of_orgs[{*owner_, digest}] = text_;
    else
      return core::Error{core::ErrorCode::storage_failed, "the org was erased"};
    return digest;
  }

 private:
  const StatePointer state_;
  const std::optional<core::OrgId> owner_;
  std::string text_;
};

class MemorySpool final : public processors::Spool {
 public:
  explicit MemorySpool(StatePointer state) : state_(std::move(state)) {}
  std::uint64_t size() const override { return text_.size(); }
  core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return part_of(text_, offset, length);
  }
  core::Result<void> append(std::string_view bytes) override {
    if (const auto may = state_->may_write(); may.has_error()) return may;
    text_ += bytes;
    return {};
  }

 private:
  const StatePointer state_;
  std::string text_;
};

class SegmentOfShelf final : public processors::Segment {
 public:
  SegmentOfShelf(StatePointer state, std::shared_ptr<Shelf::File> file)
      : state_(std::move(state)), file_(std::move(file)) {}
  std::uint64_t size() const override { return file_->text.size(); }
  core::Result<void> append(std::string_view lines) override {
    if (const auto may = state_->may_write(); may.has_error()) {
      if (!state_->dead) file_->text += lines.substr(0, state_->chance.between(0, lines.size()));
      return may;
    }
    file_->text += lines;
    return {};
  }
  core::Result<void> sync() override {
    if (const auto may = state_->may_write(); may.has_error()) return may;
    file_->synced = file_->text.size();
    return {};
  }
  core::Result<void> truncate(std::uint64_t size) override {
    if (const auto may = state_->may_write(); may.has_error()) return may;
    file_->text.resize(size);
    file_->synced = size;
    return {};
  }

 private:
  const StatePointer state_;
  const std::shared_ptr<Shelf::File> file_;
};

core::Error no_such_blob() {
  return {core::ErrorCode::blob_not_found, "no such blob"};
}

}  // namespace

core::Result<std::unique_ptr<processors::BlobWriter>> Blobs::create() {
  if (const auto may = state_->may_write(); may.has_error()) return may.error();
  return std::make_unique<Writer>(state_, std::nullopt);
}

core::Result<std::unique_ptr<processors::BlobReader>> Blobs::open(const core::Digest& digest) const {
  const auto found = state_->shelf.blobs.find(digest);
  if (found == state_->shelf.blobs.end()) return no_such_blob();
  return std::make_unique<Reader>(found->second);
}

core::Result<std::unique_ptr<processors::BlobWriter>> Blobs::create(const core::OrgId& owner) {
  if (const auto may = state_->may_write(); may.has_error()) return may.error();
  return std::make_unique<Writer>(state_, owner);
}

core::Result<std::unique_ptr<processors::BlobReader>> Blobs::open(const core::OrgId& owner,
                                                                  const core::Digest& digest) const {
  const auto found = state_->shelf.of_orgs.find({owner, digest});
  if (found == state_->shelf.of_orgs.end()) return no_such_blob();
  return std::make_unique<Reader>(found->second);
}

core::Result<void> Blobs::erase(const core::OrgId& owner) {
  if (const auto may = state_->may_write(); may.has_error()) return may;
  state_->shelf.erased.insert(owner);
  std::erase_if(state_->shelf.of_orgs, [&](const auto& blob) { return blob.first.first == owner; });
  return {};
}

core::Result<std::unique_ptr<processors::Spool>> Blobs::create_spool() {
  if (const auto may = state_->may_write(); may.has_error()) return may.error();
  return std::make_unique<MemorySpool>(state_);
}

core::Result<std::unique_ptr<processors::Segment>> Blobs::open_segment(const std::string& name) {
  if (const auto may = state_->may_write(); may.has_error()) return may.error();
  std::shared_ptr<Shelf::File>& file = state_->shelf.files[name];
  if (!file) file = std::make_shared<Shelf::File>();
  return std::make_unique<SegmentOfShelf>(state_, file);
}

core::Result<std::unique_ptr<processors::BlobReader>> Blobs::read_segment(const std::string& name) const {
  const auto found = state_->shelf.files.find(name);
  if (found == state_->shelf.files.end()) return no_such_blob();
  return std::make_unique<Reader>(found->second->text);
}

core::Result<void> Blobs::put(const std::string& name, std::string_view bytes) {
  if (const auto may = state_->may_write(); may.has_error()) return may;
  state_->shelf.files[name] = std::make_shared<Shelf::File>(Shelf::File{std::string(bytes), bytes.size()});
  return {};
}

core::Result<std::vector<std::string>> Blobs::list(const std::string& below) const {
  std::vector<std::string> names;
  for (const auto& [name, file] : state_->shelf.files) {
    if (name.starts_with(below + "/")) names.push_back(name);
  }
  return names;
}

core::Result<void> Blobs::remove(const std::string& name) {
  if (const auto may = state_->may_write(); may.has_error()) return may;
  state_->shelf.files.erase(name);
  return {};
}

core::Result<void> Blobs::remove_blob(const core::Digest& digest) {
  if (const auto may = state_->may_write(); may.has_error()) return may;
  state_->shelf.blobs.erase(digest);
  return {};
}

}  // namespace simulation
