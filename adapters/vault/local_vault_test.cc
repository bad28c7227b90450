#include "adapters/vault/local_vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"
#include "adapters/vault/aes_gcm.h"

namespace adapters::vault {
namespace {

using core::ErrorCode;
using core::OrgId;
using core::Sealed;

const OrgId alice("org_01h455vb4pex5vsknk084sn02q");
const OrgId bob("org_01h455vb4pex5vsknk084sn02r");

class LocalVaultTest : public testing::Test {
 protected:
  void reopen() { vault = *LocalVault::open(keys()); }
  std::filesystem::path keys() const { return directory.path() / "data" / "keys"; }
  std::filesystem::path key_of(const OrgId& org) const { return keys() / "orgs" / org.value(); }

  files::TemporaryDirectory directory;
  std::unique_ptr<LocalVault> vault = *LocalVault::open(keys());
};

// If this failed, webhook secrets and addresses in the journal would be lost at a restart.
TEST_F(LocalVaultTest, WhatIsSealedIsReadAgainAlsoAfterReopening) {
  const Sealed sealed = *vault->seal(alice, "whsec_secret");
  EXPECT_TRUE(sealed.text().starts_with("v1."));
  EXPECT_EQ(sealed.text().find("secret"), std::string::npos);
  EXPECT_EQ(*vault->unseal(alice, sealed), "whsec_secret");
  reopen();
  EXPECT_EQ(*vault->unseal(alice, sealed), "whsec_secret");
  EXPECT_NE(*vault->seal(alice, "whsec_secret"), sealed);
}

TEST_F(LocalVaultTest, NothingIsSealedWithAKeyThatAPowerCutCouldTake) {
  const core::OrgId org("org_durable");
  for (const bool made_by_a_dead_process : {false, true}) {
    const files::SyncWitness witness;
    reopen();
    ASSERT_TRUE(vault->seal(org, "text"));
    const auto lost = made_by_a_dead_process ? witness.unsynced_names(keys()) : witness.unsynced(keys() / "orgs");
    EXPECT_THAT(lost, testing::IsEmpty()) << made_by_a_dead_process;
  }
  const files::SyncWitness witness;
  ASSERT_TRUE(vault->erase(org));
  EXPECT_THAT(witness.unsynced(keys() / "orgs"), testing::IsEmpty());
}

TEST_F(LocalVaultTest, AnotherOrgCannotUnseal) {
  const Sealed sealed = *vault->seal(alice, "text");
  EXPECT_EQ(vault->unseal(bob, sealed).error().code, ErrorCode::storage_failed);  // has no key yet
  ASSERT_TRUE(vault->seal(bob, "text"));
  EXPECT_EQ(vault->unseal(bob, sealed).error().code, ErrorCode::log_corrupt);
}

TEST_F(LocalVaultTest, ATamperedTextIsRefused) {
  const std::string text = vault->seal(alice, "text")->text();
  for (std::size_t place = 0; place < text.size(); ++place) {
    std::string changed = text;
    changed[place] = changed[place] == 'A' ? 'B' : 'A';
    EXPECT_EQ(vault->unseal(alice, Sealed(changed)).error().code, ErrorCode::log_corrupt) << place;
  }
  for (const char* other : {"", "v1.", "v2.AAAA", "plain"})
    EXPECT_EQ(vault->unseal(alice, Sealed(other)).error().code, ErrorCode::log_corrupt) << other;
}

// If this failed, erasing an org would not erase it.
TEST_F(LocalVaultTest, AnErasedOrgCanNeitherBeReadNorWritten) {
  const Sealed sealed = *vault->seal(alice, "text");
  ASSERT_TRUE(vault->erase(alice));
  ASSERT_TRUE(vault->erase(alice));
  for (int round = 0; round < 2; ++round, reopen()) {
    EXPECT_EQ(vault->unseal(alice, sealed).error().code, ErrorCode::storage_failed);
    EXPECT_EQ(vault->seal(alice, "text").error().code, ErrorCode::storage_failed);
    EXPECT_NE(vault->seal(alice, "text").error().detail.find("erased"), std::string::npos);
  }
}

TEST_F(LocalVaultTest, MacsDifferByPurposeAndStayTheSameAcrossReopening) {
  const core::Digest mac = vault->mac("email", "a@example.com");
  EXPECT_EQ(mac.value().size(), 64u);
  EXPECT_NE(mac, vault->mac("cursor", "a@example.com"));
  EXPECT_NE(mac, vault->mac("email", "b@example.com"));
  reopen();
  EXPECT_EQ(mac, vault->mac("email", "a@example.com"));
  files::TemporaryDirectory other;
  EXPECT_NE(mac, (*LocalVault::open(other.path()))->mac("email", "a@example.com"));
}

TEST_F(LocalVaultTest, KeysAreOnlyForTheirOwner) {
  ASSERT_TRUE(vault->seal(alice, "text"));
  for (const auto& file : {keys() / "master", key_of(alice)}) {
    EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms(077), std::filesystem::perms::none);
  }
  std::filesystem::permissions(keys() / "master", std::filesystem::perms(0640));
  EXPECT_EQ(LocalVault::open(keys()).error().code, ErrorCode::configuration_invalid);
}

// If this failed, a lost master key would be replaced in silence and everything sealed before would be lost with it.
TEST_F(LocalVaultTest, AMissingOrWrongMasterKeyIsRefused) {
  ASSERT_TRUE(vault->seal(alice, "text"));
  const std::string master = *files::read_whole(keys() / "master");
  EXPECT_EQ(master.size(), key_bytes);

  std::filesystem::remove(keys() / "master");
  EXPECT_EQ(LocalVault::open(keys()).error().code, ErrorCode::configuration_invalid);
  ASSERT_TRUE(files::write_durably(keys() / "master", "too short"));
  EXPECT_EQ(LocalVault::open(keys()).error().code, ErrorCode::configuration_invalid);
  ASSERT_TRUE(files::write_durably(keys() / "master", std::string(key_bytes, 'x')));
  reopen();
  EXPECT_EQ(vault->seal(alice, "text").error().code, ErrorCode::storage_failed);
}

TEST_F(LocalVaultTest, AKeyFileOfAnotherOrgIsRefused) {
  ASSERT_TRUE(vault->seal(alice, "text"));
  std::filesystem::copy_file(key_of(alice), key_of(bob));
  EXPECT_EQ(vault->seal(bob, "text").error().code, ErrorCode::storage_failed);
}

TEST_F(LocalVaultTest, OrgsBeyondTheCacheKeepTheirKeys) {
  vault = *LocalVault::open(keys(), 2);
  std::vector<std::pair<OrgId, Sealed>> all;
  for (int number = 0; number < 5; ++number) {
    const OrgId org("org_" + std::to_string(number));
    all.emplace_back(org, *vault->seal(org, org.value()));
  }
  for (int round = 0; round < 2; ++round)
    for (const auto& [org, sealed] : all) EXPECT_EQ(*vault->unseal(org, sealed), org.value());
}

TEST_F(LocalVaultTest, NamesThatAreNoOrgAreRefused) {
  for (const char* name : {"", "../master", "org_/x", "ORG"}) {
    EXPECT_EQ(vault->seal(OrgId(name), "text").error().code, ErrorCode::invalid_request) << name;
    EXPECT_EQ(vault->unseal(OrgId(name), Sealed("v1.")).error().code, ErrorCode::invalid_request) << name;
    EXPECT_EQ(vault->erase(OrgId(name)).error().code, ErrorCode::invalid_request) << name;
  }
  EXPECT_EQ(vault->seal(alice, std::string(LocalVault::plain_bytes_max + 1, 'x')).error().code,
            ErrorCode::payload_too_large);
}

// If this failed, two first uses at once would each make a key and one of them would be lost.
TEST_F(LocalVaultTest, AKeyIsMadeOnceByManyThreads) {
  std::vector<Sealed> sealed(4);
  std::vector<std::thread> threads;
  for (Sealed& slot : sealed) threads.emplace_back([&] { slot = *vault->seal(alice, "text"); });
  for (std::thread& thread : threads) thread.join();
  reopen();
  for (const Sealed& text : sealed) EXPECT_EQ(*vault->unseal(alice, text), "text");
}

// If this failed, nodes that start together on a new directory could not read what the others sealed: each instance
// here stands for a process, as they share files only.
TEST(LocalVaultOfSeveralProcesses, MakesEveryKeyOnce) {
  for (int round = 0; round < 20; ++round) {
    files::TemporaryDirectory directory;
    std::vector<std::unique_ptr<LocalVault>> vaults(4);
    std::vector<Sealed> sealed(vaults.size());
    std::vector<std::thread> processes;
    for (std::size_t number = 0; number < vaults.size(); ++number) {
      processes.emplace_back([&, number] {
        auto opened = LocalVault::open(directory.path() / "keys");
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        vaults[number] = std::move(*opened);
        auto text = vaults[number]->seal(alice, "text");
        ASSERT_TRUE(text.has_value()) << text.error().detail;
        sealed[number] = std::move(*text);
      });
    }
    for (std::thread& process : processes) process.join();
    for (const auto& vault : vaults) {
      EXPECT_EQ(vault->mac("email", "a@example.com"), vaults[0]->mac("email", "a@example.com"));
      for (const Sealed& text : sealed) {
        const auto plain = vault->unseal(alice, text);
        ASSERT_TRUE(plain.has_value()) << plain.error().detail;
        EXPECT_EQ(*plain, "text");
      }
    }
  }
}

// If this failed, an org would live on in every node but the one that erased it.
TEST_F(LocalVaultTest, WhatAnotherProcessErasedIsNotUsedAnyMore) {
  const auto other = *LocalVault::open(keys());
  const Sealed sealed = *vault->seal(alice, "text");
  EXPECT_EQ(*other->unseal(alice, sealed), "text");
  ASSERT_TRUE(other->erase(alice));
  EXPECT_EQ(vault->unseal(alice, sealed).error().code, ErrorCode::storage_failed);
  EXPECT_EQ(vault->seal(alice, "text").error().code, ErrorCode::storage_failed);
}

}  // namespace
}  // namespace adapters::vault
