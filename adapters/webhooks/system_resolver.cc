#include "adapters/webhooks/system_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include "core/invariant.h"

namespace adapters::webhooks {

namespace asio = boost::asio;
using Done = std::function<void(core::Result<Addresses>)>;

namespace {

constexpr std::size_t waiting_threads = 4;
constexpr std::size_t lookups_max = 1'024;

core::Error failed(const std::string& host, const char* why) {
  return core::Error{core::ErrorCode::network_failed, "the host name " + host + " could not be resolved: " + why};
}

core::Error stopped() {
  return core::Error{core::ErrorCode::unavailable, "the resolver has been stopped; try again after a restart"};
}

core::Result<Addresses> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return failed(host, gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
      return failed(host, "an address could not be read");
    }
    addresses.emplace_back(text);
  }
  return addresses;
}

}  // namespace

class SystemResolver::Engine {
 public:
  Engine() : thread_([this] { io_.run(); }) {}

  void resolve(std::string host, std::chrono::milliseconds limit, Done done) {
    std::unique_lock lock(mutex_);
    if (stopping_) {
      lock.unlock();
      done(stopped());
      return;
    }
    // Posted under the lock, so that every accepted look-up is in the queue before stop()'s own message.
    asio::post(io_, [this, host = std::move(host), limit, done = std::move(done)]() mutable {
      start(std::move(host), limit, std::move(done));
    });
  }

  void stop() {
    INVARIANT(std::this_thread::get_id() != thread_.get_id());
    std::call_once(joined_, [this] {
      {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        asio::post(io_, [this] { answer_all(); });
      }
      workers_.stop();
      workers_.join();
      work_.reset();
      thread_.join();
    });
  }

 private:
  struct Lookup {
    Lookup(asio::io_context& io, std::string name, Done callback)
        : host(std::move(name)), done(std::move(callback)), timer(io) {}
    const std::string host;
    Done done;  // gone once it was called: a worker may keep the rest until after the caller's end
    asio::steady_timer timer;
    std::atomic<bool> answered = false;  // written by the thread, read by the workers to skip what is too late
  };
  using Handle = std::shared_ptr<Lookup>;  // shared by the timer, a worker and pending_

  void start(std::string host, std::chrono::milliseconds limit, Done done) {
    if (pending_.size() >= lookups_max) {
      done(core::Error{core::ErrorCode::overloaded, "too many host names to resolve at once; try again later"});
      return;
    }
    auto lookup = std::make_shared<Lookup>(io_, std::move(host), std::move(done));
    pending_.insert(lookup);
    lookup->timer.expires_after(limit);
    lookup->timer.async_wait([this, lookup](const boost::system::error_code& failure) {
      if (!failure) answer(lookup, failed(lookup->host, "no answer in time"));
    });
    asio::post(workers_, [this, lookup] {
      if (lookup->answered) return;
      auto addresses = look_up(lookup->host);
      asio::post(io_,
                 [this, lookup, addresses = std::move(addresses)]() mutable { answer(lookup, std::move(addresses)); });
    });
  }

  void answer(const Handle& lookup, core::Result<Addresses> addresses) {
    if (lookup->answered.exchange(true)) return;
    lookup->timer.cancel();
    pending_.erase(lookup);
    std::exchange(lookup->done, nullptr)(std::move(addresses));
  }

  void answer_all() {
    const auto pending = pending_;
    for (const Handle& lookup : pending) answer(lookup, stopped());
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unordered_set<Handle> pending_;

  std::mutex mutex_;
  bool stopping_ = false;

  std::once_flag joined_;
  asio::thread_pool workers_{waiting_threads};
  std::thread thread_;  // last: it uses all of the above
};

SystemResolver::SystemResolver() : engine_(std::make_unique<Engine>()) {}

SystemResolver::~SystemResolver() {
  stop();
}

void SystemResolver::resolve(std::string host, std::chrono::milliseconds limit, Done done) {
  engine_->resolve(std::move(host), limit, std::move(done));
}

void SystemResolver::stop() {
  engine_->stop();
}

}  // namespace adapters::webhooks
