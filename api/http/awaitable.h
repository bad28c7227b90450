// The coroutine type of the HTTP layer. Coroutines are named functions that take their arguments by value.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace api::http {

template <class T>
using awaitable = boost::asio::awaitable<T>;

}  // namespace api::http
