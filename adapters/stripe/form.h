#pragma once

#include <string>
#include <string_view>

namespace adapters::stripe {

// Collects application/x-www-form-urlencoded text. Names of nested values have brackets: "line_items[0][quantity]".
class Form {
 public:
  Form& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace adapters::stripe
