#include "schemas/public_progress.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(PublicProgress, next, epoch, instance);

std::string encode_public_progress(const PublicProgress& progress) {
  return to_json_text(progress);
}

core::Result<PublicProgress> decode_public_progress(std::string_view value) {
  PublicProgress progress;
  std::string path;
  if (!from_json_text(value, progress, path) || progress.next < core::Offset(0))
    return core::Error{core::ErrorCode::log_corrupt, "a progress record that cannot be read at '" + path + "'"};
  return progress;
}

}  // namespace schemas
