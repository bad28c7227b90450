#include "ops/did_you_mean.h"

#include <algorithm>
#include <numeric>

namespace ops {

namespace {

constexpr std::size_t compared_bytes_max = 100;

// How many letters must be changed, added or taken away (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The right name in the wrong section, or in none.
bool has_same_last_part(std::string_view a, std::string_view b) {
  return a.substr(a.rfind('.') + 1) == b.substr(b.rfind('.') + 1);
}

}  // namespace

std::string did_you_mean(std::string_view written, const std::vector<std::string>& known) {
  if (written.size() > compared_bytes_max) return "";
  std::size_t nearest = written.size() / 3 + 1;
  const std::string* found = nullptr;
  for (const std::string& name : known) {
    const std::size_t apart = has_same_last_part(written, name) ? 1 : distance(written, name);
    if (apart >= nearest) continue;
    nearest = apart;
    found = &name;
  }
  return found ? "; did you mean " + *found + "?" : "";
}

}  // namespace ops
