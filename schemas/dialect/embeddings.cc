#include "schemas/dialect/embeddings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "schemas/digest.h"

namespace schemas::dialect {
namespace {

static_assert(std::endian::native == std::endian::little, "the bytes of floats are copied as they come");

std::optional<std::string> from_floats(std::string_view base64) {
  const std::optional<std::string> bytes = from_base64(base64);
  if (!bytes || bytes->empty() || bytes->size() % sizeof(float) != 0) return std::nullopt;
  std::string text = "[";
  for (std::size_t i = 0; i < bytes->size(); i += sizeof(float)) {
    float number = 0;
    std::memcpy(&number, bytes->data() + i, sizeof(number));
    if (!std::isfinite(number)) return std::nullopt;
    std::array<char, 32> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    if (i > 0) text += ',';
    text.append(digits.data(), written.ptr);
  }
  return text += ']';
}

std::optional<std::string> embedding_text(Json embedding) {
  if (embedding.is_string()) return from_floats(embedding.string());
  const std::vector<Json> numbers = embedding.elements();
  const bool sound =
      !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](Json number) { return number.is_number(); });
  return sound ? std::optional(std::string(embedding.text())) : std::nullopt;
}

}  // namespace

std::optional<std::string> embeddings_text(Json data) {
  const std::vector<Json> entries = data.elements();
  std::vector<std::string> texts(entries.size());
  for (std::size_t position = 0; position < entries.size(); ++position) {
    const Object entry(entries[position]);
    std::optional<std::string> text = embedding_text(entry["embedding"]);
    const Json index = entry["index"];
    const auto place = index.is_null() ? static_cast<std::int64_t>(position) : index.whole_number().value_or(-1);
    if (!text || place < 0 || place >= static_cast<std::int64_t>(texts.size())) return std::nullopt;
    std::string& to = texts[static_cast<std::size_t>(place)];
    if (!to.empty()) return std::nullopt;
    to = std::move(*text);
  }
  if (texts.empty()) return std::nullopt;
  return texts.size() == 1 ? std::move(texts.front()) : array_text(texts);
}

}  // namespace schemas::dialect
