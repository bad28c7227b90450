// Bodies of Resend's API.
#pragma once

#include <string>
#include <string_view>

namespace schemas::resend {

struct Email {
  std::string from;
  std::string to;
  std::string subject;
  std::string text;
  std::string html;  // left out when empty
};
std::string render_email(const Email& email);

// The word that names a refusal, such as "validation_error"; empty where there is none. Its message is left out, as it
// may quote what was sent.
std::string read_refusal(std::string_view json);

}  // namespace schemas::resend
