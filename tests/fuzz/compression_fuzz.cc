// Fuzzes the decoders of request bodies: whatever the bytes and however they are cut, a body is decoded within its
// bounds or refused for good; what our encoder wrote comes back. The first byte chooses the coding, the second how the
// body is cut.
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/compression/decoder.h"
#include "adapters/compression/encoder.h"
#include "tests/fuzz/input.h"

namespace {

using namespace adapters::compression;
using fuzz::require;

constexpr std::uint64_t decoded_bytes_max = 4u << 20;
constexpr std::uint64_t ratio_free_bytes = 1u << 20;

// Nothing: it was refused.
std::optional<std::string> decoded(Encoding encoding, std::string_view body, std::size_t piece_bytes) {
  Decoder decoder(encoding, decoded_bytes_max);
  std::string text;
  const Decoder::Out keep = [&](std::string_view piece) {
    require(!piece.empty() && (encoding == Encoding::identity || piece.size() <= 64 * 1024));
    text += piece;
    return core::Result<void>{};
  };
  std::size_t fed_bytes = 0;
  while (fed_bytes < body.size()) {
    const std::string_view piece = body.substr(fed_bytes, piece_bytes);
    fed_bytes += piece.size();
    const auto fed = decoder.feed(piece, keep);
    require(text.size() <= decoded_bytes_max && text.size() <= ratio_free_bytes + Decoder::ratio_max * fed_bytes);
    if (fed.has_value()) continue;
    require(decoder.feed(piece, keep).error().code == fed.error().code && decoder.finish().has_error());
    return std::nullopt;
  }
  require(decoder.decoded_bytes() == text.size());
  if (decoder.finish().has_error()) return std::nullopt;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto encoding = static_cast<Encoding>(input.choice(3));
  const std::size_t piece_bytes = 1 + input.byte();
  const std::string_view body = input.rest();

  const std::optional<std::string> text = decoded(encoding, body, piece_bytes);
  require(decoded(encoding, body, body.size() + 1) == text);

  Encoder encoder(encoding);
  const std::size_t half = body.size() / 2;
  std::string encoded = encoder.encode(body.substr(0, half), Encoder::Then::more);
  encoded += encoder.encode(body.substr(half), Encoder::Then::end);
  require(decoded(encoding, encoded, piece_bytes) == body);
  return 0;
}
