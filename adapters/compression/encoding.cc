#include "adapters/compression/encoding.h"

#include <algorithm>
#include <string>

namespace adapters::compression {

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity: return "identity";
    case Encoding::gzip: return "gzip";
    case Encoding::zstd: return "zstd";
  }
  return "";
}

std::optional<Encoding> encoding_from_name(std::string_view given) {
  std::string name(given);
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  if (name.empty() || name == "identity") return Encoding::identity;
  if (name == "gzip" || name == "x-gzip") return Encoding::gzip;
  if (name == "zstd") return Encoding::zstd;
  return std::nullopt;
}

}  // namespace adapters::compression
