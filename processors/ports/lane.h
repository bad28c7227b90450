// A lane runs attempts: it asks a provider every item of one and reports each answer as it comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace processors {

// A handle that says: a provider batch is about to be made, or was, and its own handle is not known yet. Lanes that can
// tell a lost batch only by circumstances say it first, so that no other attempt is in doubt.
constexpr std::string_view handle_in_making = "in_making";

struct LaneItem {
  std::uint32_t number = 0;  // of the item in its batch, from 0; customers' own ids never leave the system
  core::Operation operation = core::Operation::responses;
  std::string input;                   // JSON object: the request body of `operation`, without `model`
  std::int64_t output_tokens_max = 0;  // bought for this item; the lane asks for no more
};

struct Attempt {
  core::OrgId org;
  core::BatchId batch;
  core::UnitIndex unit;
  core::AttemptNumber number;
  core::ProviderId provider;
  core::ModelSlug model;
  std::string provider_model;  // the provider's own name for it
  core::Mode mode = core::Mode::sync;
  core::Timestamp deadline;
  // A provider batch that has not ended by then is ended, what it has finished is reported, and the attempt fails with
  // trouble `slow`. None: it may take until the deadline.
  std::optional<core::Timestamp> give_up_at;
  core::Timestamp intended_at;  // when the intent to make this attempt became durable
  // An earlier run has begun this attempt: without a handle it may have left a provider batch that nobody knows of,
  // which is to be found before another is made.
  bool resumed = false;
  std::string handle;           // what that run reported as its provider batch; empty: nothing
  std::vector<LaneItem> items;  // those still without an answer
};

struct Usage {
  std::int64_t input_tokens = 0;   // cached ones included
  std::int64_t cached_tokens = 0;  // of the input
  std::int64_t output_tokens = 0;  // reasoning included
};

// How one item fared.
enum class Verdict {
  succeeded,
  item_fault,  // the item itself is at fault: asking again cannot help
  transient,   // may succeed on another attempt
  lane_fault,  // our account, key or quota: no item of this lane can succeed now
  unknown,     // it may have been carried out, and paid for; may be asked again
};

struct LaneAnswer {
  std::uint32_t number = 0;
  Verdict verdict = Verdict::transient;
  std::string text;           // of the assistant; for embeddings a JSON array of numbers
  std::string tool_calls;     // JSON array as Chat Completions has it; empty: none
  std::string finish_reason;  // stop, length, content_filter, tool_calls, refusal
  Usage usage;                // all zero when the provider did not say, or not plausibly
  std::string error_code;     // stable word, when not succeeded
  std::string error_message;  // for the customer; never names our account
  std::string provider_body;  // JSON as the provider sent it; may be empty
};

enum class LaneEnd {
  finished,  // each item was answered, one way or another
  stopped,   // by cancel() or leave()
  failed,    // the lane as a whole failed; items without an answer may be asked again
};

// What kept a lane from answering; it says when the lane is worth another try, and no item is to blame for it.
enum class Trouble {
  none,
  busy,           // rate limits: after a wait
  down,           // errors of the server or the network: after a longer one
  blocked,        // account, key, quota: not before somebody has done something about it
  blocked_model,  // the same, for this model only
  slow,           // the provider batch was given up
  mismatched,     // answers came under wrong ids: none of them was reported
};

struct AttemptEnd {
  LaneEnd how = LaneEnd::finished;
  std::string reason;  // stable word
  Trouble trouble = Trouble::none;
  std::optional<std::chrono::seconds> retry_after = {};  // as the provider asked
};

// The lane's view of who runs it. Called from any thread, never after on_end.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  // A provider batch exists, or is in the making: continue by calling `durable` has been called, so that a crash can
  // find it again.
  virtual void on_handle(std::string handle, std::function<void()> durable) = 0;
  virtual void on_answer(LaneAnswer answer) = 0;
  virtual void on_end(AttemptEnd end) = 0;
};

// Threading: all from any thread.
class Lane {
 public:
  virtual ~Lane() = default;
  virtual bool serves(const core::ProviderId& provider, core::Mode mode) const = 0;
  // Attempts that may run at once on this lane.
  virtual std::size_t attempts_max() const = 0;
  virtual void start(Attempt attempt, std::shared_ptr<AttemptObserver> observer) = 0;
  // The batch is to stop: the provider's work for it is ended, what was finished is still reported, and each running
  // attempt reports on_end, within bounded time.
  virtual void cancel(const core::BatchId& batch) = 0;
  // The running attempts of a batch end here at once; the provider's work goes on, to be taken up by the handle.
  virtual void leave(const core::BatchId& batch) = 0;
  // The same for every batch.
  virtual void leave_all() = 0;
};

}  // namespace processors
