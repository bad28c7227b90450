#include "api/org_placement.h"

#include <string>

#include "adapters/random/random.h"
#include "schemas/tokens.h"

namespace api {

namespace {

// 64 for each of 1024 partitions: of e^64 sign-ups one fails.
constexpr int draws_max = 64 * 1024;

}  // namespace

core::Result<core::OrgId> make_org_id_beside(const core::AggregateKey& email, const processors::StateReader& reader,
                                             core::Timestamp now) {
  const core::Partition wanted = reader.partition(email);
  for (int draw = 0; draw < draws_max; ++draw) {
    core::OrgId org(std::string(schemas::org_prefix) + adapters::random::make_ulid(now));
    if (reader.partition(core::aggregate_of(org)) == wanted) return org;
  }
  return core::Error{core::ErrorCode::unavailable, "no place was found for the account; send the request again"};
}

}  // namespace api
