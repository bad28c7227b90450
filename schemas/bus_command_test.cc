// Commands from other systems. Broken: they would be carried out for the wrong customer, or say what only we may say.
#include "schemas/bus_command.h"

#include <gtest/gtest.h>

#include <string>

namespace schemas {
namespace {

std::string event(const std::string& type, const std::string& subject, const std::string& data) {
  return R"({"specversion":"1.0","id":"crm-1","source":"/crm","type":")" + type + R"(","subject":")" + subject +
         R"(","data":)" + data + "}";
}

std::string fault(const std::string& text) {
  const auto decoded = decode_bus_command(text);
  return decoded.has_error() ? decoded.error().param : "taken";
}

TEST(BusCommand, IsDecodedWithIdAndAggregate) {
  const auto decoded = decode_bus_command(event("batchrouter.ledger.grant_credits.v1", "org:org_1",
                                                R"({"org":"org_1","grant":"welcome","amount":5000000000})"));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().param << decoded.error().detail;
  EXPECT_EQ(decoded->id, core::CommandId("crm-1"));
  EXPECT_EQ(decoded->aggregate, core::AggregateKey("org:org_1"));
  const auto& grant = std::get<core::ledger::GrantCredits>(decoded->command);
  EXPECT_EQ(grant.grant, "welcome");
  EXPECT_EQ(grant.amount, core::Money::from_cents(5'00));
}

TEST(BusCommand, WhatIsWrongIsNamed) {
  const std::string cancel = "batchrouter.batch.cancel.v1";
  const std::string data = R"({"org":"org_1","batch":"bat_1"})";
  EXPECT_EQ(fault(event(cancel, "org:org_1", data)), "taken");
  EXPECT_EQ(decode_bus_command("[").error().code, core::ErrorCode::malformed_json);
  EXPECT_EQ(decode_bus_command("[]").error().code, core::ErrorCode::malformed_json);
  EXPECT_EQ(fault("{}"), "/specversion");
  EXPECT_EQ(fault(R"({"specversion":"1.0"})"), "/id");
  EXPECT_EQ(fault(event("batchrouter.batch.cancel.v2", "org:org_1", data)), "/type");
  EXPECT_EQ(fault(event("batchrouter.v1", "org:org_1", data)), "/type");
  EXPECT_EQ(fault(event("batchrouter.batch.explode.v1", "org:org_1", data)), "/type");
  EXPECT_EQ(fault(event(cancel, "org:org_1", "[]")), "/data");
  EXPECT_EQ(fault(event(cancel, "org:org_1", R"({"org":"org_1","batch":7})")), "/data/batch");
  EXPECT_EQ(fault(event(cancel, "org:org_1", R"({"org":"org_1"})")), "/data/batch");
  EXPECT_EQ(fault(event(cancel, "org:org_2", data)), "/subject") << "a command for another customer's partition";
  EXPECT_EQ(fault(event("batchrouter.effect.complete.v1", "org:org_1", R"({"effect":"plan/bat_1"})")), "/type");
  EXPECT_EQ(fault(event("batchrouter.batch.expire.v1", "org:org_1", data)), "/type");
}

}  // namespace
}  // namespace schemas
