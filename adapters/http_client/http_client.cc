#include "adapters/http_client/http_client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "adapters/http_client/transfer.h"
#include "core/invariant.h"

namespace adapters::http_client {

namespace asio = boost::asio;
using Done = std::function<void(core::Result<HttpResponse>)>;

namespace {

// A socket of libcurl's, watched for what libcurl wants to know of it. The watch holds a duplicate, because
// libcurl 7.88 closes a socket that has not finished connecting before it says so: by then the number may be another's.
// Handlers of a forgotten watch do nothing.
struct Watch {
  Watch(asio::io_context& io, curl_socket_t number) : socket(number), descriptor(io) {}

  bool open() {
    const int duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    boost::system::error_code failure;
    if (duplicate >= 0) descriptor.assign(duplicate, failure);
    if (failure) close(duplicate);
    return duplicate >= 0 && !failure;
  }

  // Asio's own close() leaves it to the kernel to forget the descriptor, which it does not while libcurl's is open.
  void forget() {
    forgotten = true;
    close(descriptor.release());
  }

  const curl_socket_t socket;
  asio::posix::stream_descriptor descriptor;
  int wanted = CURL_POLL_NONE;
  bool reading = false;
  bool writing = false;
  bool forgotten = false;
};

core::Error stopped() {
  return core::Error{core::ErrorCode::unavailable, "the HTTP client has been stopped; send again after a restart"};
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// libcurl's multi handle says which sockets and which deadline it waits for; Asio waits for them and tells it. All but
// the members under `mutex_` belong to the thread.
class HttpClient::Engine {
 public:
  explicit Engine(HttpClientSettings settings);

  void send(HttpRequest request, Done done);
  void stop();

 private:
  struct Running {
    std::unique_ptr<Transfer> transfer;
    Done done;
  };

  void run();
  void start(HttpRequest request, const Done& done);
  void end(const Done& done, core::Result<HttpResponse> result);
  void end_all();
  void act(curl_socket_t socket, int events);
  void wait_for(const std::shared_ptr<Watch>& watch);
  void on_ready(const std::shared_ptr<Watch>& watch, int event);
  void watch(curl_socket_t socket, int wanted);
  void forget(curl_socket_t socket);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  const HttpClientSettings settings_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  CURLM* multi_ = nullptr;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unordered_map<CURL*, Running> running_;

  std::mutex mutex_;
  bool stopping_ = false;
  std::size_t requests_ = 0;  // accepted and not yet done

  std::once_flag joined_;
  std::thread thread_;  // last: it uses all of the above
};

HttpClient::Engine::Engine(HttpClientSettings settings) : settings_(std::move(settings)) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  INVARIANT(initialized == CURLE_OK);
  multi_ = curl_multi_init();
  INVARIANT(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(settings_.idle_connections_max));
  thread_ = std::thread([this] { run(); });
}

void HttpClient::Engine::run() {
  // Signals are the main thread's; SIGPIPE above all, which OpenSSL raises when a peer has gone.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  io_.run();
  curl_multi_cleanup(multi_);
}

void HttpClient::Engine::send(HttpRequest request, Done done) {
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    done(stopped());
    return;
  }
  // Posted under the lock, so that every accepted request is in the queue before stop()'s own message.
  if (requests_ == settings_.requests_max) {
    asio::post(io_, [done = std::move(done)] {
      done(core::Error{core::ErrorCode::overloaded, "too many outbound HTTP requests at once; try again later"});
    });
    return;
  }
  ++requests_;
  asio::post(
      io_, [this, request = std::move(request), done = std::move(done)]() mutable { start(std::move(request), done); });
}

void HttpClient::Engine::stop() {
  INVARIANT(std::this_thread::get_id() != thread_.get_id());
  std::call_once(joined_, [this] {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      asio::post(io_, [this] { end_all(); });
    }
    thread_.join();
  });
}

void HttpClient::Engine::start(HttpRequest request, const Done& done) {
  auto transfer = Transfer::prepare(std::move(request), settings_.ca_file);
  if (!transfer) {
    end(done, transfer.error());
    return;
  }
  CURL* easy = (*transfer)->easy();
  // Only tells on_timer() of work to do; libcurl acts, and calls back, when that timer runs.
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
    end(done, core::Error{core::ErrorCode::internal, "libcurl took no further request"});
    return;
  }
  running_.emplace(easy, Running{std::move(*transfer), done});
}

void HttpClient::Engine::end(const Done& done, core::Result<HttpResponse> result) {
  {
    std::lock_guard lock(mutex_);
    --requests_;
  }
  done(std::move(result));
}

void HttpClient::Engine::end_all() {
  auto running = std::move(running_);
  running_.clear();
  for (auto& [easy, entry] : running) {
    curl_multi_remove_handle(multi_, easy);
    entry.transfer.reset();
    end(entry.done, stopped());
  }
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
  timer_.cancel();
  for (auto& [socket, watch] : watches_) watch->forget();
  watches_.clear();
  work_.reset();
}

// Lets libcurl work, then reports what has finished.
void HttpClient::Engine::act(curl_socket_t socket, int events) {
  int still_running = 0;
  curl_multi_socket_action(multi_, socket, events, &still_running);
  int queued = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    auto node = running_.extract(message->easy_handle);
    INVARIANT(!node.empty());
    curl_multi_remove_handle(multi_, node.key());
    auto result = node.mapped().transfer->result(code);
    node.mapped().transfer.reset();
    end(node.mapped().done, std::move(result));
  }
}

void HttpClient::Engine::wait_for(const std::shared_ptr<Watch>& watch) {
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
    watch->reading = true;
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, watch](const auto& failure) {
      watch->reading = false;
      on_ready(watch, failure ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
    });
  }
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
    watch->writing = true;
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [this, watch](const auto& failure) {
      watch->writing = false;
      on_ready(watch, failure ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
    });
  }
}

void HttpClient::Engine::on_ready(const std::shared_ptr<Watch>& watch, int event) {
  static_assert(CURL_CSELECT_IN == CURL_POLL_IN && CURL_CSELECT_OUT == CURL_POLL_OUT);
  if (watch->forgotten) return;
  if (event == CURL_CSELECT_ERR || (watch->wanted & event) != 0) act(watch->socket, event);
  // What could not be waited for once is not waited for again, lest this become a busy loop: the time-out decides.
  if (!watch->forgotten && event != CURL_CSELECT_ERR) wait_for(watch);
}

void HttpClient::Engine::watch(curl_socket_t socket, int wanted) {
  auto& entry = watches_[socket];
  if (!entry) {
    entry = std::make_shared<Watch>(io_, socket);
    // Out of descriptors. To say so would end libcurl's every request; this one runs into its time-out.
    if (!entry->open()) {
      watches_.erase(socket);
      return;
    }
  }
  entry->wanted = wanted;
  wait_for(entry);
}

void HttpClient::Engine::forget(curl_socket_t socket) {
  const auto node = watches_.extract(socket);
  if (!node.empty()) node.mapped()->forget();
}

int HttpClient::Engine::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& engine = *static_cast<Engine*>(self);
  if (what == CURL_POLL_REMOVE) {
    engine.forget(socket);
  } else {
    engine.watch(socket, what);
  }
  return 0;
}

int HttpClient::Engine::on_timer(CURLM*, long milliseconds, void* self) {
  auto& engine = *static_cast<Engine*>(self);
  if (milliseconds < 0) {
    engine.timer_.cancel();
    return 0;
  }
  engine.timer_.expires_after(std::chrono::milliseconds(milliseconds));
  engine.timer_.async_wait([&engine](const boost::system::error_code& failure) {
    if (!failure) engine.act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

HttpClient::HttpClient(HttpClientSettings settings) : engine_(std::make_unique<Engine>(std::move(settings))) {}

HttpClient::~HttpClient() {
  stop();
}

void HttpClient::send(HttpRequest request, Done done) {
  engine_->send(std::move(request), std::move(done));
}

void HttpClient::stop() {
  engine_->stop();
}

}  // namespace adapters::http_client
