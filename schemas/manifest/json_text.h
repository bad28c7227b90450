// Compact JSON as text: written piece by piece, and cut into its parts without building a tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::manifest {

// Appends `text` quoted, with only the escapes that JSON demands, so that equal strings give equal bytes.
// False when it holds a lone surrogate, which no UTF-8 can carry; what was appended is then of no use.
bool append_json_string(std::string& json, std::string_view text);

// Reads compact JSON from the left. Each member leaves the place unchanged when it does not find what it looks for.
// Made for text that was parsed before; on any other it answers nullopt or nonsense, but stays inside the text.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view json) : rest_(json) {}

  bool done() const { return rest_.empty(); }
  bool literal(std::string_view expected);
  std::optional<std::string> string();      // decoded
  std::optional<std::string_view> value();  // the text of any value

 private:
  std::string_view rest_;
};

struct JsonMember {
  std::string name;        // decoded
  std::string_view value;  // its text
};

// The parts of a compact value in their order; nullopt when it is not an object, an array, a string.
std::optional<std::vector<JsonMember>> split_object(std::string_view json);
std::optional<std::vector<std::string_view>> split_array(std::string_view json);
std::optional<std::string> decode_string(std::string_view json);

// A name as one step of a JSON pointer (RFC 6901); long ones are cut, since faults quote them.
std::string pointer_step(std::string_view name);

// At most `bytes_max` bytes of `text`, cut between characters and marked with "…".
std::string shortened(std::string_view text, std::size_t bytes_max = 64);

}  // namespace schemas::manifest
