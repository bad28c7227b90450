// What the fuzz targets share: the input, taken from the left, and what must hold of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

// Ends the program, so that whoever runs the target keeps the input.
inline void require(bool condition, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (condition) return;
  std::fprintf(stderr, "%s:%d: what must hold of every input does not hold of this one\n", file, line);
  std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  // From 0 to below `count`; 0 at the end.
  std::size_t choice(std::size_t count) { return count == 0 ? 0 : byte() % count; }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // As many bytes, or what is left.
  std::string_view take(std::size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next such character, which is passed over, or all that is left.
  std::string_view until(char end) {
    const std::string_view taken = take(std::min(rest_.find(end), rest_.size()));
    rest_.remove_prefix(rest_.empty() ? 0 : 1);
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace fuzz
