// A lane runs attempts: it asks a provider every item of one and reports each answer as it comes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace processors {

struct LaneItem {
  std::uint32_t number = 0;  // of the item in its batch, from 0; customers' own ids never leave the system
  core::Operation operation = core::Operation::responses;
  std::string input;                   // JSON object: the request body of `operation`, without `model`
  std::int64_t output_tokens_max = 0;  // bought for this item; the lane asks for no more
};

struct Attempt {
  core::BatchId batch;
  core::UnitIndex unit;
  core::AttemptNumber number;
  core::ProviderId provider;
  core::ModelSlug model;
  core::Mode mode = core::Mode::sync;
  core::Timestamp deadline;
  std::string handle;           // what an earlier run of this attempt reported as its provider batch; empty: none
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
};

struct LaneAnswer {
  std::uint32_t number = 0;
  Verdict verdict = Verdict::transient;
  std::string text;           // of the assistant; for embeddings a JSON array of numbers
  std::string finish_reason;  // stop, length, content_filter, tool_calls, refusal
  Usage usage;
  std::string error_code;     // stable word, when not succeeded
  std::string error_message;  // for the customer; never names our account
  std::string provider_body;  // JSON as the provider sent it; may be empty
};

enum class LaneEnd {
  finished,  // each item was answered, one way or another
  stopped,   // stop() was called
  failed,    // the lane as a whole failed; items without an answer may be asked again
};

// The lane's view of who runs it. Called from any thread, never after on_end.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  // A provider batch exists: continue by calling `durable` has been called, so that a crash can find it again.
  virtual void on_handle(std::string handle, std::function<void()> durable) = 0;
  virtual void on_answer(LaneAnswer answer) = 0;
  virtual void on_end(LaneEnd end, std::string reason) = 0;
};

// Threading: start and stop from any thread.
class Lane {
 public:
  virtual ~Lane() = default;
  virtual bool serves(const core::ProviderId& provider, core::Mode mode) const = 0;
  // Attempts that may run at once on this lane.
  virtual std::size_t attempts_max() const = 0;
  virtual void start(Attempt attempt, std::shared_ptr<AttemptObserver> observer) = 0;
  // Ends the running attempts of a batch early; each still reports on_end.
  virtual void stop(const core::BatchId& batch) = 0;
  // The same for every batch.
  virtual void stop_all() = 0;
};

}  // namespace processors
