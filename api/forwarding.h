// A partition has one owner among the nodes, and a client may ask any of them: who is not the owner hands the request
// on to it, and the answer back.
#pragma once

#include <optional>
#include <string_view>

#include "api/app.h"
#include "api/http/proxy.h"
#include "api/http/request.h"
#include "api/http/router.h"
#include "api/outcome.h"

namespace api {

// Puts that in front of every handler the router has. Where app.forward_to names nobody, the handler runs here: if
// nobody owns the partition it finds that out itself and answers 503.
//
// A request is handed on once, with the header X-BatchRouter-Forwarded:
//
//   <sender's instance> <client's address> <seconds since 1970> <MAC over these, the method and the target>
//
// All nodes share the vault's master key, so the receiver knows the header for one of theirs. Then the client's address
// is what it says: limits and logs are about the client, and rates are limited once, by the handler at the owner (who
// thereby counts all tries at one e-mail address). A MAC older than a minute, from a clock that is wrong, stands for no
// address, but still for not handing on again. Any other such header is dropped, as anyone could have sent it.
//
// `app` outlives the router.
void forward_to_owners(http::Router& router, const App& app);

// For a handler that learns on its way only which partition it needs: the owner's answer to the same request, where
// another node owns it. Nothing: go on here. Errors: those of http::Proxy; unavailable when a node handed it on
// already. Requires: the router was given to forward_to_owners().
http::awaitable<std::optional<Outcome>> ask_owner(const App& app, http::Proxy& proxy, core::AggregateKey needed,
                                                  http::Request& request);

}  // namespace api
