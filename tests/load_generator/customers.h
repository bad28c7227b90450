// The customers of one partition: they sign up, pay, quote, submit, cancel, judge, ask for their money back; and the
// operator who now and then gives them some.
//
// Threading and lifetime: of the world.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/catalog.h"
#include "core/identity/commands.h"
#include "processors/ports/vault.h"
#include "tests/load_generator/fulfilment.h"
#include "tests/load_generator/partition_world.h"

namespace load_generator {

class Customers {
 public:
  Customers(PartitionWorld& world, Fulfilment& fulfilment, processors::Vault& vault, const core::Catalog& catalog);

  // Lets them all come, in the first minutes.
  void begin();

 private:
  struct Payment {
    core::CheckoutId checkout;
    core::Money amount;
  };
  struct Customer {
    core::OrgId org;
    core::UserId user;
    core::Sealed profile;
    core::Sealed token;
    std::optional<core::Sealed> webhook;
    std::vector<core::ApiKeyId> keys;
    std::vector<Payment> payments;  // not taken back
    std::optional<core::BatchId> last_batch;
  };
  using Who = std::shared_ptr<Customer>;
  // Models that are cheap enough, each with the lanes that it can be routed to.
  using Lanes = std::vector<core::quote::RouteLane>;

  void sign_up();
  void verify(const Who& who, const core::Digest& token);
  void live(const Who& who);
  void rest(const Who& who);  // then lives on

  void quote(const Who& who);
  core::quote::LockQuote make_quote(const Who& who, std::vector<core::batch::PlannedUnit>& units);
  core::quote::Route make_route();
  void submit(const Who& who, const core::quote::LockQuote& quote, std::vector<core::batch::PlannedUnit> units);
  void cancel(const Who& who, const std::shared_ptr<Order>& order);
  void judge(const Who& who);

  void buy(const Who& who, core::Money at_least, std::function<void()> bought);
  void take_back(const Who& who);
  void dispute(const Who& who);
  void give(const Who& who);
  void log_in(const Who& who);
  void change_key(const Who& who);

  core::identity::NewApiKey new_key();
  core::identity::NewSession new_session();
  void send(
      const Who& who, core::Command command, PartitionWorld::Then then = [](const auto&) {});

  PartitionWorld& world_;
  Fulfilment& fulfilment_;
  processors::Vault& vault_;
  const std::string catalog_version_;
  std::vector<Lanes> models_;
};

}  // namespace load_generator
