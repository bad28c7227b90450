// Rows of state for people: which kind of row a key is of, and its parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace schemas {

struct RowName {
  std::string kind;                // "batch.Unit"; "Position" for how far the fold has come; "?" for no key of ours
  std::vector<std::string> parts;  // of the key, in order
};

RowName name_of_row(std::string_view key);

// "batch.Unit org_… bat_… 3"
std::string to_text(const RowName& name);

}  // namespace schemas
