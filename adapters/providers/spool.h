// A provider's results on disk, because of their size.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace adapters::providers {

// A file without a name: it is gone with this object, however the process ends.
//
// Threading: one thread at a time.
class Spool {
 public:
  Spool();

  void append(std::string_view bytes);
  bool intact() const { return intact_; }  // false once there was no place for something

  // Reads from the start again.
  void rewind();
  // Without its end of line, be it LF or CRLF, and without a byte order mark; blank ones are left out, and so are
  // those of more than line_bytes_max. nullopt at the end.
  std::optional<std::string> next_line();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::unique_ptr<std::FILE, Closer> file_;
  bool intact_;
};

constexpr std::size_t line_bytes_max = 64 << 20;

}  // namespace adapters::providers
