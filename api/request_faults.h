// Everything that is wrong with a request, in the shape that the AI Batch queue answers: 422 with a `detail` list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/http/request.h"
#include "api/http/response.h"

namespace api {

// A step on the way to what is wrong: a name, which may be the customer's, or an index of a list or a byte, which is
// ours.
using PlaceStep = std::variant<std::string, std::size_t>;
using Place = std::vector<PlaceStep>;

// Types and messages are those of pydantic, which clients of that surface know.
class RequestFaults {
 public:
  static constexpr std::size_t faults_max = 50;  // listed

  struct Fault {
    Place place;       // {"body", "priority"}
    std::string type;  // stable word
    std::string message;
    std::string input = "null";  // JSON; see shown_input
    std::string context = {};    // JSON object; empty: none
  };
  void add(Fault fault);
  bool none() const { return faults_.empty(); }
  // {"detail": [{"loc", "msg", "type", "input", "ctx"}]}
  http::Response response() const;

 private:
  std::vector<Fault> faults_;
};

// What a fault may repeat of a value (compact JSON): a number, a word, the beginning of a text with nothing in it that
// cannot be printed; null for objects and arrays.
std::string shown_input(std::string_view json);
// The same of a text.
std::string shown_text(std::string_view text);

// The text as an integer within bounds; a fault and `min` where it is none.
std::int64_t checked_integer(std::string_view text, std::int64_t min, std::int64_t max, const Place& place,
                             std::string_view input, RequestFaults& faults);
// Adds a fault unless `word` is one of `words`.
void check_word(std::string_view word, const std::vector<std::string>& words, const Place& place,
                std::string_view input, RequestFaults& faults);
// Adds a fault for each query parameter that is none of `names`, or was given before.
void check_query(const http::Request& request, const std::vector<std::string_view>& names, RequestFaults& faults);

}  // namespace api
