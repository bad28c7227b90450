#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/state_reader.h"

namespace api {

// A new org's id, drawn until its partition is the one of `email`, the aggregate of the address that signs up.
//
// Signing up, logging in and verifying touch both: the address's claim and the org. Each partition has one owner among
// the nodes, so only together can they be read and written in one place, by whoever a request was forwarded to.
// Takes as many draws as there are partitions, on average. Errors: unavailable (bad luck beyond belief).
core::Result<core::OrgId> make_org_id_beside(const core::AggregateKey& email, const processors::StateReader& reader,
                                             core::Timestamp now);

}  // namespace api
