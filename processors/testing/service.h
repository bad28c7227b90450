// The processors of one process over fakes, wired as the daemon wires them, in the thread of the test.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "processors/effects.h"
#include "processors/intake/intake.h"
#include "processors/node.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_journal.h"
#include "processors/testing/fake_lane.h"
#include "processors/testing/fake_outbound.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"
#include "processors/testing/run_until.h"
#include "schemas/profile.h"

namespace processors::testing {

inline const core::ProviderId lab("lab");

// One provider selling "small" and "tiny" (with little context) in both modes, batch at half price, and "vectors".
inline core::Catalog sample_catalog() {
  const auto prices = [](std::int64_t input, std::int64_t output) {
    return core::Prices{core::TokenPrice::from_picos(input), core::TokenPrice::from_picos(input / 10),
                        core::TokenPrice::from_picos(output)};
  };
  const std::vector<core::Operation> chat{core::Operation::responses, core::Operation::chat_completions,
                                          core::Operation::messages};
  const core::ModelSlug small("small"), tiny("tiny"), vectors("vectors");
  return core::Catalog("sample", {{lab, "Lab", 0.9, false}},
                       {{small, "Small", lab, chat, 100'000, 4'096, 0.5},
                        {tiny, "Tiny", lab, chat, 2'000, 1'000, 0.2},
                        {vectors, "Vectors", lab, {core::Operation::embeddings}, 8'000, 0, 0.5}},
                       {{lab, small, core::Mode::sync, prices(1'000'000, 4'000'000), {}, {"us"}, {}},
                        {lab, small, core::Mode::batch, prices(500'000, 2'000'000), {}, {"us"}, {}},
                        {lab, tiny, core::Mode::sync, prices(100'000, 400'000), {}, {"us"}, {}},
                        {lab, vectors, core::Mode::sync, prices(20'000, 0), {}, {"us"}, {}}});
}

// {header…, "items": [item_0, item_1, …]} of model "small".
inline std::string manifest_of(std::uint32_t item_count, const std::string& header = "") {
  std::string text = "{" + header + (header.empty() ? "" : ",") + "\"items\":[";
  for (std::uint32_t i = 0; i < item_count; ++i)
    text += (i == 0 ? "" : ",") + std::string(R"({"customer_item_id":"item_)") + std::to_string(i) +
            R"(","operation":"responses","model":"small","input":{"input":"Say )" + std::to_string(i) +
            R"(.","max_output_tokens":100}})";
  return text + "]}";
}

// What outlives a process.
struct World {
  FakeJournal journal;
  FakeStore store;
  FakeBlobs blobs;
  FakeVault vault;
  ManualClock clock;
  NullMetrics metrics;
  NullLog log;
  const core::Catalog catalog = sample_catalog();
  core::Policy policy;

  std::unique_ptr<Spool> spool(const std::string& text) {
    auto spool = std::move(*blobs.create_spool());
    EXPECT_TRUE(spool->append(text).has_value());
    return spool;
  }
};

inline const core::OrgId lab_customer("org_00000000000000000000000001");

// Hands commands on, unless it is told to lose some.
class FakeBus final : public CommandBus {
 public:
  explicit FakeBus(CommandBus& next) : next_(next) {}

  void submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) override {
    ids.push_back(id.value());
    if (refusals_ > 0) {
      --refusals_;
      return answered(core::Error{refusal_, "not now"});
    }
    next_.submit(std::move(aggregate), std::move(id), std::move(command), std::move(answered));
  }

  void refuse_next(int count, core::ErrorCode code) {
    refusals_ = count;
    refusal_ = code;
  }

  std::vector<std::string> ids;  // of all commands, in order

 private:
  CommandBus& next_;
  int refusals_ = 0;
  core::ErrorCode refusal_ = core::ErrorCode::overloaded;
};

// One life of the process. Destroyed, it is gone as in a crash: nothing is finished or awaited.
class Service {
 public:
  explicit Service(World& world, std::uint32_t items_per_unit = 4)
      : intake(world.blobs, world.catalog, {{lab, core::Mode::sync, true}, {lab, core::Mode::batch, true}},
               intake_settings(items_per_unit)),
        reader(world.store, 1),
        lane(lab),
        node(context.get_executor(), context.get_executor(), {1, "test", world.policy, world.clock.reader()},
             {world.journal, world.store, effects, world.metrics, world.log}),
        bus(node),
        planner(context.get_executor(), world.blobs, reader, bus, world.log),
        dispatcher(context.get_executor(), dispatch_settings(world),
                   {world.catalog, {&lane}, world.blobs, reader, bus, world.clock.reader(), world.metrics, world.log}),
        delivery(context.get_executor(),
                 {reader, bus, world.vault, mail, webhooks, FileLinks(world.vault, "https://router.test"),
                  "https://router.test", std::chrono::hours(96), world.clock.reader(), world.metrics, world.log}),
        collector(context.get_executor(), {world.blobs, reader, bus, world.log}),
        eraser(context.get_executor(), {world.blobs, world.vault, reader, bus, world.log}),
        world_(world) {
    effects.attach(planner, dispatcher, delivery, collector, eraser, bus);
    bool settled = false;
    node.when_settled([&] { settled = true; });
    node.own_all();
    run_until([&] { return settled; });
    EXPECT_TRUE(node.halted().empty());
  }

  void run_until(const std::function<bool()>& so) { testing::run_until(context, so); }
  // Until nothing is left to do but to wait.
  void settle() {
    context.restart();
    context.poll();
  }

  core::Result<Answer> carry_out(core::Command command) {
    std::optional<core::Result<Answer>> answer;
    node.submit(core::aggregate_of(lab_customer), core::CommandId("test"), std::move(command),
                [&](core::Result<Answer> result) { answer = std::move(result); });
    run_until([&] { return answer.has_value(); });
    return answer ? *answer : core::Error{core::ErrorCode::internal, "no answer"};
  }

  // An org with 25 USD.
  void open_account() {
    const core::Sealed profile =
        *world_.vault.seal(lab_customer, schemas::encode_profile({"Ann", "Acme", "ann@acme.test", "hash"}));
    const core::Sealed token = *world_.vault.seal(lab_customer, "obv_token");
    ASSERT_TRUE(carry_out(core::identity::CreateOrg{
        lab_customer, core::UserId("usr_1"), {}, core::Digest("email"), profile, {core::Digest("token"), token}}));
    ASSERT_TRUE(carry_out(core::identity::VerifyEmail{
        lab_customer, core::Digest("token"), {core::SessionId("ses_1"), core::Digest("session")}}));
  }

  core::Result<PlannedManifest> plan(const std::string& manifest) {
    const auto received = intake.receive(*world_.spool(manifest), schemas::manifest::Format::json);
    if (received.has_error()) return received.error();
    terms = core::quote::terms_of(received->summary.header);
    return intake.plan(*received, world_.clock.now());
  }

  // Quoted and submitted.
  core::BatchId submit(const std::string& manifest, std::optional<core::Sealed> webhook = {}) {
    const core::Result<PlannedManifest> planned = plan(manifest);
    EXPECT_TRUE(planned.has_value() && planned->fault_count == 0);
    core::quote::LockQuote lock;
    lock.org = lab_customer;
    lock.quote = core::QuoteId("qlock_1");
    lock.terms = terms;
    lock.plan = planned->plan;
    lock.catalog_version = "sample";
    lock.webhook = std::move(webhook);
    EXPECT_TRUE(carry_out(lock).has_value());
    core::batch::SubmitBatch submit;
    submit.org = lab_customer;
    submit.batch = core::BatchId("bat_00000000000000000000000002");
    submit.quote = lock.quote;
    EXPECT_TRUE(carry_out(submit).has_value());
    return submit.batch;
  }

  core::batch::Batch batch(const core::BatchId& id) const {
    return reader.find<core::batch::Batch>(core::aggregate_of(lab_customer), {lab_customer, id})->value();
  }
  core::batch::Unit unit(const core::BatchId& id, std::uint32_t index) const {
    return reader.find<core::batch::Unit>(core::aggregate_of(lab_customer), {lab_customer, id, core::UnitIndex(index)})
        ->value();
  }
  core::batch::Batch run_to_the_end(const core::BatchId& id) {
    run_until([&] { return core::batch::terminal(batch(id).phase); });
    settle();
    return batch(id);
  }
  bool outstanding(const core::Effect& effect) const {
    return reader.find<core::Outstanding>(core::aggregate_of(lab_customer), {core::key_of(effect)})->has_value();
  }

  // Members in the order they are made; the executor outlives what runs on it.
  boost::asio::io_context context;
  const Intake intake;
  const StateReader reader;
  FakeLane lane;
  FakeMail mail;
  FakeWebhookSender webhooks;
  Effects effects;
  Node node;
  const TermPointer term = std::make_shared<Term>(core::Partition(0), core::Epoch(1));  // for effects started by hand
  FakeBus bus;
  Planner planner;
  Dispatcher dispatcher;
  Delivery delivery;
  Collector collector;
  Eraser eraser;
  core::quote::Terms terms;  // of the manifest planned last

 private:
  static Intake::Settings intake_settings(std::uint32_t items_per_unit) {
    Intake::Settings settings;
    settings.items_per_unit = items_per_unit;
    settings.unit_bytes_max = 64u << 20;
    settings.owner = lab_customer;
    return settings;
  }
  static Dispatcher::Settings dispatch_settings(const World& world) {
    Dispatcher::Settings settings;
    settings.units_in_flight_max = 16;
    settings.attempts_max = world.policy.unit_attempts_max;
    settings.retry_delay = std::chrono::milliseconds(1);
    return settings;
  }

  World& world_;
};

}  // namespace processors::testing
