// Carries out what is left of an org's erasure once nobody gets in any more: its payloads go, and then the key of all
// that is sealed for it, in events, snapshots and archives alike.
//
// Threading: erase() from any thread; each is a coroutine on the executor, where it blocks on files.
// Delivery:  tried until it is done, and begun again after a crash: every step may be done twice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/log.h"
#include "processors/ports/vault.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class Eraser {
 public:
  // What is borrowed must outlive this, and this the executor's last work.
  struct Environment {
    BlobStore& blobs;
    Vault& vault;
    StateReader reader;
    CommandBus& bus;
    Log& log;
  };
  Eraser(boost::asio::any_io_executor executor, Environment environment);

  void erase(TermPointer term, core::EraseOrgData effect);

 private:
  boost::asio::awaitable<void> run(TermPointer term, core::EraseOrgData effect);
  boost::asio::awaitable<core::Result<void>> try_once(core::EraseOrgData effect);
  core::Result<void> remove_results(const core::OrgId& org);

  boost::asio::any_io_executor executor_;
  Environment environment_;
};

}  // namespace processors
