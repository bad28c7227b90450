#include "schemas/checkpoint_codec.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Checkpoint, number, at, partition, next, epoch, instance, time, chain, before, key, signature);
SCHEMAS_LATER(Checkpoint, signature);  // what is signed does not have it

std::string checkpoint_text(const Checkpoint& checkpoint) {
  Checkpoint without = checkpoint;
  without.signature.clear();
  return to_json_text(without);
}

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  return to_json_text(checkpoint);
}

core::Result<Checkpoint> decode_checkpoint(std::string_view line) {
  Checkpoint checkpoint;
  std::string path;
  if (from_json_text(line, checkpoint, path) && encode_checkpoint(checkpoint) == line) return checkpoint;
  return core::Error{core::ErrorCode::log_corrupt, "this is no checkpoint as this program writes them"};
}

}  // namespace schemas
