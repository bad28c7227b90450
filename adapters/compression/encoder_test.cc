#include "adapters/compression/encoder.h"

#include <gtest/gtest.h>

#include <random>

#include "adapters/compression/decoder.h"

namespace adapters::compression {
namespace {

using Then = Encoder::Then;

std::string decode(Encoding encoding, std::string_view coded) {
  Decoder decoder(encoding, ~0ull);
  std::string plain;
  const auto fed = decoder.feed(coded, [&](std::string_view piece) -> core::Result<void> {
    plain += piece;
    return {};
  });
  EXPECT_TRUE(fed);
  EXPECT_TRUE(decoder.finish());
  return plain;
}

std::string rows(std::size_t bytes) {
  std::mt19937 random(5);
  std::string text;
  while (text.size() < bytes) text += "{\"customer_item_id\":\"" + std::to_string(random()) + "\"}\n";
  text.resize(bytes);
  return text;
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(6);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

// If this failed, a client would read something else than what was delivered.
TEST(Encoder, SaysTheSameWhateverThePieces) {
  for (const Encoding encoding : {Encoding::identity, Encoding::gzip, Encoding::zstd}) {
    for (const std::string& plain : {rows(0), rows(1), rows(65'536), rows(700'000), noise(200'000)}) {
      EXPECT_EQ(decode(encoding, Encoder(encoding).encode(plain, Then::end)), plain);
      for (const std::size_t piece : {std::size_t{1'000}, std::size_t{65'536}, std::size_t{100'000}}) {
        Encoder encoder(encoding);
        std::string coded;
        for (std::size_t at = 0; at < plain.size(); at += piece)
          coded += encoder.encode(std::string_view(plain).substr(at, piece), Then::more);
        coded += encoder.encode("", Then::end);
        EXPECT_EQ(decode(encoding, coded), plain);
      }
    }
  }
}

TEST(Encoder, MakesTextSmaller) {
  const std::string plain = rows(500'000);
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd})
    EXPECT_LT(Encoder(encoding).encode(plain, Then::end).size(), plain.size() / 2);
}

}  // namespace
}  // namespace adapters::compression
