#include "processors/delivery/delivery.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "core/mutant.h"
#include "processors/ask.h"
#include "processors/delivery/messages.h"
#include "processors/fault_point.h"
#include "schemas/profile.h"
#include "schemas/standard_webhooks.h"
#include "schemas/webhook_body.h"

namespace processors {

namespace {

constexpr auto retry_delay_first = std::chrono::milliseconds(500);
constexpr auto retry_delay_max = std::chrono::minutes(5);
constexpr auto mail_tried_for = std::chrono::hours(24);  // what it links to is over by then; anew after a restart

// Awaits an API that answers through a callback, from any thread, once.
template <class T, class Start>
boost::asio::awaitable<core::Result<T>> answer_of(Start start) {
  auto initiate = [](auto handler, Start begin) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    begin([shared](core::Result<T> answer) {
      const auto executor = boost::asio::get_associated_executor(*shared);
      boost::asio::post(executor, [shared, answer = std::move(answer)]() mutable { (*shared)(std::move(answer)); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(core::Result<T>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(start));
}

// Whether a mail that failed may be sent later.
bool may_pass(const core::Result<MailMessage>& message, const core::Error& error) {
  if (message.has_value()) return error.code != core::ErrorCode::invalid_request;
  return error.code == core::ErrorCode::storage_failed || core::transient(error.code);
}

}  // namespace

Delivery::Delivery(boost::asio::any_io_executor executor, Environment environment)
    : executor_(std::move(executor)), environment_(std::move(environment)) {}

void Delivery::forward(TermPointer term, core::AggregateKey origin, core::ForwardCommand forward) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_),
                        run_forward(std::move(term), std::move(origin), std::move(forward)), boost::asio::detached);
}

void Delivery::send_mail(TermPointer term, core::AggregateKey origin, core::SendMail mail) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_),
                        run_mail(std::move(term), std::move(origin), std::move(mail)), boost::asio::detached);
}

void Delivery::deliver(TermPointer term, core::DeliverWebhook delivery) {
  boost::asio::co_spawn(boost::asio::make_strand(executor_), run_delivery(std::move(term), std::move(delivery)),
                        boost::asio::detached);
}

boost::asio::awaitable<bool> Delivery::wait_before_try(TermPointer term, int tries_so_far) {
  if (tries_so_far == 0) co_return !stopping_ && !term->ended;
  const auto delay =
      std::min<std::chrono::milliseconds>(retry_delay_first * (1 << std::min(tries_so_far - 1, 12)), retry_delay_max);
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !stopping_ && !term->ended;
}

boost::asio::awaitable<void> Delivery::complete(TermPointer term, core::AggregateKey origin, core::Effect effect) {
  const std::string key = core::key_of(effect);
  for (int tries = 0; co_await wait_before_try(term, tries); ++tries) {
    core::Command command = core::CompleteEffect{key};
    core::CommandId id("complete/" + key);
    core::AggregateKey aggregate = origin;
    const core::Result<Answer> done =
        co_await ask(environment_.bus, std::move(aggregate), std::move(id), std::move(command));
    if (done.has_value()) co_return;
  }
}

boost::asio::awaitable<void> Delivery::run_forward(TermPointer term, core::AggregateKey origin,
                                                   core::ForwardCommand forward) {
  for (int tries = 0; co_await wait_before_try(term, tries); ++tries) {
    core::CommandId id(core::key_of(forward));
    core::AggregateKey aggregate = forward.aggregate;
    core::Command command = forward.command;
    const core::Result<Answer> answer =
        co_await ask(environment_.bus, std::move(aggregate), std::move(id), std::move(command));
    if (answer.has_error() && core::transient(answer.error().code)) continue;
    if (answer.has_error())
      error(environment_.log, "forwarded_command_refused", {{"code", to_string(answer.error().code)}});
    core::Effect effect = std::move(forward);
    co_await complete(term, std::move(origin), std::move(effect));
    co_return;
  }
}

core::Result<MailMessage> Delivery::compose(const core::SendMail& mail) const {
  const core::Result<std::string> sealed_profile = environment_.vault.unseal(mail.org, mail.profile);
  if (sealed_profile.has_error()) return sealed_profile.error();
  const core::Result<schemas::Profile> profile = schemas::decode_profile(*sealed_profile);
  if (profile.has_error()) return profile.error();
  std::string token;
  if (!mail.token.text().empty()) {
    core::Result<std::string> unsealed = environment_.vault.unseal(mail.org, mail.token);
    if (unsealed.has_error()) return unsealed.error();
    token = std::move(*unsealed);
  }
  MailMessage message = write_mail(mail.kind, environment_.public_url, token);
  message.id = mail.mail;
  message.to = profile->email;
  return message;
}

bool Delivery::erased(const core::SendMail& mail) const {
  const auto org = environment_.reader.find<core::identity::Org>(core::aggregate_of(mail.org), {mail.org});
  return org.has_value() && *org && (*org)->erased_at;
}

boost::asio::awaitable<void> Delivery::run_mail(TermPointer term, core::AggregateKey origin, core::SendMail mail) {
  const core::Timestamp given_up_at = environment_.now() + mail_tried_for;
  for (int tries = 0; co_await wait_before_try(term, tries); ++tries) {
    const bool late = environment_.now() >= given_up_at;
    core::Result<MailMessage> message = compose(mail);
    core::Result<void> sent;
    if (late) {
      sent = core::Error{core::ErrorCode::request_timeout, "it could not be sent for a day"};
    } else if (message.has_value()) {
      auto send = [this, message = std::move(*message)](auto done) mutable {
        environment_.mail.send(std::move(message), std::move(done));
      };
      sent = co_await answer_of<void>(std::move(send));
    } else {
      sent = message.error();
    }
    if (sent.has_error()) {
      const core::Error& error = sent.error();
      warn(environment_.log, "mail_failed",
           {{"mail", mail.mail.value()}, {"code", to_string(error.code)}, {"why", error.detail}});
      if (!late && may_pass(message, error) && !erased(mail)) continue;
    }
    environment_.metrics.count("batchrouter_mails_total", {{"outcome", sent.has_value() ? "sent" : "dropped"}});
    core::Effect effect = std::move(mail);
    co_await complete(term, std::move(origin), std::move(effect));
    co_return;
  }
}

core::Result<WebhookRequest> Delivery::compose(const core::webhook::Delivery& delivery) const {
  const auto batch =
      environment_.reader.find<core::batch::Batch>(core::aggregate_of(delivery.org), {delivery.org, delivery.batch});
  if (batch.has_error()) return batch.error();
  if (!*batch) return core::Error{core::ErrorCode::batch_not_found, "the batch of a webhook is gone"};
  const core::Result<std::string> unsealed = environment_.vault.unseal(delivery.org, delivery.target);
  if (unsealed.has_error()) return unsealed.error();
  const core::Result<core::Webhook> target = schemas::decode_webhook(*unsealed);
  if (target.has_error()) return target.error();

  const core::Timestamp expires_at = delivery.created_at + environment_.webhook_link_lifetime;
  const auto link = [&](Artifact artifact) {
    return size_of((*batch)->closed.segments, artifact) == 0
               ? std::optional<std::string>{}
               : environment_.links.link({delivery.org, delivery.batch, artifact}, expires_at);
  };
  WebhookRequest request;
  request.url = target->url;
  const auto now = std::chrono::floor<std::chrono::seconds>(environment_.now());
  const core::Timestamp told_at = MUTANT(21) ? core::Timestamp(now) : delivery.created_at;
  request.body =
      schemas::render_webhook_body(delivery.type, told_at, **batch, {link(Artifact::output), link(Artifact::error)});
  request.headers = {
      {"content-type", "application/json"},
      {"user-agent", "BatchRouter-Webhooks/1"},
      {"webhook-id", delivery.id.value()},
      {"webhook-timestamp", std::to_string(now.time_since_epoch().count())},
      {"webhook-signature",
       schemas::standard_webhooks::sign(core::Secret(target->secret), delivery.id.value(), now, request.body)},
  };
  return request;
}

boost::asio::awaitable<void> Delivery::run_delivery(TermPointer term, core::DeliverWebhook delivery) {
  const core::AggregateKey aggregate = core::aggregate_of(delivery.org);
  for (int tries = 0; co_await wait_before_try(term, tries); ++tries) {
    const auto row = environment_.reader.find<core::webhook::Delivery>(aggregate, {delivery.org, delivery.delivery});
    if (row.has_error()) continue;
    if (!*row || (*row)->phase != core::webhook::Phase::pending) co_return;

    core::webhook::RecordDelivery report;
    report.org = delivery.org;
    report.delivery = delivery.delivery;
    report.attempt = core::AttemptNumber((*row)->attempt.value() + 1);
    core::Result<WebhookRequest> request = compose(**row);
    if (request.has_error()) {
      report.reason = to_string(request.error().code);
    } else {
      FAULT_POINT(F18);
      auto post = [this, request = std::move(*request)](auto done) mutable {
        environment_.webhooks.post(std::move(request), std::move(done));
      };
      const core::Result<WebhookResponse> response = co_await answer_of<WebhookResponse>(std::move(post));
      FAULT_POINT(F19);
      if (stopping_ && response.has_error()) co_return;  // cut off by our own stop: it was no try
      if (response.has_error()) {
        report.reason = to_string(response.error().code);
      } else {
        report.status = response->status;
        report.retry_after = response->retry_after;
      }
    }
    environment_.metrics.count("batchrouter_webhook_attempts_total",
                               {{"outcome", report.status >= 200 && report.status < 300 ? "delivered" : "failed"}});
    core::CommandId id("delivered/" + delivery.delivery.value() + "/" + std::to_string(report.attempt.value()));
    core::AggregateKey to = aggregate;
    core::Command command = std::move(report);
    const core::Result<Answer> recorded =
        co_await ask(environment_.bus, std::move(to), std::move(id), std::move(command));
    if (recorded.has_value() || !core::transient(recorded.error().code)) co_return;
  }
}

}  // namespace processors
