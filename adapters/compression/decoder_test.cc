#include "adapters/compression/decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

namespace adapters::compression {
namespace {

using core::ErrorCode;

constexpr std::uint64_t no_limit = ~0ull;

std::string gzip(const std::string& plain) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY);
  std::string encoded(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(encoded.data());
  stream.avail_out = static_cast<uInt>(encoded.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  encoded.resize(stream.total_out);
  deflateEnd(&stream);
  return encoded;
}

std::string zstd(const std::string& plain, int window_log = 20) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);  // as a stream of unknown length
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string encoded(ZSTD_compressBound(plain.size()), '\0');
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  ZSTD_outBuffer out{encoded.data(), encoded.size(), 0};
  // In two calls: a single one would shrink the window to the content.
  EXPECT_FALSE(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
  EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0u);
  encoded.resize(out.pos);
  ZSTD_freeCCtx(context);
  return encoded;
}

core::Result<std::string> decode(Encoding encoding, std::string_view encoded, std::size_t chunk = no_limit,
                                 std::uint64_t limit = no_limit) {
  Decoder decoder(encoding, limit);
  std::string decoded;
  for (; !encoded.empty(); encoded.remove_prefix(std::min(chunk, encoded.size()))) {
    const auto fed = decoder.feed(encoded.substr(0, chunk), [&](std::string_view piece) -> core::Result<void> {
      decoded += piece;
      return {};
    });
    if (!fed) return fed.error();
  }
  if (const auto finished = decoder.finish(); !finished) return finished.error();
  EXPECT_EQ(decoder.decoded_bytes(), decoded.size());
  return decoded;
}

std::string text_of(std::size_t bytes) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < bytes) text += "{\"customer_item_id\":\"" + std::to_string(random()) + "\"}\n";
  text.resize(bytes);
  return text;
}

// If this failed, a compressed manifest would be priced or stored as something else than what was sent.
TEST(Decoder, GivesBackWhatWasEncodedWhateverTheChunks) {
  // Sizes around that of a piece, where a decoder that stops too early or too late shows.
  for (const std::size_t bytes : {0u, 1u, 65'535u, 65'536u, 65'537u, 131'072u, 700'000u}) {
    const std::string plain = text_of(bytes);
    for (const std::size_t chunk : {std::size_t{7}, std::size_t{65'536}, std::size_t{1} << 30}) {
      EXPECT_EQ(*decode(Encoding::identity, plain, chunk), plain);
      EXPECT_EQ(*decode(Encoding::gzip, gzip(plain), chunk), plain);
      EXPECT_EQ(*decode(Encoding::zstd, zstd(plain), chunk), plain);
    }
  }
}

TEST(Decoder, SeveralMembersAreOneBody) {
  EXPECT_EQ(*decode(Encoding::gzip, gzip("one ") + gzip("") + gzip("two"), 5), "one two");
  EXPECT_EQ(*decode(Encoding::zstd, zstd("one ") + zstd("") + zstd("two"), 5), "one two");
}

TEST(Decoder, RefusesABodyThatWasCutOff) {
  for (const auto& [encoding, encoded] :
       {std::pair(Encoding::gzip, gzip(text_of(1000))), std::pair(Encoding::zstd, zstd(text_of(1000)))}) {
    for (std::size_t length = 0; length < encoded.size(); ++length)
      EXPECT_EQ(decode(encoding, encoded.substr(0, length)).error().code, ErrorCode::invalid_request) << length;
  }
}

TEST(Decoder, RefusesGarbageAndChangedBytes) {
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd}) {
    EXPECT_EQ(decode(encoding, "{\"items\":[]}").error().code, ErrorCode::invalid_request);
    std::string encoded = encoding == Encoding::gzip ? gzip(text_of(1000)) : zstd(text_of(1000));
    EXPECT_EQ(decode(encoding, encoded + "tail").error().code, ErrorCode::invalid_request);
    encoded[encoded.size() / 2] = static_cast<char>(encoded[encoded.size() / 2] ^ 1);
    EXPECT_EQ(decode(encoding, encoded).error().code, ErrorCode::invalid_request);
  }
}

// If this failed, a few kilobytes sent by anyone could fill the disk.
TEST(Decoder, RefusesBombs) {
  const std::string zeros(8u << 20, '\0');
  EXPECT_EQ(decode(Encoding::gzip, gzip(zeros)).error().code, ErrorCode::payload_too_large);
  EXPECT_EQ(decode(Encoding::zstd, zstd(zeros)).error().code, ErrorCode::payload_too_large);
  EXPECT_TRUE(decode(Encoding::zstd, zstd(zeros.substr(0, 1u << 20))));  // a MiB is free
}

TEST(Decoder, RefusesMoreThanTheLimit) {
  const std::string plain = text_of(100'000);
  for (const auto& [encoding, encoded] : {std::pair(Encoding::identity, plain), std::pair(Encoding::gzip, gzip(plain)),
                                          std::pair(Encoding::zstd, zstd(plain))}) {
    EXPECT_EQ(*decode(encoding, encoded, 1000, plain.size()), plain);
    EXPECT_EQ(decode(encoding, encoded, 1000, plain.size() - 1).error().code, ErrorCode::payload_too_large);
  }
}

TEST(Decoder, RefusesWindowsThatTakeTooMuchMemory) {
  const std::string plain = text_of(100'000);
  EXPECT_EQ(*decode(Encoding::zstd, zstd(plain, 23)), plain);
  EXPECT_EQ(decode(Encoding::zstd, zstd(plain, 24)).error().code, ErrorCode::invalid_request);
}

TEST(Decoder, StaysFailed) {
  Decoder decoder(Encoding::gzip, no_limit);
  const std::string encoded = gzip("text");
  const auto refuse = [](std::string_view) -> core::Result<void> {
    return core::Error{ErrorCode::invalid_manifest, "the parser says no"};
  };
  EXPECT_EQ(decoder.feed(encoded, refuse).error().code, ErrorCode::invalid_manifest);
  EXPECT_EQ(decoder.feed(encoded, refuse).error().code, ErrorCode::invalid_manifest);
  EXPECT_EQ(decoder.finish().error().code, ErrorCode::invalid_manifest);
}

TEST(Decoder, EmptyChunksChangeNothing) {
  for (const auto& [encoding, encoded] :
       {std::pair(Encoding::gzip, gzip("text")), std::pair(Encoding::zstd, zstd("text"))}) {
    Decoder decoder(encoding, no_limit);
    std::string decoded;
    for (const char byte : encoded) {
      for (const std::string_view chunk : std::vector<std::string_view>(40, ""))
        EXPECT_TRUE(decoder.feed(chunk, nullptr));
      ASSERT_TRUE(decoder.feed({&byte, 1}, [&](std::string_view piece) -> core::Result<void> {
        decoded += piece;
        return {};
      }));
    }
    EXPECT_TRUE(decoder.finish());
    EXPECT_EQ(decoded, "text");
  }
}

TEST(Decoder, KnowsTheNamesOfEncodings) {
  EXPECT_EQ(encoding_from_name(""), Encoding::identity);
  EXPECT_EQ(encoding_from_name("GZip"), Encoding::gzip);
  EXPECT_EQ(encoding_from_name("zstd"), Encoding::zstd);
  EXPECT_EQ(encoding_from_name("br"), std::nullopt);
  EXPECT_EQ(encoding_from_name("gzip, zstd"), std::nullopt);
}

}  // namespace
}  // namespace adapters::compression
