// Commands from coroutines.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "processors/command_bus.h"

namespace processors {

// Awaits the answer on the coroutine's own executor.
inline boost::asio::awaitable<core::Result<Answer>> ask(CommandBus& bus, core::AggregateKey aggregate,
                                                        core::CommandId id, core::Command command) {
  auto initiate = [&bus](auto handler, core::AggregateKey to, core::CommandId command_id, core::Command what) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    bus.submit(std::move(to), std::move(command_id), std::move(what), [shared](core::Result<Answer> answer) {
      const auto executor = boost::asio::get_associated_executor(*shared);
      boost::asio::post(executor, [shared, answer = std::move(answer)]() mutable { (*shared)(std::move(answer)); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(core::Result<Answer>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(aggregate), std::move(id), std::move(command));
}

}  // namespace processors
