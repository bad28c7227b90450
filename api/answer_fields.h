// What every answer has in common, whichever resource it comes from.
#pragma once

#include "api/app.h"
#include "api/http/router.h"

namespace api {

// Puts itself in front of every handler the router has, and gives its answers
// - Cache-Control: what belongs to an org may be kept by its reader, but not used without asking again, unless the
//   handler says otherwise;
// - an entity tag, and 304 for who has it already (http/entity_tag.h);
// - the coding that the client prefers (http/content_coding.h).
// An answer that must not be stored gets neither tag nor coding: that is how answers that hold a secret are marked, and
// the length of a compressed one would tell of it.
//
// `app` outlives the router.
void add_answer_fields(http::Router& router, const App& app);

}  // namespace api
