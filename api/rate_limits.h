// How much one caller may ask of this node.
#pragma once

#include "api/app.h"
#include "api/http/router.h"

namespace api {

// Puts limits in front of every handler the router has: of an org, whatever its credentials, and of an address for who
// shows none that is valid (so that nobody can use up what belongs to an org). Probes are not limited. Each answer says
// in RateLimit-Limit, -Remaining and -Reset what the bucket holds, what is left in it, and in how many seconds it is
// full again; beyond it comes 429 with Retry-After.
//
// These three fields are those that clients know; the structured RateLimit and RateLimit-Policy of later IETF drafts
// are still being changed.
//
// An org is counted once, at the node that owns it: these limits go behind forward_to_owners, which is to be called
// after this. `app` outlives the router.
void limit_rates(http::Router& router, const App& app);

}  // namespace api
