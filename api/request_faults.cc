#include "api/request_faults.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "api/http/problem.h"
#include "api/json_text.h"
#include "schemas/manifest/json_text.h"

namespace api {

namespace {

constexpr std::size_t input_bytes_max = 64;

std::string printable(std::string text) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f) letter = ' ';
  }
  return schemas::manifest::shortened(text, input_bytes_max);
}

// 'a', 'b' or 'c'
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "'" + words[i] + "'";
  }
  return text;
}

}  // namespace

void RequestFaults::add(Fault fault) {
  if (faults_.size() < faults_max) faults_.push_back(std::move(fault));
}

http::Response RequestFaults::response() const {
  JsonText json;
  json.array("detail");
  for (const Fault& fault : faults_) {
    json.element().array("loc");
    for (const PlaceStep& step : fault.place) {
      if (const std::size_t* index = std::get_if<std::size_t>(&step))
        json.element_json(std::to_string(*index));
      else
        json.element(printable(std::get<std::string>(step)));
    }
    json.end_array().text("msg", fault.message).text("type", fault.type).json("input", fault.input);
    if (!fault.context.empty()) json.json("ctx", fault.context);
    json.end_object();
  }
  json.end_array();
  return http::json(422, std::move(json).finish());
}

std::string shown_text(std::string_view text) {
  return http::json_string(printable(std::string(text)));
}

std::string shown_input(std::string_view json) {
  if (json.starts_with('"')) return shown_text(schemas::manifest::decode_string(json).value_or(""));
  if (json.empty() || json.starts_with('{') || json.starts_with('[') || json.size() > input_bytes_max) return "null";
  return std::string(json);
}

std::int64_t checked_integer(std::string_view text, std::int64_t min, std::int64_t max, const Place& place,
                             std::string_view input, RequestFaults& faults) {
  std::int64_t value = min;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto out_of_range = [&](bool low) {
    const std::string bound = std::to_string(low ? min : max);
    faults.add({place, low ? "greater_than_equal" : "less_than_equal",
                std::string("Input should be ") + (low ? "greater" : "less") + " than or equal to " + bound,
                std::string(input), std::string("{\"") + (low ? "ge" : "le") + "\":" + bound + "}"});
    return min;
  };
  const bool whole = rest == text.data() + text.size();
  if (whole && error == std::errc::result_out_of_range) return out_of_range(text.starts_with('-'));
  if (!whole || error != std::errc()) {
    faults.add({place, "int_parsing", "Input should be a valid integer, unable to parse string as an integer",
                std::string(input)});
    return min;
  }
  if (value < min || value > max) return out_of_range(value < min);
  return value;
}

void check_word(std::string_view word, const std::vector<std::string>& words, const Place& place,
                std::string_view input, RequestFaults& faults) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return;
  const std::string expected = listed(words);
  JsonText context;
  context.text("expected", expected);
  faults.add({place, "enum", "Input should be " + expected, std::string(input), std::move(context).finish()});
}

void check_query(const http::Request& request, const std::vector<std::string_view>& names, RequestFaults& faults) {
  std::set<std::string> seen;
  for (const auto& [name, value] : request.query_parameters) {
    if (std::find(names.begin(), names.end(), name) != names.end() && seen.insert(name).second) continue;
    faults.add({{"query", name}, "extra_forbidden", "Extra inputs are not permitted"});
  }
}

}  // namespace api
