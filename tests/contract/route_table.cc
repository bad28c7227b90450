// The routes of the service, as JSON on standard output: what its own resources add to a router. The App behind them is
// one that nobody calls.
#include <boost/asio/thread_pool.hpp>
#include <iostream>

#include "api/resources/resources.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace {

class NoBus final : public processors::CommandBus {
 public:
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered) override { std::abort(); }
};

std::string_view word_of(api::http::Body body) {
  switch (body) {
    case api::http::Body::none: return "none";
    case api::http::Body::small: return "small";
    case api::http::Body::stream: return "stream";
  }
  return "";
}

void print(const api::http::Router& router) {
  const char* before = "[";
  for (const api::http::Route& route : router.routes()) {
    std::cout << before << "\n  {\"method\": \"" << api::http::to_string(route.method) << "\", \"path\": \""
              << route.pattern << "\", \"access\": \"" << route.options.access << "\", \"body\": \""
              << word_of(route.options.body) << "\", \"body_bytes_max\": " << route.options.body_bytes_max << "}";
    before = ",";
  }
  std::cout << "\n]\n";
}

}  // namespace

int main() {
  boost::asio::thread_pool pool{1};
  NoBus bus;
  processors::testing::FakeStore store;
  processors::testing::FakeVault vault;
  processors::testing::FakeBlobs blobs;
  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  const core::Catalog catalog;
  adapters::passwords::PasswordHasher passwords;
  const api::App app{.settings = {},
                     .bus = bus,
                     .reader = processors::StateReader(store, 1),
                     .vault = vault,
                     .blobs = blobs,
                     .links = processors::FileLinks(vault, ""),
                     .catalog = catalog,
                     .lanes = {},
                     .passwords = passwords,
                     .blocking = pool.get_executor(),
                     .now = {},
                     .halted_partitions = {},
                     .render_metrics = {},
                     .metrics = metrics,
                     .log = log};
  api::http::Router router;
  api::resources::add_all(router, app);
  print(router);
}
