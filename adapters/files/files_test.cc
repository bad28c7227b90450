#include "adapters/files/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/temporary_directory.h"

namespace adapters::files {
namespace {

TEST(Files, WriteDurablyReplacesTheWholeFileAndLeavesNothingBeside) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "name";
  ASSERT_TRUE(write_durably(path, "a longer first content"));
  ASSERT_TRUE(write_durably(path, "second"));
  EXPECT_EQ(*read_whole(path), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(Files, OnlyTemporaryFilesAreRemoved) {
  TemporaryDirectory directory;
  std::ofstream(directory.path() / ".tmp-abcdef") << "left by a crash";
  std::ofstream(directory.path() / "kept") << "kept";
  ASSERT_TRUE(remove_temporary_files(directory.path()));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / ".tmp-abcdef"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "kept"));
}

TEST(Files, FailuresNameTheFileAndTheReason) {
  TemporaryDirectory directory;
  const auto missing = directory.path() / "missing" / "name";
  for (const core::Error& error : {open(missing, O_RDONLY).error(), write_durably(missing, "x").error(),
                                   remove_temporary_files(missing).error(), make_directory(missing).error()}) {
    EXPECT_EQ(error.code, core::ErrorCode::storage_failed);
    EXPECT_NE(error.detail.find("missing"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("No such file"), std::string::npos) << error.detail;
  }
}

TEST(Files, ReadingPastTheEndFails) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "name";
  ASSERT_TRUE(write_durably(path, "12345"));
  const auto file = open(path, O_RDONLY);
  EXPECT_EQ(*read_at(*file, 2, 3, path), "345");
  EXPECT_EQ(read_at(*file, 2, 4, path).error().code, core::ErrorCode::storage_failed);
}

TEST(Files, MakesEveryMissingDirectory) {
  TemporaryDirectory directory;
  const auto deep = directory.path() / "a" / "b" / "c";
  ASSERT_TRUE(make_directories(deep));
  ASSERT_TRUE(make_directories(deep));
  EXPECT_TRUE(std::filesystem::is_directory(deep));
}

}  // namespace
}  // namespace adapters::files
