// Making a provider batch exactly once, whatever becomes of the answers.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "adapters/providers/batch_channel.h"
#include "adapters/providers/batch_lines.h"
#include "adapters/providers/run.h"
#include "processors/ports/lane.h"

namespace adapters::providers {

// Whenever an earlier run, or a call of this one, may have left a batch, it is looked for before another is made: by
// the intent that it carries, or, where the protocol keeps none, by count and time among those that nobody knows. There
// one creation at a time is under way in a lane, from the mark that says so to its own handle, both durable.
//
// Threading: on the channel's strand. Attempt and lines must outlive it.
class BatchCreation : public std::enable_shared_from_this<BatchCreation> {
 public:
  BatchCreation(std::shared_ptr<LaneContext> lane, std::shared_ptr<BatchChannel> channel,
                const processors::Attempt& attempt, const BatchLines& lines);

  // To come before obtain(), where the protocol creates in turn.
  boost::asio::awaitable<void> take_turn();
  // None: handle() is the batch's.
  boost::asio::awaitable<MaybeEnd> obtain();
  const std::string& handle() const { return handle_; }
  // To be called once the handle is durable, or obtain() has failed.
  void give_turn_back();

 private:
  boost::asio::awaitable<Reply> prepare_input(std::string& input);
  boost::asio::awaitable<Reply> create(std::string input);
  boost::asio::awaitable<MaybeEnd> after_refusal(Reply reply, std::uint32_t creations,
                                                 BatchChannel::Clock::time_point since);
  boost::asio::awaitable<MaybeEnd> look_for_lost();
  boost::asio::awaitable<MaybeEnd> look_through_list();
  bool is_lost_one(const BatchStatus& found) const;

  const std::shared_ptr<LaneContext> lane_;
  const std::shared_ptr<BatchChannel> channel_;
  const processors::Attempt& attempt_;
  const BatchLines& lines_;
  const std::string intent_;
  std::string handle_;
  bool has_turn_ = false;
};

}  // namespace adapters::providers
