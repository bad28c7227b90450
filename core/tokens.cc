#include "core/tokens.h"

#include <array>

namespace core {
namespace {

// Byte-pair tokenisers first cut text into runs like these; a vocabulary then makes few tokens of each.
enum class Run : std::uint8_t { letters, digits, spaces, newlines, marks, ideographs, other };

// How much of a run one token covers: measured habits of the public vocabularies, on the careful side.
constexpr std::size_t bytes_per_token(Run run) {
  switch (run) {
    case Run::letters: return 8;
    case Run::digits: return 3;
    case Run::spaces: return 16;
    case Run::newlines: return 4;
    case Run::marks: return 3;
    case Run::ideographs: return 3;  // one character in UTF-8
    case Run::other: return 2;
  }
  return 1;
}

constexpr bool is_lower(unsigned char byte) {
  return byte >= 'a' && byte <= 'z';
}
constexpr bool is_upper(unsigned char byte) {
  return byte >= 'A' && byte <= 'Z';
}
constexpr bool is_continuation(unsigned char byte) {
  return (byte & 0xC0u) == 0x80u;
}

constexpr Run classify(unsigned char byte) {
  if (is_lower(byte) || is_upper(byte)) return Run::letters;
  if (byte >= '0' && byte <= '9') return Run::digits;
  if (byte == ' ' || byte == '\t') return Run::spaces;
  if (byte == '\n' || byte == '\r') return Run::newlines;
  if (byte < 0x80) return Run::marks;
  if (byte >= 0xE3 && byte <= 0xED) return Run::ideographs;  // first bytes of U+3000 to U+DFFF: kana, Han, Hangul
  return Run::other;
}

constexpr std::array<Run, 256> run_of_byte = [] {
  std::array<Run, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = classify(static_cast<unsigned char>(byte));
  return table;
}();

std::size_t end_of_run(std::string_view text, std::size_t begin, Run run) {
  std::size_t end = begin + 1;
  for (; end < text.size(); ++end) {
    const auto byte = static_cast<unsigned char>(text[end]);
    if (run == Run::ideographs && is_continuation(byte)) continue;
    if (run_of_byte[byte] != run) break;
    if (is_upper(byte) && is_lower(static_cast<unsigned char>(text[end - 1]))) break;  // camelCase is two words
  }
  return end;
}

}  // namespace

// Monotone, because a longer text only lengthens its last run or adds runs, and because a space that a word takes over
// has been counted before.
std::int64_t count_tokens(std::string_view text) {
  std::size_t tokens = 0;
  bool after_one_space = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const Run run = run_of_byte[static_cast<unsigned char>(text[begin])];
    const std::size_t end = end_of_run(text, begin, run);
    const std::size_t size = bytes_per_token(run);
    tokens += (end - begin + size - 1) / size;
    if (after_one_space && (run == Run::letters || run == Run::marks)) --tokens;
    after_one_space = run == Run::spaces && end - begin == 1;
    begin = end;
  }
  return static_cast<std::int64_t>(tokens);
}

}  // namespace core
