#include "schemas/digest.h"

#include <gtest/gtest.h>

#include <random>

namespace schemas {
namespace {

// If these failed, content addresses, hash chains and signatures would not be those of the rest of the world.
TEST(Digest, AgreesWithPublishedVectors) {
  EXPECT_EQ(sha256("").value(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").value(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  EXPECT_EQ(to_hex(hmac_sha256_raw("Jefe", "what do ya want for nothing?")),  // RFC 4231, case 2
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256_raw("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, PiecesGiveTheDigestOfTheWhole) {
  const std::string text(100'000, 'x');
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += 777) hash.update(std::string_view(text).substr(at, 777));
  Sha256 moved = std::move(hash);
  EXPECT_EQ(moved.finish(), sha256(text));
}

TEST(Digest, ConstantTimeComparisonComparesAllBytes) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("same", "same"));
  EXPECT_FALSE(equal_constant_time("same", "sama"));
  EXPECT_FALSE(equal_constant_time("same", "same "));
}

TEST(Encoding, AgreesWithRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(to_hex("\x01\xab"), "01ab");
}

TEST(Encoding, EveryTextDecodesToWhatItWasMadeFrom) {
  std::mt19937 random(7);
  for (std::size_t length = 0; length < 100; ++length) {
    std::string bytes;
    while (bytes.size() < length) bytes += static_cast<char>(random() & 0xff);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  }
}

// If this failed, one secret or token could be written in several ways and slip past a comparison of texts.
TEST(Encoding, RefusesEverySecondSpelling) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "=", "====", "Zm9v\n", "Zm 9", "Zm-_"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9vY", "+/8", "Zg\n"})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  for (const char* text : {"0", "0g", "AB", " 01"}) EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

}  // namespace
}  // namespace schemas
