// A blob store in memory that does what a disk may do: fail, and forget in a crash what was not synced.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/blob_store.h"
#include "schemas/digest.h"

namespace processors::testing {

// Threading: one thread at a time. Lifetime: outlives what it hands out.
class FakeBlobs final : public BlobStore {
 public:
  core::Result<std::unique_ptr<BlobWriter>> create() override { return std::make_unique<Writer>(*this); }

  core::Result<std::unique_ptr<BlobReader>> open(const core::Digest& digest) const override {
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) return core::Error{core::ErrorCode::blob_not_found, "no such blob"};
    return std::make_unique<Reader>(found->second);
  }

  // Without an owner, as many tests have it: anybody's.
  core::Result<std::unique_ptr<BlobWriter>> create(const core::OrgId& owner) override {
    if (owner.value().empty()) return create();
    if (erased_.contains(owner)) return failed();
    return std::make_unique<Writer>(*this, owner);
  }
  // Also what put() has put there for nobody.
  core::Result<std::unique_ptr<BlobReader>> open(const core::OrgId& owner, const core::Digest& digest) const override {
    const auto found = of_orgs_.find({owner, digest});
    if (found == of_orgs_.end()) return open(digest);
    return std::make_unique<Reader>(found->second);
  }
  core::Result<void> erase(const core::OrgId& owner) override {
    if (std::exchange(fail_next_erasure_, false)) return failed();
    erased_.insert(owner);
    std::erase_if(of_orgs_, [&](const auto& blob) { return blob.first.first == owner; });
    return {};
  }
  std::size_t count_of(const core::OrgId& owner) const {
    return static_cast<std::size_t>(
        std::count_if(of_orgs_.begin(), of_orgs_.end(), [&](const auto& blob) { return blob.first.first == owner; }));
  }
  void fail_next_erasure() { fail_next_erasure_ = true; }

  core::Result<std::unique_ptr<Spool>> create_spool() override { return std::make_unique<MemorySpool>(); }

  core::Result<std::unique_ptr<processors::Segment>> open_segment(const std::string& name) override {
    return std::make_unique<Segment>(*this, segments_[name]);
  }

  core::Result<std::unique_ptr<BlobReader>> read_segment(const std::string& name) const override {
    const auto found = segments_.find(name);
    if (found == segments_.end()) return core::Error{core::ErrorCode::blob_not_found, "no such segment"};
    return std::make_unique<Reader>(found->second.text);
  }

  core::Result<void> put(const std::string& name, std::string_view bytes) override {
    if (std::exchange(fail_next_put_, false)) return failed();
    segments_[name] = File{std::string(bytes), bytes.size()};
    return {};
  }
  core::Result<std::vector<std::string>> list(const std::string& below) const override {
    std::vector<std::string> names;
    for (const auto& [name, file] : segments_) {
      if (name.starts_with(below + "/")) names.push_back(name);
    }
    return names;
  }
  core::Result<void> remove(const std::string& name) override {
    segments_.erase(name);
    return {};
  }
  core::Result<void> remove_blob(const core::Digest& digest) override {
    blobs_.erase(digest);
    return {};
  }

  // Segments lose what was not synced. What was handed out before must not be used any more.
  void crash() {
    for (auto& [name, file] : segments_) {
      file.text.resize(file.synced);
      for (std::size_t at = file.dropped.first; at < std::min(file.dropped.second, file.synced); ++at)
        file.text[at] = '\0';
      file.dropped = {};
    }
  }
  // Like a crash that kept some of what was not synced, the last line of it torn perhaps.
  void cut_off(const std::string& name, std::size_t size) {
    File& file = segments_.at(name);
    file.text.resize(size);
    file.synced = std::min(file.synced, size);
  }

  // Nothing is written, and the writer is told.
  void fail_next_append() { fail_next_append_ = true; }
  // Half is written, and the writer is told.
  void tear_next_append() { tear_next_append_ = true; }
  void fail_next_sync() { fail_next_sync_ = true; }
  void fail_next_put() { fail_next_put_ = true; }

  core::Digest put(const std::string& text) {
    const core::Digest digest = schemas::sha256(text);
    blobs_[digest] = text;
    return digest;
  }
  // Whoever has it.
  const std::string& blob(const core::Digest& digest) const {
    const auto of_org =
        std::find_if(of_orgs_.begin(), of_orgs_.end(), [&](const auto& blob) { return blob.first.second == digest; });
    return of_org == of_orgs_.end() ? blobs_.at(digest) : of_org->second;
  }
  // Twice: as it was.
  void flip_bit(const core::Digest& digest, std::size_t at) {
    char& byte = blobs_.at(digest).at(at);
    byte = static_cast<char>(byte ^ 0x10);
  }
  std::string segment(const std::string& name) const {
    const auto found = segments_.find(name);
    return found == segments_.end() ? std::string() : found->second.text;
  }

 private:
  struct File {
    std::string text;
    std::size_t synced = 0;
    // From where to where a failed sync lost bytes that still read well, and that no later sync brings to the disk.
    std::pair<std::size_t, std::size_t> dropped = {};
  };

  static core::Error failed() { return {core::ErrorCode::storage_failed, "the disk is gone"}; }

  class Reader final : public BlobReader {
   public:
    explicit Reader(std::string text) : text_(std::move(text)) {}
    std::uint64_t size() const override { return text_.size(); }
    core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
      return text_.substr(std::min<std::size_t>(offset, text_.size()), length);
    }

   private:
    const std::string text_;
  };

  class MemorySpool final : public Spool {
   public:
    std::uint64_t size() const override { return text_.size(); }
    core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
      return text_.substr(std::min<std::size_t>(offset, text_.size()), length);
    }
    core::Result<void> append(std::string_view bytes) override {
      text_ += bytes;
      return {};
    }

   private:
    std::string text_;
  };

  class Writer final : public BlobWriter {
   public:
    explicit Writer(FakeBlobs& store, std::optional<core::OrgId> owner = std::nullopt)
        : store_(store), owner_(std::move(owner)) {}
    core::Result<void> append(std::string_view bytes) override {
      if (std::exchange(store_.fail_next_append_, false)) return failed();
      text_ += bytes;
      return {};
    }
    core::Result<core::Digest> finish() override {
      if (!owner_) return store_.put(text_);
      const core::Digest digest = schemas::sha256(text_);
      store_.of_orgs_[{*owner_, digest}] = text_;
      return digest;
    }

   private:
    FakeBlobs& store_;
    const std::optional<core::OrgId> owner_;
    std::string text_;
  };

  class Segment final : public processors::Segment {
   public:
    Segment(FakeBlobs& store, File& file) : store_(store), file_(file) {}
    std::uint64_t size() const override { return file_.text.size(); }
    core::Result<void> append(std::string_view lines) override {
      if (std::exchange(store_.fail_next_append_, false)) return failed();
      if (std::exchange(store_.tear_next_append_, false)) {
        file_.text += lines.substr(0, lines.size() / 2);
        return failed();
      }
      file_.text += lines;
      return {};
    }
    core::Result<void> sync() override {
      if (std::exchange(store_.fail_next_sync_, false)) {
        file_.dropped = {file_.synced, file_.text.size()};
        return failed();
      }
      file_.synced = file_.text.size();
      return {};
    }
    core::Result<void> truncate(std::uint64_t size) override {
      file_.text.resize(size);
      file_.synced = size;
      file_.dropped.second = std::min<std::size_t>(file_.dropped.second, size);
      return {};
    }

   private:
    FakeBlobs& store_;
    File& file_;
  };

  std::map<core::Digest, std::string> blobs_;
  std::map<std::pair<core::OrgId, core::Digest>, std::string> of_orgs_;
  std::set<core::OrgId> erased_;
  std::map<std::string, File> segments_;
  bool fail_next_append_ = false;
  bool tear_next_append_ = false;
  bool fail_next_sync_ = false;
  bool fail_next_put_ = false;
  bool fail_next_erasure_ = false;
};

}  // namespace processors::testing
