// Lanes over the Python simulator, or over a server that a test scripts itself, and an observer that remembers.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "adapters/http_client/test_http_server.h"
#include "adapters/providers/provider_lane.h"
#include "adapters/providers/test_simulator.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace adapters::providers::testing {

using core::Operation;
using core::Protocol;
using processors::Attempt;
using processors::AttemptEnd;
using processors::LaneAnswer;
using processors::LaneEnd;
using processors::Trouble;
using processors::Verdict;
using std::chrono::milliseconds;

inline core::Timestamp now() {
  return std::chrono::floor<core::Duration>(std::chrono::system_clock::now());
}

class RecordingObserver : public processors::AttemptObserver {
 public:
  explicit RecordingObserver(bool makes_durable = true) : makes_durable_(makes_durable) {}

  void on_handle(std::string handle, std::function<void()> durable) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "a handle after the end";
    if (handle == processors::handle_in_making) return durable();
    handle_ = std::move(handle);
    if (makes_durable_) durable();
    changed_.notify_all();
  }
  void on_answer(LaneAnswer answer) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "answered after the end";
    const std::uint32_t number = answer.number;
    EXPECT_TRUE(answers_.emplace(number, std::move(answer)).second) << "answered twice: " << number;
    changed_.notify_all();
  }
  void on_end(AttemptEnd end) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "ended twice";
    end_ = std::move(end);
    changed_.notify_all();
  }

  AttemptEnd wait_for_end() {
    wait([this] { return end_.has_value(); });
    return *end_;
  }
  std::string wait_for_handle() {
    wait([this] { return !handle_.empty(); });
    return handle_;
  }
  const std::map<std::uint32_t, LaneAnswer>& answers() const { return answers_; }  // after the end
  std::size_t count(Verdict verdict) const {
    std::size_t found = 0;
    for (const auto& [number, answer] : answers_) found += answer.verdict == verdict ? 1 : 0;
    return found;
  }

 private:
  void wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), condition)) {
      ADD_FAILURE() << "hangs";
      std::abort();
    }
  }

  const bool makes_durable_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, LaneAnswer> answers_;
  std::string handle_;
  std::optional<AttemptEnd> end_;
};

// As an attempt is that was left while its provider batch was being made.
inline void resume(Attempt& attempt, Protocol protocol) {
  attempt.resumed = true;
  if (protocol == Protocol::anthropic) attempt.handle = std::string(processors::handle_in_making);
}

inline ProviderSettings settings_for(Protocol protocol, const std::string& url) {
  ProviderSettings settings;
  settings.provider = core::ProviderId(protocol == Protocol::anthropic ? "anthropic" : "openai");
  settings.protocol = protocol;
  settings.base_url = url;
  settings.api_key = core::Secret("sk-test-0123456789");
  settings.backoff_first = milliseconds(5);
  settings.poll_first = milliseconds(20);
  settings.poll_max = milliseconds(100);
  settings.lookup_wait = milliseconds(20);
  settings.lookup_for = milliseconds(60);
  settings.busy_wait_max = milliseconds(20'000);
  settings.cancel_wait = milliseconds(20'000);
  return settings;
}

// A simulator and lanes to it.
struct World {
  explicit World(const std::string& rules = "[]", const std::string& settings = "{}") : simulator(rules, settings) {}

  ProviderLane lane(ProviderSettings settings) {
    return ProviderLane({pool.get_executor(), http, log, metrics, &now,
                         [this](const std::string& handle) { return known_handles.contains(handle); }},
                        std::move(settings));
  }
  ProviderLane lane(Protocol protocol) { return lane(settings_for(protocol, simulator.url())); }

  std::size_t requests(const std::string& method, const std::string& path) {
    const std::string log_text = simulator.requests();
    const std::string wanted = R"("method": ")" + method + R"(", "path": ")" + path + "\"";
    std::size_t found = 0;
    for (std::size_t at = 0; (at = log_text.find(wanted, at)) != std::string::npos; ++at) ++found;
    return found;
  }

  TestSimulator simulator;
  std::set<std::string> known_handles;
  processors::testing::NullLog log;
  processors::testing::NullMetrics metrics;
  http_client::HttpClient http;
  boost::asio::thread_pool pool{2};
};

inline Attempt attempt_of(Protocol protocol, core::Mode mode, std::uint32_t items, Operation operation) {
  Attempt attempt;
  attempt.org = core::OrgId("org_1");
  attempt.batch = core::BatchId("bat_1");
  attempt.number = core::AttemptNumber(1);
  attempt.provider = core::ProviderId(protocol == Protocol::anthropic ? "anthropic" : "openai");
  attempt.provider_model = protocol == Protocol::anthropic ? "claude-haiku-4-5" : "gpt-5.4-mini";
  attempt.model = core::ModelSlug(attempt.provider_model);
  attempt.mode = mode;
  attempt.intended_at = now();
  attempt.deadline = now() + std::chrono::hours(1);
  for (std::uint32_t i = 0; i < items; ++i) {
    const std::string word = "item-" + std::to_string(i) + "-end";
    std::string input;
    switch (operation) {
      case Operation::responses: input = R"({"input":"Reply with exactly: )" + word + "\"}"; break;
      case Operation::chat_completions:
      case Operation::messages:
        input = R"({"max_tokens":64,"messages":[{"role":"user","content":"Reply with exactly: )" + word + "\"}]}";
        break;
      case Operation::embeddings: input = R"({"input":")" + word + "\"}"; break;
    }
    attempt.items.push_back({i, operation, input, 64});
  }
  return attempt;
}

inline void expect_own_answers(const RecordingObserver& observer, std::size_t items) {
  EXPECT_EQ(observer.answers().size(), items);
  for (const auto& [number, answer] : observer.answers()) {
    EXPECT_EQ(answer.verdict, Verdict::succeeded) << answer.error_code << ": " << answer.error_message;
    EXPECT_EQ(answer.text, "item-" + std::to_string(number) + "-end");
    EXPECT_EQ(answer.finish_reason, "stop");
    EXPECT_GT(answer.usage.input_tokens, 0);
    EXPECT_GT(answer.usage.output_tokens, 0);
    EXPECT_NE(answer.provider_body.find("usage"), std::string::npos);
  }
}

inline std::string batches_path(Protocol protocol) {
  return protocol == Protocol::anthropic ? "/v1/messages/batches" : "/v1/batches";
}

// A lane to a server that a test scripts itself.
struct Scripted {
  explicit Scripted(http_client::TestHttpServer::Handler handler) : server(std::move(handler)) {}

  std::shared_ptr<RecordingObserver> run(Attempt attempt, const std::function<void(ProviderSettings&)>& change = {}) {
    ProviderSettings settings = settings_for(protocol, "http://127.0.0.1:" + std::to_string(server.port()));
    if (change) change(settings);
    ProviderLane lane({pool.get_executor(), http, log, metrics, &now, [](const std::string&) { return false; }},
                      std::move(settings));
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(std::move(attempt), observer);
    observer->wait_for_end();
    return observer;
  }

  Protocol protocol = Protocol::openai;
  processors::testing::NullLog log;
  processors::testing::NullMetrics metrics;
  http_client::TestHttpServer server;
  http_client::HttpClient http;
  boost::asio::thread_pool pool{2};
};

}  // namespace adapters::providers::testing
