#include "schemas/resend.h"

#include "schemas/dialect/json.h"

namespace schemas::resend {

using dialect::Json;
using dialect::Object;
using dialect::quoted;

std::string render_email(const Email& email) {
  return dialect::object_text({{"from", quoted(email.from)},
                               {"to", dialect::array_text({quoted(email.to)})},
                               {"subject", quoted(email.subject)},
                               {"text", quoted(email.text)},
                               {"html", email.html.empty() ? std::string() : quoted(email.html)}});
}

std::string read_refusal(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return {};
  const Json name = Object(Json(*compact))["name"];
  if (!name.is_string()) return {};
  std::string word = name.string();
  const bool plain = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos && word.size() <= 64;
  return plain ? word : std::string();
}

}  // namespace schemas::resend
