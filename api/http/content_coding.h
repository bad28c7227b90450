// Answers made smaller on their way: RFC 9110 §8.4 and §12.5.3.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "adapters/compression/encoding.h"
#include "api/http/awaitable.h"
#include "api/http/request.h"
#include "api/http/response.h"

namespace api::http {

struct AcceptedCodings {
  adapters::compression::Encoding preferred = adapters::compression::Encoding::identity;
  bool identity = true;  // may be sent as it is
};

// What the Accept-Encoding fields say. The heaviest wins, and of equals zstd, then gzip; identity wins only where it is
// named as heavier.
AcceptedCodings accepted_codings(const Headers& headers);

// The answer in the coding that the client prefers, where it gains by that: text beyond 1 KiB. Says in Vary that there
// are other forms. A coded answer has the weak form of its tag, as its bytes are others, and offers no ranges; one that
// is a range, or an event stream, stays as it is. Where nothing is acceptable it stays as it is too: what the handler
// did is done.
//
// Answers that hold a secret must not come here: their length would tell of it. Long bodies are coded on `blocking`.
awaitable<Response> encoded(boost::asio::any_io_executor blocking, const Request& request, Response response);

}  // namespace api::http
