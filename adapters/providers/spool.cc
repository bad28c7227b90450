#include "adapters/providers/spool.h"

namespace adapters::providers {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == line.npos;
}

}  // namespace

Spool::Spool() : file_(std::tmpfile()), intact_(file_ != nullptr) {}

void Spool::append(std::string_view bytes) {
  if (intact_) intact_ = std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size();
}

void Spool::rewind() {
  std::rewind(file_.get());
}

std::optional<std::string> Spool::next_line() {
  char bytes[16 << 10];
  std::string line;
  bool too_long = false;
  while (std::fgets(bytes, sizeof bytes, file_.get()) != nullptr) {
    // A zero byte ends what fgets tells of; JSON has none, and a line with one is broken either way.
    line += bytes;
    const bool ended = line.ends_with('\n');
    if (line.size() > line_bytes_max) {
      too_long = true;
      line.clear();
    }
    if (!ended && std::feof(file_.get()) == 0) continue;
    if (ended && !line.empty()) line.pop_back();
    if (line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
    if (line.ends_with('\r')) line.pop_back();
    if (!too_long && !is_blank(line)) return line;
    line.clear();
    too_long = false;
  }
  return std::nullopt;
}

}  // namespace adapters::providers
