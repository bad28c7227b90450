// A blob store in memory on a disk that fails and forgets.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/blob_store.h"
#include "tests/simulation/chance.h"

namespace simulation {

struct BlobFaults {
  double fails = 0;  // of each write, sync or creation
};

// What the disk has. It outlives the processes, several of which may use it.
struct Shelf {
  struct File {
    std::string text;
    std::size_t synced = 0;
  };
  std::map<core::Digest, std::string> blobs;
  std::map<std::pair<core::OrgId, core::Digest>, std::string> of_orgs;
  std::set<core::OrgId> erased;
  std::map<std::string, std::shared_ptr<File>> files;

  // The power fails: files lose what was not synced, or the end of it.
  void power_off(Chance& chance) {
    for (auto& [name, file] : files) {
      file->text.resize(chance.between(file->synced, file->text.size()));
      file->synced = file->text.size();
    }
  }
};

// One process's view of it.
class Blobs final : public processors::BlobStore {
 public:
  Blobs(Shelf& shelf, Chance& chance, const BlobFaults& faults)
      : state_(std::make_shared<State>(State{shelf, chance, faults})) {}

  // The process is gone: nothing that it still holds can write.
  void die() { state_->dead = true; }

  core::Result<std::unique_ptr<processors::BlobWriter>> create() override;
  core::Result<std::unique_ptr<processors::BlobReader>> open(const core::Digest& digest) const override;
  core::Result<std::unique_ptr<processors::BlobWriter>> create(const core::OrgId& owner) override;
  core::Result<std::unique_ptr<processors::BlobReader>> open(const core::OrgId& owner,
                                                             const core::Digest& digest) const override;
  core::Result<void> erase(const core::OrgId& owner) override;
  core::Result<std::unique_ptr<processors::Spool>> create_spool() override;
  core::Result<std::unique_ptr<processors::Segment>> open_segment(const std::string& name) override;
  core::Result<std::unique_ptr<processors::BlobReader>> read_segment(const std::string& name) const override;
  core::Result<void> put(const std::string& name, std::string_view bytes) override;
  core::Result<std::vector<std::string>> list(const std::string& below) const override;
  core::Result<void> remove(const std::string& name) override;
  core::Result<void> remove_blob(const core::Digest& digest) override;

  struct State {
    Shelf& shelf;
    Chance& chance;
    const BlobFaults& faults;
    bool dead = false;

    core::Result<void> may_write() const {
      if (dead || chance.happens(faults.fails))
        return core::Error{core::ErrorCode::storage_failed, "the disk of the blobs does not take it"};
      return {};
    }
  };

 private:
  std::shared_ptr<State> state_;
};

}  // namespace simulation
