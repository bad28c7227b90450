// The operating system's resolver.
#pragma once

#include <memory>

#include "adapters/webhooks/resolver.h"

namespace adapters::webhooks {

// getaddrinfo() blocks and cannot be interrupted, so a few threads wait in it while another keeps the time limits: a
// name server that never answers holds one of them until the system gives up, and no caller.
//
// Threading: any thread; `done` runs on the resolver's own thread and must be brief.
// stop() answers what is pending with unavailable, then waits for look-ups the system is still busy with (its own
// time-outs, usually seconds: see resolv.conf). Idempotent; called by the destructor; never from within `done`.
class SystemResolver final : public Resolver {
 public:
  SystemResolver();
  ~SystemResolver() override;

  void resolve(std::string host, std::chrono::milliseconds limit,
               std::function<void(core::Result<Addresses>)> done) override;
  void stop();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace adapters::webhooks
