#include "ops/version.h"

namespace ops {

std::string_view version() {
  return BATCHROUTER_VERSION;
}

}  // namespace ops
