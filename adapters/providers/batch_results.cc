#include "adapters/providers/batch_results.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>
#include <utility>

#include "adapters/providers/batch_lines.h"
#include "adapters/providers/item_answer.h"
#include "adapters/providers/marks.h"
#include "adapters/providers/results_check.h"

namespace adapters::providers {

namespace asio = boost::asio;
using asio::awaitable;
using http_client::HttpRequest;
using processors::AttemptEnd;
using processors::LaneItem;
using processors::Trouble;
using processors::Verdict;

namespace {

constexpr std::size_t error_bytes_max = 64 << 10;
constexpr std::size_t results_bytes_max = std::size_t{4} << 30;
constexpr std::size_t lines_per_turn = 64;  // then others may use the thread, and a stop is noticed

processors::LaneAnswer answer_of(const LaneItem& item, core::Operation dialect, ResultLine result, MaybeEnd& blocked) {
  ItemAnswer read;
  if (result.status == 200) {
    read = read_item_answer(item, dialect, std::move(result.body));
  } else {
    read.sorted = sort_fault(result.status, schemas::dialect::read_error(result.body));
    read.answer = fault_answer(item.number, read.sorted, std::move(result.body));
  }
  if (read.answer.verdict == Verdict::lane_fault) blocked = failure(read.sorted.error_code, read.sorted.trouble);
  return std::move(read.answer);
}

}  // namespace

BatchResults::BatchResults(std::shared_ptr<LaneContext> lane, std::shared_ptr<BatchChannel> channel,
                           const processors::Attempt& attempt)
    : lane_(std::move(lane)), channel_(std::move(channel)), attempt_(attempt) {}

awaitable<MaybeEnd> BatchResults::fetch(const BatchStatus& batch) {
  spool_ = std::make_shared<Spool>();
  // A batch that ended without a file: nothing was executed, or it is not there yet.
  if (batch.result_urls.empty() && !batch.cut_short) co_return failure("results_missing", Trouble::down);
  for (const std::string& url : batch.result_urls) {
    HttpRequest request = lane_->wire->results(url);
    request.response_bytes_max = results_bytes_max;
    const auto error_body = std::make_shared<std::string>();
    request.on_body_chunk = [spool = spool_, error_body](int status, std::string_view chunk) {
      if (status == 200) {
        spool->append(chunk);
        return spool->intact() ? http_client::BodyFlow::more : http_client::BodyFlow::enough;
      }
      error_body->append(chunk.substr(0, error_bytes_max - std::min(error_bytes_max, error_body->size())));
      return error_body->size() < error_bytes_max ? http_client::BodyFlow::more : http_client::BodyFlow::enough;
    };
    const Reply reply = co_await channel_->call(std::move(request));
    if (channel_->left()) co_return channel_->stopped();
    spool_->append("\n");  // between two files
    if (!spool_->intact()) {
      error(lane_->log, "no_room_for_provider_results",
            {{"provider", attempt_.provider.value()}, {"handle", batch.id}});
      co_return failure("no_room", Trouble::down);
    }
    if (reply.status == 404) co_return failure("results_missing", Trouble::down);
    if (reply.status != 200) co_return failure(reply);
  }
  co_return std::nullopt;
}

awaitable<MaybeEnd> BatchResults::report(const BatchStatus& batch, processors::AttemptObserver& observer,
                                         std::set<std::uint32_t>& answered) {
  const std::string intent = intent_of(attempt_);
  const CustomIds ids(intent);
  ResultsCheck check(intent);
  std::size_t lines = 0;
  std::uint64_t broken = 0;
  spool_->rewind();
  while (const auto line = spool_->next_line()) {
    const core::Result<ResultLine> result = lane_->wire->read_result(*line);
    if (result) check.add(*result);
    if (result.has_error()) ++broken;
    if (++lines % lines_per_turn == 0) co_await asio::post(channel_->strand(), asio::use_awaitable);
  }
  if (broken + check.foreign() + check.contradictory() > 0) {
    warn(lane_->log, "strange_provider_results",
         {{"provider", attempt_.provider.value()},
          {"handle", batch.id},
          {"broken", broken},
          {"foreign", check.foreign()},
          {"contradictory", check.contradictory()}});
  }
  if (check.mismatched()) {
    error(lane_->log, "provider_results_mixed_up",
          {{"provider", attempt_.provider.value()}, {"handle", batch.id}, {"intent", intent}});
    co_return failure("results_mixed_up", Trouble::mismatched);
  }

  if (channel_->left()) co_return channel_->stopped();

  std::unordered_map<std::uint32_t, const LaneItem*> items;
  for (const LaneItem& item : attempt_.items) items.emplace(item.number, &item);
  const core::Operation dialect = batch.dialect.value_or(batch_dialect(attempt_, *lane_->wire));
  MaybeEnd blocked;
  const std::size_t answered_before = answered.size();
  spool_->rewind();
  while (const auto line = spool_->next_line()) {
    if (++lines % lines_per_turn == 0) co_await asio::post(channel_->strand(), asio::use_awaitable);
    if (channel_->left()) co_return channel_->stopped();
    core::Result<ResultLine> result = lane_->wire->read_result(*line);
    if (result.has_error() || !result->executed) continue;
    const auto number = ids.number(result->custom_id);
    if (!number || !check.stands(*number)) continue;
    const auto item = items.find(*number);
    if (item == items.end() || answered.contains(*number)) continue;
    processors::LaneAnswer answer = answer_of(*item->second, dialect, std::move(*result), blocked);
    if (answer.verdict == Verdict::lane_fault) continue;  // the account's, so the item may be asked elsewhere
    answered.insert(*number);
    observer.on_answer(std::move(answer));
  }
  // Where others were answered, the model is there: what was refused met something of its own.
  if (blocked && blocked->trouble == processors::Trouble::blocked_model && answered.size() > answered_before)
    co_return std::nullopt;
  co_return blocked;
}

}  // namespace adapters::providers
