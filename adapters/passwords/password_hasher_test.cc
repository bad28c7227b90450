#include "adapters/passwords/password_hasher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

namespace adapters::passwords {
namespace {

using core::ErrorCode;
using core::Secret;

TEST(Passwords, OnlyTheRightPasswordVerifies) {
  const std::string hashed = *hash(Secret("correct horse"));
  EXPECT_TRUE(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hashed;
  EXPECT_TRUE(verify(hashed, Secret("correct horse")));
  EXPECT_FALSE(verify(hashed, Secret("correct horsf")));
  EXPECT_FALSE(verify(hashed, Secret("")));
  EXPECT_NE(hashed, *hash(Secret("correct horse")));
}

TEST(Passwords, WhatIsNoHashVerifiesNothing) {
  for (const std::string& text : {std::string(), std::string("$argon2id$"), std::string(1000, 'x')}) {
    EXPECT_FALSE(verify(text, Secret("")));
    EXPECT_TRUE(needs_rehash(text));
  }
}

TEST(Passwords, OnlyHashesOfOtherParametersNeedRehash) {
  EXPECT_FALSE(needs_rehash(*hash(Secret("x"))));
  EXPECT_TRUE(
      needs_rehash("$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                   "5vqL2mbdmVnmHqHUoA1vtdqFqlKnXwAvGGkhYVSVVgA"));
}

TEST(Passwords, LongOnesAreRefused) {
  EXPECT_TRUE(hash(Secret(std::string(password_bytes_max, 'x'))));
  EXPECT_EQ(hash(Secret(std::string(password_bytes_max + 1, 'x'))).error().code, ErrorCode::invalid_request);
}

TEST(PasswordHasher, HashesAndVerifiesOnItsThreads) {
  PasswordHasher hasher;
  std::promise<core::Result<std::string>> hashed;
  hasher.hash_async(Secret("pass"), [&](auto result) { hashed.set_value(std::move(result)); });
  const std::string text = *hashed.get_future().get();

  const auto verified = [&](std::optional<std::string> stored, const char* password) {
    std::promise<core::Result<bool>> answer;
    hasher.verify_async(std::move(stored), Secret(password), [&](auto result) { answer.set_value(result); });
    return *answer.get_future().get();
  };
  EXPECT_TRUE(verified(text, "pass"));
  EXPECT_FALSE(verified(text, "other"));
  EXPECT_FALSE(verified(std::nullopt, "pass"));
  EXPECT_FALSE(verified(std::nullopt, "nobody's"));
}

// If this failed, a stranger could take all memory and processors with logins.
TEST(PasswordHasher, RefusesMoreThanMayWaitAndFinishesWhatItAccepted) {
  constexpr std::size_t accepted = PasswordHasher::threads + PasswordHasher::waiting_max;
  std::latch open(1);
  std::atomic<std::size_t> finished = 0;
  {
    PasswordHasher hasher;
    for (std::size_t job = 0; job < accepted; ++job) {
      hasher.verify_async("no hash", Secret("x"), [&](core::Result<bool> result) {
        open.wait();
        finished += result.has_value();
      });
    }
    std::optional<ErrorCode> refused;
    hasher.verify_async(std::nullopt, Secret("x"), [&](core::Result<bool> result) { refused = result.error().code; });
    EXPECT_EQ(refused, ErrorCode::too_many_requests);
    refused.reset();
    hasher.hash_async(Secret("x"), [&](core::Result<std::string> result) { refused = result.error().code; });
    EXPECT_EQ(refused, ErrorCode::too_many_requests);
    open.count_down();
  }
  EXPECT_EQ(finished, accepted);
}

}  // namespace
}  // namespace adapters::passwords
