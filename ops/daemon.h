// The service: every part made, wired, started in order and stopped in the opposite one.
#pragma once

#include <memory>

#include "core/result.h"
#include "ops/config.h"

namespace ops {

// Threading: one thread calls; the service has its own.
class Daemon {
 public:
  // Opens the data directory and recovers. Errors: what keeps the service from starting, with the remedy.
  static core::Result<std::unique_ptr<Daemon>> start(const Config& config);

  // Finishes what is in flight and stops. Idempotent.
  ~Daemon();

  // Blocks until SIGINT or SIGTERM, or until the journal can no longer be written. The exit code.
  int wait();

 private:
  class Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace ops
