// Broken if: a signature were taken that the key did not make, or the key could be read by others.
#include "adapters/signing/ed25519_signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"
#include "schemas/digest.h"

namespace adapters::signing {
namespace {

TEST(Ed25519Signer, VerifiesWithThePublicKeyAloneAndNothingThatWasChanged) {
  const files::TemporaryDirectory directory;
  const auto signer = Ed25519Signer::open(directory.path() / "keys");
  ASSERT_TRUE(signer.has_value()) << signer.error().detail;
  const std::string signature = (*signer)->sign("a text");
  const auto verifier = Ed25519Verifier::read(public_key_file(directory.path() / "keys"));
  ASSERT_TRUE(verifier.has_value()) << verifier.error().detail;
  EXPECT_EQ((*verifier)->key_id(), (*signer)->key_id());
  EXPECT_EQ((*verifier)->key_id().size(), 16u);
  EXPECT_TRUE((*verifier)->verify("a text", signature));
  EXPECT_FALSE((*verifier)->verify("a texT", signature));
  EXPECT_FALSE((*verifier)->verify("a text", ""));
  EXPECT_FALSE((*verifier)->verify("a text", "A" + signature.substr(1)));
}

// RFC 8032, section 7.1, test 3.
TEST(Ed25519Signer, NothingIsSignedWithAKeyThatAPowerCutCouldTake) {
  const files::TemporaryDirectory directory;
  for (const bool made_by_a_dead_process : {false, true}) {
    const files::SyncWitness witness;
    ASSERT_TRUE(Ed25519Signer::open(directory.path()));
    const auto lost =
        made_by_a_dead_process ? witness.unsynced_names(directory.path()) : witness.unsynced(directory.path());
    EXPECT_THAT(lost, testing::IsEmpty()) << made_by_a_dead_process;
  }
}

TEST(Ed25519Signer, SignsAsTheStandardSays) {
  const files::TemporaryDirectory directory;
  const std::string seed = *schemas::from_hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
  ASSERT_TRUE(files::write_durably(directory.path() / "signing", seed).has_value());
  const auto signer = Ed25519Signer::open(directory.path());
  ASSERT_TRUE(signer.has_value()) << signer.error().detail;
  EXPECT_EQ((*signer)->sign("\xaf\x82"),
            schemas::to_base64(*schemas::from_hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                                  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")));
}

TEST(Ed25519Signer, KeepsItsKeyAndRefusesOneThatOthersMayRead) {
  const files::TemporaryDirectory directory;
  const std::string id = (*Ed25519Signer::open(directory.path()))->key_id();
  EXPECT_EQ((*Ed25519Signer::read(directory.path()))->key_id(), id);
  std::filesystem::permissions(directory.path() / "signing", std::filesystem::perms(0644));
  EXPECT_EQ(Ed25519Signer::open(directory.path()).error().code, core::ErrorCode::configuration_invalid);
  std::filesystem::remove(directory.path() / "signing");
  EXPECT_EQ(Ed25519Signer::open(directory.path()).error().code, core::ErrorCode::configuration_invalid);
  EXPECT_FALSE(Ed25519Signer::read(directory.path()).has_value());
}

}  // namespace
}  // namespace adapters::signing
