// The value of a record of the topic `progress`: how far the journal of a partition has been published.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"

namespace schemas {

struct PublicProgress {
  core::Offset next;     // of the first journal record that is not published
  core::Epoch epoch;     // of the partition's owner there
  std::string instance;  // the owner
};

std::string encode_public_progress(const PublicProgress& progress);
// Errors: log_corrupt.
core::Result<PublicProgress> decode_public_progress(std::string_view value);

}  // namespace schemas
