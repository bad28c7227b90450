// Effects that leave by mail, webhook or to another aggregate.
//
// Threading: start() functions from any thread; each runs as a coroutine on the executor.
// Delivery:  at least once. What comes back is reported with a command; a crash before that means once more.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>

#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/file_links.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/outbound.h"
#include "processors/ports/vault.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class Delivery {
 public:
  struct Environment {
    StateReader reader;
    CommandBus& bus;
    Vault& vault;
    MailSender& mail;
    WebhookSender& webhooks;
    FileLinks links;
    std::string public_url;
    core::Duration webhook_link_lifetime = std::chrono::hours(96);
    std::function<core::Timestamp()> now;
    Metrics& metrics;
    Log& log;
  };

  // What the environment borrows must outlive this, and this the executor's last work.
  Delivery(boost::asio::any_io_executor executor, Environment environment);

  void forward(TermPointer term, core::AggregateKey origin, core::ForwardCommand forward);
  void send_mail(TermPointer term, core::AggregateKey origin, core::SendMail mail);
  void deliver(TermPointer term, core::DeliverWebhook delivery);
  // Retries end; what is not done waits for the next start.
  void stop() { stopping_ = true; }

 private:
  boost::asio::awaitable<void> run_forward(TermPointer term, core::AggregateKey origin, core::ForwardCommand forward);
  boost::asio::awaitable<void> run_mail(TermPointer term, core::AggregateKey origin, core::SendMail mail);
  boost::asio::awaitable<void> run_delivery(TermPointer term, core::DeliverWebhook delivery);

  // Whether the mail's org is gone: then nobody waits for it, and nobody can read the address.
  bool erased(const core::SendMail& mail) const;
  core::Result<MailMessage> compose(const core::SendMail& mail) const;
  core::Result<WebhookRequest> compose(const core::webhook::Delivery& delivery) const;
  boost::asio::awaitable<void> complete(TermPointer term, core::AggregateKey origin, core::Effect effect);
  // Waits longer each time; false when there is no point in going on.
  boost::asio::awaitable<bool> wait_before_try(TermPointer term, int tries_so_far);

  boost::asio::any_io_executor executor_;
  Environment environment_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace processors
