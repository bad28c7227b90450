// If these fail, what other tests say of durability means nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <mutex>

#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"

// In the place of the C library's in this whole program. It does not sync: no test can cut the power, and so the tests'
// time does not depend on the disk.
extern "C" int fsync(int descriptor) {
  adapters::files::SyncWitness::synced(descriptor);
  return 0;
}

namespace adapters::files {
namespace {

using std::filesystem::path;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::mutex mutex;
SyncWitness* watching = nullptr;

std::uint64_t inode_of(const path& name) {
  struct stat status {};
  return ::stat(name.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string bytes_of(const path& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

SyncWitness::SyncWitness() {
  const std::scoped_lock lock(mutex);
  watching = this;
}

SyncWitness::~SyncWitness() {
  const std::scoped_lock lock(mutex);
  watching = nullptr;
}

void SyncWitness::synced(int descriptor) {
  const std::scoped_lock lock(mutex);
  if (watching == nullptr) return;
  const path name = "/proc/self/fd/" + std::to_string(descriptor);
  if (!std::filesystem::is_directory(name)) {
    watching->bytes_[inode_of(name)] = bytes_of(name);
    return;
  }
  const Inode directory = inode_of(name);
  std::erase_if(watching->names_, [&](const auto& entry) { return entry.first.first == directory; });
  for (const auto& entry : std::filesystem::directory_iterator(name))
    watching->names_[{directory, entry.path().filename().string()}] = inode_of(entry.path());
}

std::vector<std::string> SyncWitness::unsynced_names(const path& directory) const {
  const std::scoped_lock lock(mutex);
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const path& name = entry.path();
    if (name.filename() == "lock") continue;
    const auto known = names_.find({inode_of(name.parent_path()), name.filename().string()});
    if (known == names_.end() || known->second != inode_of(name)) found.push_back(name.lexically_relative(directory));
  }
  return found;
}

std::vector<std::string> SyncWitness::unsynced(const path& directory) const {
  std::vector<std::string> found = unsynced_names(directory);
  const std::scoped_lock lock(mutex);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
    const auto known = bytes_.find(inode_of(entry.path()));
    if (known == bytes_.end() || known->second != bytes_of(entry.path()))
      found.push_back("bytes of " + entry.path().lexically_relative(directory).string());
  }
  return found;
}

namespace {

TEST(SyncWitness, KnowsWhichNamesAndBytesWouldBeLost) {
  const TemporaryDirectory directory;
  const path file = directory.path() / "file";
  const SyncWitness witness;
  std::ofstream(file) << "bytes";
  EXPECT_THAT(witness.unsynced(directory.path()), ElementsAre("file", "bytes of file"));
  ASSERT_TRUE(sync_directory(directory.path()));
  EXPECT_THAT(witness.unsynced(directory.path()), ElementsAre("bytes of file"));
  const auto opened = open(file, O_RDONLY);
  ASSERT_TRUE(sync(*opened, file));
  EXPECT_THAT(witness.unsynced(directory.path()), IsEmpty());
  std::ofstream(file, std::ios::app) << "more";
  std::filesystem::rename(file, directory.path() / "renamed");
  EXPECT_THAT(witness.unsynced(directory.path()), UnorderedElementsAre("renamed", "bytes of renamed"));
}

TEST(SyncWitness, FilesAndDirectoriesAreDurableAlsoWhereTheirMakerWasKilledBeforeTheSync) {
  const TemporaryDirectory directory;
  const path deep = directory.path() / "a" / "b" / "c";
  for (const char* found : {"", "a", "a/b", "a/b/c"}) {
    std::filesystem::remove_all(directory.path() / "a");
    std::filesystem::create_directories(directory.path() / found);
    const SyncWitness witness;
    // Only the last name may not be durable: nobody begins a directory below one that is not.
    for (path above = path(found).parent_path(); !above.empty(); above = above.parent_path()) {
      ASSERT_TRUE(sync_directory((directory.path() / above).parent_path()));
    }
    ASSERT_TRUE(make_directories(deep));
    ASSERT_TRUE(write_durably(deep / "written", "bytes"));
    ASSERT_TRUE(create_durably(deep / "created", "bytes"));
    EXPECT_THAT(witness.unsynced(directory.path()), IsEmpty()) << "found: " << found;
  }
}

}  // namespace
}  // namespace adapters::files
