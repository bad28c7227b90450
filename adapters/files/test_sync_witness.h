// For tests: whether what a program calls durable was synced. fsync() and fdatasync() of the test program tell it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace adapters::files {

// One at a time. Threading: any thread.
class SyncWitness {
 public:
  SyncWitness();  // knows of no sync before it
  ~SyncWitness();
  SyncWitness(const SyncWitness&) = delete;
  SyncWitness& operator=(const SyncWitness&) = delete;

  // What is below the directory and would not be if the power went now: names since their directory's last sync, and
  // files whose bytes are others than at their own. Lock files hold nothing.
  std::vector<std::string> unsynced(const std::filesystem::path& directory) const;
  std::vector<std::string> unsynced_names(const std::filesystem::path& directory) const;

  static void synced(int descriptor);

 private:
  using Inode = std::uint64_t;

  std::map<std::pair<Inode, std::string>, Inode> names_;  // by directory and name
  std::map<Inode, std::string> bytes_;
};

}  // namespace adapters::files
