// The customers of a history, who come by HTTP as anyone does: they quote, submit, cancel, pay, look, pry, send the
// same again when nobody answered; and keep what they were told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "tests/simulation/process.h"
#include "tests/simulation/weather.h"

namespace simulation {

class World;

class Customers {
 public:
  explicit Customers(World& world);
  ~Customers();

  void begin();
  // No customer begins anything any more; what was begun is brought to its end.
  void finish();
  // Everything has ended: they fetch what they have paid for.
  void download();
  bool done() const { return steps_left_ == 0; }
  // Nothing is waited for.
  bool quiet() const { return waiting_ == 0; }
  std::string waits_for() const;

 private:
  struct Customer;
  using Who = std::shared_ptr<Customer>;
  using Then = std::function<void(const Reply&)>;
  using Again = std::function<void()>;
  using Attempt = std::function<void(const Again&)>;

  void sign_up();
  void verify(const Who& who, const core::Digest& mailed);
  void rest(const Who& who);
  void act(const Who& who);

  void quote(const Who& who);
  void submit(const Who& who);
  void accept(const Who& who, bool again);
  void submit_again(const Who& who, bool other);
  void race(const Who& who);
  void cancel(const Who& who);
  void retry(const Who& who);
  void look(const Who& who);
  void pry(const Who& who);
  void judge(const Who& who);
  void buy(const Who& who);
  void pay(const Who& who);
  void refund(const Who& who);
  void dispute(const Who& who);
  void grant(const Who& who);
  void leave(const Who& who);
  void order(const Who& who);

  std::string manifest(const Who& who);
  Call under_new_key(Call call);
  std::size_t new_submission(const Who& who);
  void send(const Who& who, std::size_t submission);
  void told_of_batch(const Who& who, const Reply& reply);
  void tell_of_payment(const std::string& event);

  // Asks one machine after the other until one answers something that settles it. A call that changes something has an
  // Idempotency-Key, or once more is fine.
  void call(const Who& who, Call call, Then then);
  void call_once(const Who& who, std::size_t machine, Call call, Then then);
  void fetch(const Who& who, const std::string& batch, const std::string& kind, std::function<void(std::string)> then);
  // As call(), from inside; says whether it was accepted.
  void command(core::AggregateKey aggregate, core::Command command, std::function<void(bool)> then);
  // An attempt that calls what it is given is made once more after a while.
  void keep_trying(const std::shared_ptr<const Attempt>& attempt);

  World& world_;
  std::vector<Who> customers_;
  std::uint64_t steps_left_ = 0;
  std::uint64_t names_ = 0;
  std::size_t waiting_ = 0;  // for answers
  bool finishing_ = false;
};

}  // namespace simulation
