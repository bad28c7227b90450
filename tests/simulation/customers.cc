#include "tests/simulation/customers.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <utility>

#include "adapters/random/random.h"
#include "core/command.h"
#include "schemas/digest.h"
#include "schemas/profile.h"
#include "schemas/rfc3339.h"
#include "schemas/tokens.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/world.h"

namespace simulation {

namespace {

using namespace std::chrono_literals;
using api::http::Method;

constexpr core::Duration thinks_at_most = 4min;
constexpr int tries_max = 400;

std::string text_at(const std::string& json, const char* pointer) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  const rapidjson::Value* value = document.HasParseError() ? nullptr : rapidjson::Pointer(pointer).Get(document);
  return value != nullptr && value->IsString() ? value->GetString() : "";
}

std::string ulid() {
  return adapters::random::make_ulid(simulated_now());
}

// Whether it says what became of the request, rather than that nobody knows.
bool settles(const Reply& reply) {
  return reply.status != 0 && reply.status != 502 && reply.status != 503 && reply.status != 504;
}

}  // namespace

struct Customers::Customer {
  struct Submission {
    Call call;
    std::string batch;  // the answer; empty: none came yet
  };
  struct Bought {
    core::CheckoutId checkout;
    bool paid = false;
  };

  core::OrgId org;
  std::string token;
  std::vector<std::string> quotes;    // locked, as far as is known
  std::vector<std::string> consumed;  // by a batch that was told of
  std::vector<std::string> batches;
  std::vector<std::string> cursors;  // of pages of results
  std::vector<Submission> submissions;
  std::vector<Bought> bought;
  bool left = false;
};

Customers::Customers(World& world) : world_(world) {}
Customers::~Customers() = default;

void Customers::begin() {
  steps_left_ = world_.chance().between(20, 120);
  if (world_.options().steps) steps_left_ = *world_.options().steps;
  const std::uint64_t count = world_.chance().between(1, 4);
  for (std::uint64_t i = 0; i < count; ++i) sign_up();
}

void Customers::finish() {
  finishing_ = true;
  steps_left_ = 0;
}

std::string Customers::waits_for() const {
  return waiting_ == 0 ? "" : std::to_string(waiting_) + " answers ";
}

// --- asking ---------------------------------------------------------------------------------------------------------

void Customers::call_once(const Who& who, std::size_t machine, Call call, Then then) {
  Process* process = world_.process(machine);
  if (process == nullptr) {
    world_.agenda().later(1s, [then = std::move(then)] { then(Reply{}); });
    return;
  }
  Question question = world_.oracle().ask(machine, who ? who->org : core::OrgId{}, call);
  process->ask(std::move(call), [this, question = std::move(question), then = std::move(then)](Reply reply) {
    if (reply.status != 0) world_.oracle().answered(question, reply);
    // Never in the middle of what the process does.
    world_.agenda().later(core::Duration(0), [then, reply = std::move(reply)] { then(reply); });
  });
}

void Customers::keep_trying(const std::shared_ptr<const Attempt>& attempt) {
  (*attempt)([this, attempt] {
    world_.agenda().later(world_.chance().between(core::Duration(100ms), core::Duration(30s)),
                          [this, attempt] { keep_trying(attempt); });
  });
}

void Customers::call(const Who& who, Call call, Then then) {
  if (!call.headers.get("authorization") && who) call.headers.set("Authorization", "Bearer " + who->token);
  if (!call.body.empty() && !call.headers.get("content-type")) call.headers.set("Content-Type", "application/json");
  ++waiting_;
  const auto tries = std::make_shared<int>(0);
  keep_trying(std::make_shared<const Attempt>(
      [this, who, call = std::move(call), tries, then = std::move(then)](const Again& again) {
        const std::size_t machine = world_.chance().between(0, world_.machine_count() - 1);
        call_once(who, machine, call, [this, tries, then, again](const Reply& reply) {
          if (!settles(reply) && ++*tries <= tries_max) return again();
          --waiting_;
          then(reply);
        });
      }));
}

void Customers::command(core::AggregateKey aggregate, core::Command command, std::function<void(bool)> then) {
  ++waiting_;
  keep_trying(std::make_shared<const Attempt>([this, aggregate = std::move(aggregate), command = std::move(command),
                                               then = std::move(then)](const Again& again) {
    Process* process = world_.process(world_.chance().between(0, world_.machine_count() - 1));
    if (process == nullptr) return again();
    process->submit(aggregate, command, [this, command, again, then](const core::Result<processors::Answer>& answer) {
      if (answer.has_value()) world_.oracle().acknowledged(command);
      const bool unknown = answer.has_error() && core::transient(answer.error().code);
      world_.agenda().later(core::Duration(0), [this, unknown, done = answer.has_value(), again, then] {
        if (unknown) return again();
        --waiting_;
        then(done);
      });
    });
  }));
}

// --- accounts -------------------------------------------------------------------------------------------------------

void Customers::sign_up() {
  const auto who = std::make_shared<Customer>();
  const std::string name = "customer " + std::to_string(++names_);
  const core::AggregateKey address = core::aggregate_of_email(schemas::sha256(name));
  const auto partition = [this](const core::AggregateKey& aggregate) {
    return core::partition_of(aggregate, world_.partition_count());
  };
  // As the API has it: an org's partition is that of its address.
  do {
    who->org = core::OrgId(std::string(schemas::org_prefix) + ulid());
  } while (partition(core::aggregate_of(who->org)) != partition(address));
  who->token = adapters::random::make_session_token(who->org).reveal();
  const auto seal = [&](const std::string& text) { return *world_.vault().seal(who->org, text); };
  const core::Digest mailed = schemas::sha256("token of " + name);
  core::identity::ClaimEmail claim{schemas::sha256(name),
                                   who->org,
                                   core::UserId("usr_" + ulid()),
                                   {},
                                   seal(schemas::encode_profile({name, "Acme", "ann@acme.test", "no hash"})),
                                   {mailed, seal("obv_token")}};
  command(address, std::move(claim), [this, who, mailed](bool) { verify(who, mailed); });
}

// Once the mail has come, which takes its time; and until that is settled.
void Customers::verify(const Who& who, const core::Digest& mailed) {
  world_.agenda().later(10s, [this, who, mailed] {
    command(
        core::aggregate_of(who->org),
        core::identity::VerifyEmail{who->org, mailed, {core::SessionId("ses_" + ulid()), schemas::sha256(who->token)}},
        [this, who, mailed](bool done) {
          if (!done && !finishing_) return verify(who, mailed);
          customers_.push_back(who);
          rest(who);
        });
  });
}

void Customers::rest(const Who& who) {
  if (steps_left_ == 0 || who->left) return;
  world_.agenda().later(world_.chance().between(core::Duration(0), core::Duration(thinks_at_most)),
                        [this, who] { act(who); });
}

// Does one thing, and goes on while it is answered: customers do several things at once.
void Customers::act(const Who& who) {
  if (steps_left_ == 0 || who->left) return;
  --steps_left_;
  rest(who);
  const Habits& habits = world_.weather().habits;
  struct Choice {
    double weight;
    std::function<void()> act;
  };
  const std::vector<Choice> choices{
      {habits.quote, [&] { quote(who); }},
      {habits.submit, [&] { submit(who); }},
      {habits.accept, [&] { accept(who, false); }},
      {habits.accept_again, [&] { accept(who, true); }},
      {habits.submit_again, [&] { submit_again(who, false); }},
      {habits.submit_other, [&] { submit_again(who, true); }},
      {habits.race, [&] { race(who); }},
      {habits.cancel, [&] { cancel(who); }},
      {habits.retry, [&] { retry(who); }},
      {habits.look, [&] { look(who); }},
      {habits.pry, [&] { pry(who); }},
      {habits.judge, [&] { judge(who); }},
      {habits.buy, [&] { buy(who); }},
      {habits.pay, [&] { pay(who); }},
      {habits.refund, [&] { refund(who); }},
      {habits.dispute, [&] { dispute(who); }},
      {habits.grant, [&] { grant(who); }},
      {habits.leave, [&] { leave(who); }},
      {habits.order, [&] { order(who); }},
  };
  double sum = 0;
  for (const Choice& choice : choices) sum += choice.weight;
  double left = sum * static_cast<double>(world_.chance().between(0, 999'999)) / 1e6;
  for (const Choice& choice : choices) {
    if ((left -= choice.weight) < 0) return choice.act();
  }
}

// --- work -----------------------------------------------------------------------------------------------------------

std::string Customers::manifest(const Who& who) {
  Chance& chance = world_.chance();
  std::string header;
  if (chance.happens(0.5))
    header += R"("webhook":{"url":"https://hooks.test/)" + who->org.value() +
              R"(","secret":"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},)";
  const auto from_now = [](core::Duration delay) {
    return schemas::to_rfc3339(std::chrono::floor<std::chrono::seconds>(simulated_now() + delay));
  };
  if (chance.happens(0.3)) {
    header += R"("deadline":")" + from_now(chance.between(core::Duration(90s), core::Duration(6h))) + R"(",)";
    if (chance.happens(0.3))
      header += R"("run_after":")" + from_now(chance.between(core::Duration(1s), core::Duration(70s))) + R"(",)";
  } else if (chance.happens(0.1)) {
    header += R"("run_after":")" + from_now(chance.between(core::Duration(1s), core::Duration(1h))) + R"(",)";
  }
  if (chance.happens(0.2)) header += R"("dedupe":true,)";
  std::string items;
  const std::uint64_t count = chance.happens(0.1) ? chance.between(8, 20) : chance.between(1, 7);
  for (std::uint64_t i = 0; i < count; ++i)
    items += std::string(i == 0 ? "" : ",") + R"({"customer_item_id":"item_)" + std::to_string(i) +
             R"(","operation":"responses","model":")" + (chance.happens(0.8) ? "small" : "tiny") +
             R"(","input":{"input":"Say )" + std::to_string(chance.between(0, 9)) + R"(.","max_output_tokens":)" +
             std::to_string(chance.between(1, 200)) + "}}";
  return "{" + header + R"("items":[)" + items + "]}";
}

void Customers::quote(const Who& who) {
  call(who, {Method::post, "/v1/quotes/model", {}, {}, manifest(who)}, [who](const Reply& reply) {
    if (reply.status == 201) who->quotes.push_back(text_at(reply.body, "/quote_id"));
  });
}

void Customers::told_of_batch(const Who& who, const Reply& reply) {
  if (reply.status != 201) return;
  const std::string batch = text_at(reply.body, "/id");
  if (std::find(who->batches.begin(), who->batches.end(), batch) == who->batches.end()) who->batches.push_back(batch);
}

Call Customers::under_new_key(Call call) {
  call.headers.set("Idempotency-Key", "key-" + std::to_string(++names_));
  return call;
}

// What is to be sent, now or once more; answers where in `submissions` it stands.
std::size_t Customers::new_submission(const Who& who) {
  who->submissions.push_back({under_new_key({Method::post, "/v1/batches", {}, {}, manifest(who)}), {}});
  return who->submissions.size() - 1;
}

// However often it is sent, it is one batch.
void Customers::send(const Who& who, std::size_t submission) {
  call(who, who->submissions[submission].call, [this, who, submission](const Reply& reply) {
    if (reply.status != 201) {
      if (text_at(reply.body, "/error/code") == "idempotency_conflict")
        world_.oracle().fail(20, "a request is taken for another one: " + reply.body);
      return;
    }
    told_of_batch(who, reply);
    const std::string batch = text_at(reply.body, "/id");
    std::string& first = who->submissions[submission].batch;
    if (first.empty()) first = batch;
    if (first != batch) world_.oracle().fail(20, "one request made both " + first + " and " + batch);
  });
}

void Customers::submit(const Who& who) {
  send(who, new_submission(who));
}

void Customers::accept(const Who& who, bool again) {
  std::vector<std::string>& quotes = again ? who->consumed : who->quotes;
  if (quotes.empty()) return;
  const std::string quote = world_.chance().one_of(quotes);
  Call request = under_new_key({Method::post, "/v1/batches", {}, {}, R"({"quote_id":")" + quote + R"("})"});
  call(who, std::move(request), [this, who, quote, again](const Reply& reply) {
    told_of_batch(who, reply);
    if (reply.status != 201) return;
    if (again) return world_.oracle().fail(8, "quote " + quote + " was accepted twice");
    std::erase(who->quotes, quote);
    who->consumed.push_back(quote);
  });
}

void Customers::submit_again(const Who& who, bool other) {
  if (who->submissions.empty()) return;
  const std::size_t submission = world_.chance().between(0, who->submissions.size() - 1);
  if (!other) return send(who, submission);
  Call request = who->submissions[submission].call;
  request.body = R"({"quote_id":"qlock_)" + ulid() + R"("})";
  call(who, std::move(request), [this](const Reply& reply) {
    if (reply.status == 201) world_.oracle().fail(20, "another request under a used key is answered with a batch");
  });
}

void Customers::race(const Who& who) {
  const std::size_t submission = new_submission(who);
  const std::uint64_t count = world_.chance().between(2, 5);
  for (std::uint64_t i = 0; i < count; ++i) send(who, submission);
}

void Customers::cancel(const Who& who) {
  if (who->batches.empty()) return;
  const std::string batch = world_.chance().happens(0.5) ? who->batches.back() : world_.chance().one_of(who->batches);
  call(who, {Method::post, "/v1/batches/" + batch + "/cancel"}, [](const Reply&) {});
}

void Customers::retry(const Who& who) {
  if (who->batches.empty()) return;
  Call request = under_new_key({Method::post, "/v1/batches/" + world_.chance().one_of(who->batches) + "/retry"});
  call(who, std::move(request), [this, who](const Reply& reply) { told_of_batch(who, reply); });
}

void Customers::judge(const Who& who) {
  if (who->batches.empty()) return;
  call(who,
       {Method::put,
        "/v1/batches/" + world_.chance().one_of(who->batches) + "/feedback",
        {},
        {},
        R"({"quality_score":0.5,"outcome":"accepted"})"},
       [](const Reply&) {});
}

// --- looking --------------------------------------------------------------------------------------------------------

void Customers::look(const Who& who) {
  Chance& chance = world_.chance();
  std::string path = "/v1/billing/credits";
  api::http::Parameters query;
  if (!who->quotes.empty() && chance.happens(0.2)) {
    path = "/v1/quotes/" + chance.one_of(who->quotes);
  } else if (!who->bought.empty() && chance.happens(0.2)) {
    path = "/v1/billing/checkout-sessions/" + chance.one_of(who->bought).checkout.value();
  } else if (!who->batches.empty() && chance.happens(0.7)) {
    path = "/v1/batches/" + chance.one_of(who->batches);
    if (chance.happens(0.5)) {
      path += "/results";
      query = {{"limit", "2"}, {"partial", "true"}};
    }
  }
  call(who, {Method::get, path, query}, [this, who, path](const Reply& reply) {
    // Who was replaced and has not heard of it yet knows nothing of what is new: the oracle sees whether that is so.
    if (reply.status != 200 && reply.status != 401 && reply.status != 404 && reply.status != 409)
      world_.oracle().fail(24, path + " answers " + std::to_string(reply.status) + " " + reply.body);
    const std::string cursor = text_at(reply.body, "/next_cursor");
    if (path.ends_with("/results") && !cursor.empty()) who->cursors.push_back(cursor);
  });
}

// What belongs to others is answered as what there is not.
void Customers::pry(const Who& who) {
  Chance& chance = world_.chance();
  const Who& other = chance.one_of(customers_);
  if (other == who || other->batches.empty()) return;
  if (!who->batches.empty() && !other->cursors.empty() && chance.happens(0.5)) {
    const std::string path = "/v1/batches/" + chance.one_of(who->batches) + "/results";
    const api::http::Parameters query = {{"partial", "true"}, {"cursor", chance.one_of(other->cursors)}};
    return call(who, {Method::get, path, query}, [this, path](const Reply& reply) {
      if (reply.status == 200) world_.oracle().fail(23, path + " takes the cursor of another org");
    });
  }
  static const char* const tails[] = {"", "/results", "/cancel", "/feedback", "/route-receipt", "/artifact-url"};
  const std::string tail = chance.one_of(tails);
  const std::string foreign = chance.one_of(other->batches);
  const std::string unknown = "bat_" + ulid();
  const auto ask = [&](const std::string& batch, Then then) {
    api::http::Parameters query;
    if (tail == "/artifact-url") query = {{"kind", "output"}};
    call(who, {tail == "/cancel" ? Method::post : Method::get, "/v1/batches/" + batch + tail, query}, std::move(then));
  };
  const auto first = std::make_shared<std::optional<Reply>>();
  const auto compare = [this, first, tail, foreign, unknown](Reply reply) {
    for (const std::string& id : {foreign, unknown}) {
      for (std::size_t at; (at = reply.body.find(id)) != std::string::npos;) reply.body.replace(at, id.size(), "bat_");
    }
    if (!first->has_value()) {
      *first = reply;
    } else if ((*first)->status != reply.status || (*first)->body != reply.body) {
      if ((*first)->status == 401 || reply.status == 401) return;  // left meanwhile
      world_.oracle().fail(
          23, "a foreign batch is told from an unknown one at " + tail + ": " + (*first)->body + " and " + reply.body);
    }
  };
  ask(foreign, compare);
  ask(unknown, compare);
}

void Customers::fetch(const Who& who, const std::string& batch, const std::string& kind,
                      std::function<void(std::string)> then) {
  call(who, {Method::get, "/v1/batches/" + batch + "/artifact-url", {{"kind", kind}}},
       [this, who, batch, kind, then = std::move(then)](const Reply& reply) {
         if (reply.status == 409) {  // who is asked has not read so far yet
           ++waiting_;
           return world_.agenda().later(1s, [this, who, batch, kind, then] {
             --waiting_;
             fetch(who, batch, kind, then);
           });
         }
         const std::string url = text_at(reply.body, "/url");
         const std::size_t path = url.find("/v1/"), query = url.find('?'), next = url.find('&');
         if (reply.status != 200 || next == std::string::npos)
           return world_.oracle().fail(14, "no link to an artifact: " + reply.body);
         const std::size_t expires = query + std::string("?expires=").size();
         const std::size_t signature = next + std::string("&signature=").size();
         call(who,
              {Method::get,
               url.substr(path, query - path),
               {{"expires", url.substr(expires, next - expires)}, {"signature", url.substr(signature)}}},
              [this, who, batch, kind, then](const Reply& file) {
                if (file.status == 403) return fetch(who, batch, kind, then);  // the link has expired on the way
                if (file.status != 200) return world_.oracle().fail(14, "an artifact cannot be read: " + file.body);
                then(file.body);
              });
       });
}

void Customers::download() {
  for (const Who& who : customers_) {
    if (who->left) continue;
    for (const std::string& batch : who->batches) {
      const auto all = std::make_shared<Downloads>();
      fetch(who, batch, "output", [this, who, batch, all](std::string output) {
        all->output = std::move(output);
        fetch(who, batch, "error", [this, who, batch, all](std::string error) {
          all->error = std::move(error);
          fetch(who, batch, "receipt", [this, batch, all](std::string receipt) {
            all->receipt = std::move(receipt);
            world_.oracle().downloaded(core::BatchId(batch), *all);
          });
        });
      });
    }
  }
}

// --- money ----------------------------------------------------------------------------------------------------------

void Customers::buy(const Who& who) {
  Call request = under_new_key({Method::post, "/v1/billing/checkout-sessions", {}, {}, R"({"pack_code":"credit_10"})"});
  call(who, std::move(request), [who](const Reply& reply) {
    if (reply.status == 201) who->bought.push_back({core::CheckoutId(text_at(reply.body, "/id"))});
  });
}

// Until it is taken; and now and then once more.
void Customers::tell_of_payment(const std::string& event) {
  Call request{Method::post, "/v1/webhooks/stripe", {}, {}, event};
  request.headers.set("Authorization", "none");
  request.headers.set("Stripe-Signature", Payments::sign(event));
  request.headers.set("Content-Type", "application/json; charset=utf-8");
  call(nullptr, std::move(request), [this, event](const Reply& reply) {
    const bool again = reply.status != 200 && !finishing_;
    if (again || world_.chance().happens(0.2))
      world_.agenda().later(world_.chance().between(core::Duration(0), core::Duration(10min)),
                            [this, event] { tell_of_payment(event); });
  });
}

void Customers::pay(const Who& who) {
  if (who->bought.empty()) return;
  Customer::Bought& bought = world_.chance().one_of(who->bought);
  Payments& payments = world_.payments();
  if (payments.find(bought.checkout) == nullptr) return;
  if (!bought.paid && world_.chance().happens(0.1)) return tell_of_payment(payments.expired(bought.checkout));
  bought.paid = true;
  tell_of_payment(payments.paid(bought.checkout, false));
  if (world_.chance().happens(0.3)) tell_of_payment(payments.paid(bought.checkout, true));
}

void Customers::refund(const Who& who) {
  if (who->bought.empty()) return;
  Customer::Bought& bought = world_.chance().one_of(who->bought);
  Payments::Session* session = world_.payments().find(bought.checkout);
  if (session == nullptr || !bought.paid || session->refunded == session->amount) return;
  session->refunded = world_.chance().happens(0.5)
                          ? session->amount
                          : std::min(session->amount, session->refunded + core::Money::from_cents(100));
  tell_of_payment(world_.payments().refunded(bought.checkout));
}

void Customers::dispute(const Who& who) {
  if (who->bought.empty()) return;
  Customer::Bought& bought = world_.chance().one_of(who->bought);
  const Payments::Session* session = world_.payments().find(bought.checkout);
  if (session == nullptr || !bought.paid) return;
  tell_of_payment(world_.payments().disputed(bought.checkout, session->amount, world_.chance().happens(0.3)));
}

void Customers::grant(const Who& who) {
  const std::string name = "by_hand_" + std::to_string(++names_);
  command(core::aggregate_of(who->org),
          core::ledger::GrantCredits{
              who->org, name, core::Money::from_nanos(static_cast<std::int64_t>(world_.chance().between(1, 5'000'000))),
              "goodwill", "ann"},
          [](bool) {});
}

void Customers::leave(const Who& who) {
  command(core::aggregate_of(who->org), core::identity::EraseOrg{who->org, "ann", "asked for it"},
          [who](bool done) { who->left = done; });
}

// Another system of theirs, which may send the same twice, and what nobody can read.
void Customers::order(const Who& who) {
  Chance& chance = world_.chance();
  if (who->batches.empty()) return;
  const core::AggregateKey aggregate = core::aggregate_of(who->org);
  const core::Partition own = core::partition_of(aggregate, world_.partition_count());
  std::string value = R"({"specversion":"1.0","id":"order-)" + std::to_string(++names_) +
                      R"(","source":"/crm","type":"batchrouter.batch.cancel.v1","subject":")" + aggregate.value() +
                      R"(","data":{"org":")" + who->org.value() + R"(","batch":")" + chance.one_of(who->batches) +
                      R"("}})";
  if (chance.happens(0.1)) value.resize(chance.between(0, value.size()));
  world_.commands().append(own, value);
  if (chance.happens(0.3)) world_.commands().append(own, value);
}

}  // namespace simulation
