#include "adapters/vault/aes_gcm.h"

#include <gtest/gtest.h>

#include "schemas/digest.h"

namespace adapters::vault {
namespace {

const std::string key(key_bytes, 'k');

// If this failed, what we sealed could not be read by another implementation. McGrew and Viega, test cases 14 and 16.
TEST(AesGcm, AgreesWithPublishedVectors) {
  const auto hex = [](std::string_view text) { return *schemas::from_hex(text); };
  const std::string zeros(16, '\0');
  EXPECT_EQ(decrypt(std::string(key_bytes, '\0'), "",
                    std::string(12, '\0') + hex("cea7403d4d606b6e074ec5d3baf39d18"
                                                "d0d1c8a799996bf0265b98b5d48ab919")),
            zeros);
  EXPECT_EQ(decrypt(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
                    hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
                    hex("cafebabefacedbaddecaf888"
                        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                        "76fc6ece0f4e1768cddf8853bb2d551b")),
            hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));
}

TEST(AesGcm, EveryChangedBitIsSeen) {
  const std::string encrypted = encrypt(key, "org", "text");
  EXPECT_EQ(decrypt(key, "org", encrypted), "text");
  for (std::size_t bit = 0; bit < encrypted.size() * 8; ++bit) {
    std::string changed = encrypted;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decrypt(key, "org", changed), std::nullopt) << bit;
  }
  for (std::size_t length = 0; length < encrypted.size(); ++length)
    EXPECT_EQ(decrypt(key, "org", encrypted.substr(0, length)), std::nullopt);
  EXPECT_EQ(decrypt(key, "other", encrypted), std::nullopt);
  EXPECT_EQ(decrypt(std::string(key_bytes, 'x'), "org", encrypted), std::nullopt);
}

TEST(AesGcm, TheSameTextNeverLooksTheSame) {
  EXPECT_NE(encrypt(key, "", "text"), encrypt(key, "", "text"));
  EXPECT_EQ(decrypt(key, "", encrypt(key, "", "")), "");
}

}  // namespace
}  // namespace adapters::vault
