#include "adapters/stripe/form.h"

namespace adapters::stripe {

namespace {

void append_encoded(std::string& text, std::string_view plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char letter : plain) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool unreserved = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= '0' && letter <= '9') ||
                            std::string_view("-._~[]").find(letter) != std::string_view::npos;
    if (unreserved) {
      text += letter;
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
}

}  // namespace

Form& Form::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  append_encoded(text_, name);
  text_ += '=';
  append_encoded(text_, value);
  return *this;
}

}  // namespace adapters::stripe
