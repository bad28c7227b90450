#include "adapters/providers/run.h"

#include <algorithm>
#include <random>
#include <utility>

namespace adapters::providers {
namespace {

constexpr auto backoff_max = std::chrono::milliseconds(60'000);
constexpr std::uint32_t doublings_max = 10;

}  // namespace

void Runs::add(std::shared_ptr<Run> run) {
  const std::lock_guard lock(mutex_);
  runs_.push_back(std::move(run));
}

void Runs::remove(const Run& run) {
  const std::lock_guard lock(mutex_);
  std::erase_if(runs_, [&](const std::shared_ptr<Run>& other) { return other.get() == &run; });
  if (runs_.empty()) none_left_.notify_all();
}

std::vector<std::shared_ptr<Run>> Runs::all() const {
  const std::lock_guard lock(mutex_);
  return runs_;
}

void Runs::wait_until_none_left() {
  std::unique_lock lock(mutex_);
  none_left_.wait(lock, [this] { return runs_.empty(); });
}

void Turn::take(std::function<bool()> taken) {
  {
    const std::lock_guard lock(mutex_);
    if (held_) {
      waiting_.push_back(std::move(taken));
      return;
    }
    held_ = true;
  }
  if (!taken()) give_back();
}

void Turn::give_back() {
  for (;;) {
    std::function<bool()> next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        held_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (next()) return;
  }
}

void LaneContext::count_request(const core::Result<http_client::HttpResponse>& response) const {
  std::string_view status = "none";
  if (response) {
    const int number = response->status;
    status = number == 429 ? "429" : number < 300 ? "2xx" : number < 400 ? "3xx" : number < 500 ? "4xx" : "5xx";
  }
  metrics.count("batchrouter_provider_requests_total", {{"provider", settings.provider.value()}, {"status", status}});
}

std::chrono::milliseconds backoff(std::chrono::milliseconds first, std::uint32_t tries) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto whole = std::min(backoff_max, first * (1U << std::min(tries, doublings_max)));
  const double part = 1 - 0.25 * std::uniform_real_distribution<double>()(random);
  return std::chrono::ceil<std::chrono::milliseconds>(whole * part);
}

std::optional<std::chrono::seconds> in_seconds(std::optional<std::chrono::milliseconds> wait) {
  if (!wait) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*wait);
}

}  // namespace adapters::providers
