#include "processors/file_links.h"

#include <gtest/gtest.h>

#include <vector>

#include "processors/testing/fake_vault.h"

namespace processors {
namespace {

using core::ErrorCode;

const FileReference file{core::OrgId("org_00000000000000000000000001"), core::BatchId("bat_00000000000000000000000002"),
                         Artifact::output};
constexpr core::Timestamp expires_at = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));

struct Parts {
  std::string id;
  std::string expires;
  std::string signature;
};

Parts parts_of(const std::string& link) {
  const std::string begin = "https://router.test/v1/files/";
  EXPECT_TRUE(link.starts_with(begin));
  const std::size_t query = link.find("?expires=");
  const std::size_t signature = link.find("&signature=");
  return {link.substr(begin.size(), query - begin.size()), link.substr(query + 9, signature - query - 9),
          link.substr(signature + 11)};
}

class FileLinksTest : public ::testing::Test {
 protected:
  core::Result<void> check(const Parts& parts, core::Timestamp now) const {
    return links.check(parts.id, parts.expires, parts.signature, now);
  }

  testing::FakeVault vault;
  FileLinks links{vault, "https://router.test"};
  Parts good = parts_of(links.link(file, expires_at));
};

TEST_F(FileLinksTest, WorkUntilTheSecondTheyExpire) {
  EXPECT_EQ(links.link(file, expires_at), links.link(file, expires_at)) << "retried webhooks carry the same bytes";
  EXPECT_TRUE(check(good, expires_at - std::chrono::hours(100)));
  EXPECT_TRUE(check(good, expires_at - std::chrono::microseconds(1)));
  EXPECT_EQ(check(good, expires_at).error().code, ErrorCode::signature_expired);
}

// If this failed, a link to one file would open another, or for ever.
TEST_F(FileLinksTest, WhatWasChangedIsRefused) {
  const auto refused = [&](Parts parts) {
    const auto checked = check(parts, expires_at - std::chrono::hours(1));
    return checked.has_error() && checked.error().code == ErrorCode::signature_invalid;
  };
  for (std::string Parts::*part : {&Parts::id, &Parts::expires, &Parts::signature}) {
    for (std::size_t i = 0; i < (good.*part).size(); ++i) {
      Parts changed = good;
      (changed.*part)[i] = static_cast<char>((changed.*part)[i] ^ 1);
      EXPECT_TRUE(refused(changed)) << (changed.*part);
    }
    for (const std::string& other : {std::string(), good.*part + "0", (good.*part).substr(1)}) {
      Parts changed = good;
      changed.*part = other;
      EXPECT_TRUE(refused(changed)) << other;
    }
  }
  FileReference another = file;
  another.artifact = Artifact::raw;
  Parts swapped = parts_of(links.link(another, expires_at));
  swapped.signature = good.signature;
  EXPECT_TRUE(refused(swapped));
}

TEST(FileIds, NameEachKindOfArtifact) {
  for (const Artifact artifact : artifacts) {
    FileReference each = file;
    each.artifact = artifact;
    const std::string id = FileLinks::file_id(each);
    EXPECT_EQ(id, "file_00000000000000000000000001_00000000000000000000000002_" + std::string(to_string(artifact)));
    const auto parsed = FileLinks::parse_file_id(id);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->org, file.org);
    EXPECT_EQ(parsed->batch, file.batch);
    EXPECT_EQ(parsed->artifact, artifact);
  }
}

TEST(FileIds, OthersAreNone) {
  const std::string id = FileLinks::file_id(file);
  for (std::size_t size = 0; size < id.size(); ++size) EXPECT_FALSE(FileLinks::parse_file_id(id.substr(0, size)));
  const std::vector<std::string> others{id + "s",
                                        "File_" + id.substr(5),
                                        "file_0000000000000000000000000u_00000000000000000000000002_output",
                                        "file_00000000000000000000000001-00000000000000000000000002_output",
                                        "file_00000000000000000000000001_0000000000000000000000000/_output",
                                        "file_00000000000000000000000001_00000000000000000000000002_../raw"};
  for (const std::string& other : others) EXPECT_FALSE(FileLinks::parse_file_id(other)) << other;
}

}  // namespace
}  // namespace processors
