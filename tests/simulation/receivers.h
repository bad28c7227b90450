// Who is called from our side: mail servers, customers' webhook endpoints.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "processors/ports/outbound.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"

namespace simulation {

struct ReceiverFaults {
  double mail_fails = 0;
  double endpoint_fails = 0;    // an error status, or no answer
  double answer_lost = 0;       // it was taken, and we do not hear so
  double endpoint_is_gone = 0;  // 410, for ever
};

// Outlive every process.
class Receivers {
 public:
  Receivers(Chance& chance, const ReceiverFaults& faults) : chance_(chance), faults_(faults) {}

  // Told of each delivery as it arrives, whatever comes of it.
  std::function<void(const processors::WebhookRequest&)> arrived = [](const processors::WebhookRequest&) {};

 private:
  friend class Outbound;

  Chance& chance_;
  const ReceiverFaults& faults_;
};

// A process's way out.
class Outbound final : public processors::MailSender, public processors::WebhookSender {
 public:
  Outbound(Receivers& receivers, Agenda& agenda) : receivers_(receivers), agenda_(agenda) {}

  void send(processors::MailMessage, std::function<void(core::Result<void>)> done) override {
    const bool fails = receivers_.chance_.happens(receivers_.faults_.mail_fails);
    later([fails, done = std::move(done)] {
      if (fails)
        done(core::Error{core::ErrorCode::network_failed, "the mail server does not answer"});
      else
        done({});
    });
  }

  void post(processors::WebhookRequest request,
            std::function<void(core::Result<processors::WebhookResponse>)> done) override {
    Chance& chance = receivers_.chance_;
    const ReceiverFaults& faults = receivers_.faults_;
    core::Result<processors::WebhookResponse> answer = processors::WebhookResponse{204, {}};
    const bool reached = !chance.happens(faults.endpoint_fails);
    if (reached) receivers_.arrived(request);
    if (!reached && chance.happens(0.5))
      answer = processors::WebhookResponse{
          503, chance.happens(0.3) ? std::optional(std::chrono::seconds(90)) : std::nullopt};
    else if (!reached || chance.happens(faults.answer_lost))
      answer = core::Error{core::ErrorCode::network_failed, "no answer came"};
    else if (chance.happens(faults.endpoint_is_gone))
      answer = processors::WebhookResponse{410, {}};
    later([answer = std::move(answer), done = std::move(done)] { done(answer); });
  }

 private:
  void later(std::function<void()> act) {
    agenda_.later(receivers_.chance_.between(core::Duration(0), core::Duration(std::chrono::seconds(10))),
                  std::move(act));
  }

  Receivers& receivers_;
  Agenda& agenda_;
};

}  // namespace simulation
