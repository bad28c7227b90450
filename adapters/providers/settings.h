// What a lane needs to know of its provider.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/sealed.h"

namespace adapters::providers {

struct ProviderSettings {
  core::ProviderId provider;
  core::Protocol protocol = core::Protocol::openai;
  std::string base_url;             // without a slash at the end: https://api.openai.com
  std::string path_prefix = "/v1";  // between it and the paths of the protocol
  core::Secret api_key;             // empty: none is sent
  bool sync = true;
  bool batch = true;
  // The dialects that it answers; empty: those of its protocol.
  std::vector<core::Operation> dialects = {};

  std::size_t attempts_max = 256;    // running at once, those that wait for a provider's batch included
  std::size_t concurrency_max = 64;  // synchronous calls at once, of a model
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds call_timeout{600'000};        // of a synchronous call
  std::chrono::milliseconds control_timeout{60'000};      // of polls, lists, cancels
  std::chrono::milliseconds transfer_timeout{1'800'000};  // of what carries a whole batch, either way
  // The first pause after a failure, of an item or a call about a batch; it doubles from try to try.
  std::chrono::milliseconds backoff_first{500};
  // Rate limits are waited for as long; then the attempt ends, so that another lane may be tried.
  std::chrono::milliseconds busy_wait_max{120'000};

  std::chrono::milliseconds poll_first{10'000};  // grows by half from poll to poll
  std::chrono::milliseconds poll_max{120'000};
  std::chrono::milliseconds cancel_wait{900'000};  // for the provider to end what was cancelled
  // For so long, and so often, a batch whose creation was not answered is looked for before another one is made.
  std::chrono::milliseconds lookup_for{60'000};
  std::chrono::milliseconds lookup_wait{2'000};
  std::size_t canary_items_min = 100;  // smaller batches carry no canary
};

}  // namespace adapters::providers
