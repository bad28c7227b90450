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

// If this failed, two processes would each believe in a file of their own.
TEST(Files, CreateDurablyLeavesWhatIsThere) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "name";
  ASSERT_TRUE(create_durably(path, "first"));
  ASSERT_TRUE(create_durably(path, "second"));
  EXPECT_EQ(*read_whole(path), "first");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

// If this failed, a process that starts would take away what another is writing, or what a crash left would stay.
TEST(Files, WhoJoinsADirectoryOthersUseSparesTheirTemporaryFiles) {
  TemporaryDirectory directory;
  const auto now = std::filesystem::file_time_type::clock::now();
  const auto leave = [&](const char* name, std::chrono::hours age) {
    std::ofstream(directory.path() / name) << "left by a crash, or being written";
    std::filesystem::last_write_time(directory.path() / name, now - age);
  };
  const auto there = [&](const char* name) { return std::filesystem::exists(directory.path() / name); };

  leave(".tmp-old", std::chrono::hours(25));
  leave(".tmp-new", std::chrono::hours(1));
  leave("kept", std::chrono::hours(25));
  {
    const auto first = join_directory(directory.path(), {directory.path()});
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(there(".tmp-old") || there(".tmp-new"));
    leave(".tmp-old", std::chrono::hours(25));
    leave(".tmp-new", std::chrono::hours(1));
    const auto second = join_directory(directory.path(), {directory.path()});
    ASSERT_TRUE(second.has_value());
    EXPECT_FALSE(there(".tmp-old"));
    EXPECT_TRUE(there(".tmp-new"));
  }
  ASSERT_TRUE(join_directory(directory.path(), {directory.path()}));
  EXPECT_FALSE(there(".tmp-new"));
  EXPECT_TRUE(there("kept"));
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
