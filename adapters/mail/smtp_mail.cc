#include "adapters/mail/smtp_mail.h"

#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "adapters/mail/message.h"
#include "core/invariant.h"

namespace adapters::mail {

namespace {

using core::Error;
using core::ErrorCode;
using Done = std::function<void(core::Result<void>)>;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

Error stopped() {
  return {ErrorCode::unavailable, "the mail sender has been stopped; send again after a restart"};
}

bool is_on_this_machine(std::string_view url) {
  std::string_view host = url.substr(std::min(url.size(), url.find("://") + 3));
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host == "127.0.0.1";
}

// Before a server has been told of the receiver it refuses us, not the mail.
enum class Named { nobody, receiver };

// What the server last said, 0 for nothing, and how libcurl ended.
Error sort_failure(CURLcode ended, long said, Named named) {
  const std::string detail = "the mail server " +
                             (said > 0 ? "answers " + std::to_string(said) : std::string("does not answer")) + " (" +
                             curl_easy_strerror(ended) + ")";
  const bool no_login = ended == CURLE_LOGIN_DENIED || said == 530 || said == 534 || said == 535 || said == 538;
  const bool no_tls = ended == CURLE_USE_SSL_FAILED || ended == CURLE_PEER_FAILED_VERIFICATION ||
                      ended == CURLE_SSL_CACERT_BADFILE || ended == CURLE_SSL_CONNECT_ERROR;
  if (no_login) return {ErrorCode::configuration_invalid, detail + ": check mail.smtp_username and mail.smtp_password"};
  if (no_tls) return {ErrorCode::configuration_invalid, detail + ": it must offer TLS with a valid certificate"};
  if (ended == CURLE_COULDNT_RESOLVE_HOST || ended == CURLE_COULDNT_CONNECT)
    return {ErrorCode::unavailable, "the mail server cannot be reached"};
  if (said >= 500 && said < 600 && named == Named::nobody)
    return {ErrorCode::configuration_invalid, detail + " before it knows to whom: check mail.from and the mail server"};
  if (said >= 500 && said < 600) return {ErrorCode::invalid_request, detail};
  return {ErrorCode::network_failed, detail};
}

// One mail on one connection.
class Sending {
 public:
  Sending(const SmtpSettings& settings, const std::atomic<bool>& stopping) : settings_(settings), stopping_(stopping) {}

  core::Result<void> send(const std::string& to, std::string text) {
    text_ = std::move(text);
    easy_.reset(curl_easy_init());
    receivers_.reset(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
    if (!easy_ || !receivers_) return Error{ErrorCode::overloaded, "no memory to send a mail"};
    set_options("<" + std::string(address_of(settings_.from)) + ">");
    if (setting_ != CURLE_OK)
      return Error{ErrorCode::internal, std::string("libcurl refuses an option: ") + curl_easy_strerror(setting_)};
    const CURLcode ended = curl_easy_perform(easy_.get());
    if (ended == CURLE_OK) return {};
    if (stopping_) return stopped();
    long said = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &said);
    return sort_failure(ended, said, named_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (setting_ == CURLE_OK) setting_ = curl_easy_setopt(easy_.get(), option, value);
  }

  void set_options(const std::string& sender) {
    set(CURLOPT_URL, settings_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_USE_SSL, static_cast<long>(is_on_this_machine(settings_.url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
    if (!settings_.username.empty()) {
      set(CURLOPT_USERNAME, settings_.username.c_str());
      set(CURLOPT_PASSWORD, settings_.password.reveal().c_str());
    }
    set(CURLOPT_PROXY, "");
    set(CURLOPT_MAIL_FROM, sender.c_str());
    set(CURLOPT_MAIL_RCPT, receivers_.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, &on_debug);
    set(CURLOPT_DEBUGDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.total_timeout.count()));
  }

  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) {
    auto& sending = *static_cast<Sending*>(self);
    const std::size_t bytes = std::min(size * count, sending.text_.size() - sending.read_);
    std::memcpy(to, sending.text_.data() + sending.read_, bytes);
    sending.read_ += bytes;
    return bytes;
  }

  // Each command on its way out; looked at here, kept nowhere.
  static int on_debug(CURL*, curl_infotype type, char* text, std::size_t bytes, void* self) {
    if (type == CURLINFO_HEADER_OUT && std::string_view(text, bytes).starts_with("RCPT"))
      static_cast<Sending*>(self)->named_ = Named::receiver;
    return 0;
  }

  // About once a second, and whenever something happens; not 0 ends it.
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Sending*>(self)->stopping_ ? 1 : 0;
  }

  const SmtpSettings& settings_;
  const std::atomic<bool>& stopping_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<curl_slist, ListDeleter> receivers_;
  std::string text_;
  std::size_t read_ = 0;
  Named named_ = Named::nobody;
  CURLcode setting_ = CURLE_OK;
};

}  // namespace

class SmtpMail::Engine {
 public:
  Engine(SmtpSettings settings, std::function<core::Timestamp()> now)
      : settings_(std::move(settings)), now_(std::move(now)) {
    static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    INVARIANT(initialized == CURLE_OK);
    thread_ = std::thread([this] { run(); });
  }

  void send(processors::MailMessage message, Done done) {
    core::Result<std::string> text = render(settings_.from, message, now_());
    if (text.has_error()) return done(text.error());
    std::unique_lock lock(mutex_);
    const bool full = waiting_.size() >= settings_.waiting_max;
    if (!stopping_ && !full) {
      waiting_.push_back({std::move(message.to), std::move(*text), std::move(done)});
      lock.unlock();
      return arrived_.notify_one();
    }
    lock.unlock();
    done(full ? Error{ErrorCode::overloaded, "too many mails are waiting to be sent"} : stopped());
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Waiting {
    std::string to;
    std::string text;
    Done done;
  };

  void run() {
    sigset_t all;  // signals are the main thread's; SIGPIPE above all, which OpenSSL raises when a peer has gone
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (std::optional<Waiting> next = take())
      next->done(stopping_ ? core::Result<void>(stopped()) : Sending(settings_, stopping_).send(next->to, next->text));
  }

  // Nothing: stopped, and nobody waits any more.
  std::optional<Waiting> take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

  const SmtpSettings settings_;
  const std::function<core::Timestamp()> now_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Waiting> waiting_;
  std::atomic<bool> stopping_ = false;  // set under the mutex
  std::thread thread_;                  // last: it uses all of the above
};

SmtpMail::SmtpMail(SmtpSettings settings, std::function<core::Timestamp()> now)
    : engine_(std::make_unique<Engine>(std::move(settings), std::move(now))) {}

SmtpMail::~SmtpMail() {
  stop();
}

void SmtpMail::send(processors::MailMessage message, Done done) {
  engine_->send(std::move(message), std::move(done));
}

void SmtpMail::stop() {
  engine_->stop();
}

}  // namespace adapters::mail
