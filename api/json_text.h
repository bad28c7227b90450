// Writes the JSON of answers, member by member.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"
#include "core/time.h"

namespace api {

// One object; nested ones and arrays are opened and closed in between. The caller keeps them balanced.
class JsonText {
 public:
  JsonText() : text_("{") {}

  JsonText& text(std::string_view name, std::string_view value);
  JsonText& text_or_null(std::string_view name, std::string_view value);  // empty: null
  template <std::integral Number>
  JsonText& number(std::string_view name, Number value) {
    return json(name, std::to_string(value));
  }
  JsonText& score(std::string_view name, double value);  // up to four places
  JsonText& boolean(std::string_view name, bool value);
  JsonText& null(std::string_view name);
  JsonText& time(std::string_view name, core::Timestamp value);
  JsonText& time_or_null(std::string_view name, const std::optional<core::Timestamp>& value);
  JsonText& money(std::string_view name, core::Money value);  // {"amount": "0.42", "currency": "usd"}
  JsonText& json(std::string_view name, std::string_view value);

  JsonText& object(std::string_view name);
  JsonText& array(std::string_view name);
  JsonText& element();                       // begins an object in an array
  JsonText& element(std::string_view text);  // a string in an array
  JsonText& element_json(std::string_view value);
  JsonText& end_object();
  JsonText& end_array();

  std::string finish() &&;

 private:
  void separate();
  void name(std::string_view name);

  std::string text_;
};

std::string money_json(core::Money value);

}  // namespace api
